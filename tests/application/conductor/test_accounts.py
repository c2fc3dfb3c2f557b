"""Accounts: who gets in, who is put out, what is written down."""

from pathlib import Path

import pytest

from musearoo.conductor.accounts import Login
from musearoo.domain.errors import (
    Conflict,
    InvalidValue,
    NotFound,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from musearoo.domain.ids import ProjectId
from musearoo.domain.permissions import Tier
from tests.doubles.clock import SteppedClock
from tests.doubles.house import ORIGIN, PASSWORD, House, house
from tests.waiting import until


async def registered(place: House, name: str = "ada") -> Login:
    return await place.conductor.accounts.register(f"{name}@example.org", name, PASSWORD, ORIGIN)


async def audited(place: House) -> list[tuple[str, str]]:
    lines = await place.world.store.read(lambda tx: tx.audit.latest(50))
    return [(line.action, line.result) for line in lines]


class TestRegister:
    async def test_address_and_name_are_taken_once_whatever_their_case(
        self, tmp_path: Path
    ) -> None:
        """ADA@example.org is ada@example.org."""
        async with house(tmp_path) as place:
            await registered(place)
            for email, name in (("ADA@Example.org", "other"), ("new@example.org", "Ada")):
                with pytest.raises(Conflict):
                    await place.conductor.accounts.register(email, name, PASSWORD, ORIGIN)

    @pytest.mark.parametrize(
        ("email", "name", "password"),
        [
            ("no-at-sign", "ada", PASSWORD),
            ("a b@example.org", "ada", PASSWORD),
            ("a@example.org", "x", PASSWORD),
            ("a@example.org", "a@b", PASSWORD),
            ("a@example.org", "ada", "short"),
            ("a@example.org", "ada", "password1234"),
        ],
    )
    async def test_bad_values_are_refused(
        self, tmp_path: Path, email: str, name: str, password: str
    ) -> None:
        """Each with what would be right, and no account."""
        async with house(tmp_path) as place:
            with pytest.raises(InvalidValue):
                await place.conductor.accounts.register(email, name, password, ORIGIN)
            found = await place.world.store.read(lambda tx: tx.accounts.find_by_email(email))
            assert found is None


class TestLogin:
    async def test_wrong_password_and_unknown_address_look_the_same(self, tmp_path: Path) -> None:
        """Nobody learns which addresses have accounts; both are audited."""
        async with house(tmp_path) as place:
            await registered(place)
            details = []
            for email in ("ada@example.org", "eve@example.org"):
                with pytest.raises(Unauthenticated) as refusal:
                    await place.conductor.accounts.login(
                        email, "not the phrase", remember_me=False, origin=ORIGIN
                    )
                details.append(refusal.value.detail)
            assert details[0] == details[1]
            assert (await audited(place))[:2] == [("account.login", "refused")] * 2

    async def test_guessing_is_slowed_down(self, tmp_path: Path) -> None:
        """A stream of guesses on one account is refused before the password is looked at."""
        clock = SteppedClock()
        async with house(tmp_path, clock=clock) as place:
            await registered(place)
            refused = [type(await _guess(place)) for _ in range(12)]
            assert refused == [Unauthenticated] * 10 + [TooManyRequests] * 2
            await clock.advance(3.0)
            assert [type(await _guess(place)) for _ in range(2)] == [
                Unauthenticated,
                TooManyRequests,
            ]


class TestRefresh:
    async def test_rotation_and_replay(self, tmp_path: Path) -> None:
        """Each secret works once; an old one coming back ends the login for both."""
        async with house(tmp_path) as place:
            accounts, gate = place.conductor.accounts, place.conductor.gate
            first = await registered(place)
            second = await accounts.refresh(first.refresh_token, origin=ORIGIN)
            third = await accounts.refresh(second.refresh_token, origin=ORIGIN)
            with pytest.raises(Unauthenticated, match="two places"):
                await accounts.refresh(first.refresh_token, origin=ORIGIN)
            for access in (first, second, third):
                with pytest.raises(Unauthenticated):
                    await gate.actor(access.access_token)
            with pytest.raises(Unauthenticated):
                await accounts.refresh(third.refresh_token, origin=ORIGIN)
            assert ("account.refresh_replay", "refused") in await audited(place)

            async def risen() -> bool:
                return ("threat.level", "ok") in await audited(place)

            await until(risen, "the threat level in the audit log")


class TestEnds:
    async def test_logout_ends_this_login_only(self, tmp_path: Path) -> None:
        """The other device stays logged in."""
        async with house(tmp_path) as place:
            accounts, gate = place.conductor.accounts, place.conductor.gate
            phone = await registered(place)
            laptop = await accounts.login(
                "ada@example.org", PASSWORD, remember_me=True, origin=ORIGIN
            )
            await accounts.logout(await gate.actor(phone.access_token), ORIGIN)
            with pytest.raises(Unauthenticated):
                await gate.actor(phone.access_token)
            actor = await gate.actor(laptop.access_token)
            assert len(await accounts.logins(actor)) == 1

    async def test_a_stranger_cannot_end_my_login(self, tmp_path: Path) -> None:
        """Somebody else's login looks missing."""
        async with house(tmp_path) as place:
            await registered(place)
            ada = await place.conductor.gate.actor((await _again(place)).access_token)
            eve = await place.person("eve")
            with pytest.raises(NotFound):
                await place.conductor.accounts.end_login(eve, ada.family, ORIGIN)  # type: ignore[arg-type]

    async def test_deleting_an_account_takes_its_projects(self, tmp_path: Path) -> None:
        """Nothing is left but the audit lines."""
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            await place.conductor.accounts.delete(ada, ORIGIN)
            eve = await place.person("eve")
            with pytest.raises(NotFound):
                await place.conductor.projects.view(eve, ProjectId(project))
            assert ("account.delete", "ok") in await audited(place)


class TestReset:
    async def test_without_a_mailer_it_says_whom_to_ask(self, tmp_path: Path) -> None:
        """No mail can leave, so the answer is honest."""
        async with house(tmp_path) as place:
            with pytest.raises(Unavailable, match="person who runs"):
                await place.conductor.accounts.ask_reset("ada@example.org", ORIGIN)

    async def test_a_mailed_secret_sets_the_password_once(self, tmp_path: Path) -> None:
        """The link works once and ends every login."""
        async with house(tmp_path) as place:
            place.mailer.configured = True
            accounts = place.conductor.accounts
            await registered(place)
            await accounts.ask_reset("ada@example.org", ORIGIN)
            secret = place.mailer.letters[-1].text.partition("#reset=")[2]
            fresh = "quite another long phrase"
            await accounts.reset(secret, fresh, ORIGIN)
            await accounts.login("ada@example.org", fresh, remember_me=False, origin=ORIGIN)
            with pytest.raises(NotFound):
                await accounts.reset(secret, "yet another long phrase", ORIGIN)


class TestTier:
    async def test_a_new_tier_counts_at_once(self, tmp_path: Path) -> None:
        """Quotas follow the tier without a new login."""
        async with house(tmp_path) as place:
            login = await registered(place)
            gate = place.conductor.gate
            assert (await gate.actor(login.access_token)).tier is Tier.FREE
            await place.conductor.accounts.set_tier("ada@example.org", Tier.PRO, ORIGIN)
            actor = await gate.actor(login.access_token)
            assert place.conductor.generation.windows(actor)[0].quota == 20


async def _again(place: House) -> Login:
    return await place.conductor.accounts.login(
        "ada@example.org", PASSWORD, remember_me=False, origin=ORIGIN
    )


async def _guess(place: House) -> Exception:
    with pytest.raises((Unauthenticated, TooManyRequests)) as refusal:
        await place.conductor.accounts.login(
            "ada@example.org", "guess", remember_me=False, origin=ORIGIN
        )
    return refusal.value
