"""Accounts and logins."""

from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from musearoo.conductor.access import Gate
from musearoo.conductor.values import hash_secret
from musearoo.conductor.watch import Watch
from musearoo.conductor.world import World
from musearoo.domain.audit import audit_entry
from musearoo.domain.errors import InvalidValue, NotFound, Unauthenticated, Unavailable
from musearoo.domain.ids import FamilyId, UserId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Actor, Tier
from musearoo.domain.records import OneTimeToken, RefreshFamily, User
from musearoo.ports.security import NewLogin, Replay, Signal
from musearoo.ports.store import Transaction

LOCAL_OWNER: Final = "owner@localhost"
MAXIMUM_EMAIL: Final = 254
VERIFY_SECONDS: Final = 24 * 3600.0
RESET_SECONDS: Final = 3600.0
_LOGINS_PER_ACCOUNT: Final = 20.0
_LOGINS_PER_ADDRESS: Final = 100.0


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """What a successful login hands out. `expires_in` is seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_at: float
    user: User


class Accounts:
    """Registers people, lets them in and out, and keeps their profiles."""

    def __init__(self, world: World, gate: Gate) -> None:
        self._world = world
        self._gate = gate
        self._watch = Watch(world)

    async def register(self, email: str, username: str, password: str, origin: Origin) -> Login:
        """Make an account and log it in; raises `Conflict` when address or name is taken."""
        self._pace(f"register:{origin.source}", per_minute=10, burst=10)
        user = self._new_user(checked_email(email), checked_username(username))
        self._world.passwords.check(password, username=user.username, email=user.email)
        user = replace(user, password_hash=await self._world.passwords.hash(password))

        def store(tx: Transaction) -> NewLogin:
            tx.accounts.insert(user)
            return self._begin(tx, user, origin, remember_me=False, action="account.register")

        login = await self._world.store.write(store)
        await self._send_verification(user)
        return self._login(user, login)

    async def login(self, email: str, password: str, *, remember_me: bool, origin: Origin) -> Login:
        """Log in with a password; raises `Unauthenticated` whatever was wrong."""
        email_key = email.strip().casefold()
        self._pace(f"login:{origin.source}", per_minute=_LOGINS_PER_ADDRESS, burst=20)
        self._pace(f"login:{email_key}", per_minute=_LOGINS_PER_ACCOUNT, burst=10)
        user = await self._world.store.read(lambda tx: tx.accounts.find_by_email(email_key))
        hashed = user.password_hash if user is not None else None
        if not await self._world.passwords.verify(password, hashed) or user is None:
            await self._refused(user.id if user is not None else None, "account.login", origin)
            self._watch.note(Signal.FAILED_LOGIN, origin, about=hash_secret(email_key))
            raise Unauthenticated("The e-mail address or the password is not right.")
        found = user

        def store(tx: Transaction) -> NewLogin:
            return self._begin(tx, found, origin, remember_me=remember_me, action="account.login")

        return self._login(found, await self._world.store.write(store))

    async def login_local(self, origin: Origin) -> Login:
        """Log in the owner of this machine (the door has checked the one-time token)."""

        def store(tx: Transaction) -> tuple[User, NewLogin]:
            user = tx.accounts.find_by_email(LOCAL_OWNER) or self._local_owner(tx)
            return user, self._begin(tx, user, origin, remember_me=True, action="account.local")

        user, login = await self._world.store.write(store)
        return self._login(user, login)

    async def refresh(self, secret: str, *, origin: Origin) -> Login:
        """Trade a refresh token for the next; a replayed one ends its family."""
        now = self._world.clock.now()

        def store(tx: Transaction) -> NewLogin | Replay:
            result = self._world.chains.rotate(tx, secret, client=origin.client, now=now)
            if isinstance(result, Replay):
                line = audit_entry(
                    origin, result.user, "account.refresh_replay", result.family,
                    at=now, result="refused",
                )  # fmt: skip
                tx.audit.append(line)
            return result

        result = await self._world.store.write(store)
        if isinstance(result, Replay):
            self._watch.note(Signal.REFRESH_REPLAY, origin, subject=result.family)
            self._end([result.family])
            raise Unauthenticated(
                "This login was used from two places and has ended; log in again."
            )
        login = result
        user = await self._world.store.read(lambda tx: tx.accounts.get(login.user))
        if user is None:
            raise Unauthenticated("This account is gone.")
        return self._login(user, login)

    async def logout(self, actor: Actor, origin: Origin) -> None:
        """End the login that the actor uses."""
        await self.end_login(actor, FamilyId(actor.family), origin)

    async def logins(self, actor: Actor) -> list[RefreshFamily]:
        """The actor's live logins, newest first."""
        now = self._world.clock.now()
        families = await self._world.store.read(lambda tx: tx.accounts.families(actor.user))
        return [each for each in families if each.ended_at is None and each.expires_at > now]

    async def end_login(self, actor: Actor, family: FamilyId, origin: Origin) -> None:
        """End one of the actor's logins."""
        now = self._world.clock.now()

        def store(tx: Transaction) -> None:
            found = tx.accounts.family(family)
            if found is None or found.user != actor.user:
                raise NotFound("login")
            tx.accounts.end_family(family, now, "logout")
            tx.audit.append(audit_entry(origin, actor.user, "account.logout", family, at=now))

        await self._world.store.write(store)
        self._end([family])

    async def end_all_logins(self, actor: Actor, origin: Origin) -> None:
        """End every login of the actor."""
        now = self._world.clock.now()

        def store(tx: Transaction) -> list[FamilyId]:
            tx.audit.append(
                audit_entry(origin, actor.user, "account.logout_all", actor.user, at=now)
            )
            return tx.accounts.end_families(actor.user, now, "logout")

        self._end(await self._world.store.write(store))

    async def verify_email(self, secret: str) -> None:
        """Prove an address with the secret that was mailed there."""
        now = self._world.clock.now()

        def store(tx: Transaction) -> None:
            token = tx.accounts.use_one_time(hash_secret(secret), "verify", now)
            user = tx.accounts.get(token.user) if token is not None else None
            if user is None:
                raise NotFound("verification")
            tx.accounts.update(replace(user, email_verified=True))

        await self._world.store.write(store)

    async def ask_reset(self, email: str, origin: Origin) -> None:
        """Mail a reset link; the answer is the same whether the address has an account."""
        self._pace(f"reset:{origin.source}", per_minute=5, burst=5)
        if not self._world.mailer.configured:
            raise Unavailable(
                "No mail can be sent from here; ask the person who runs this server to set "
                "a new password."
            )
        email_key = email.strip().casefold()
        user = await self._world.store.read(lambda tx: tx.accounts.find_by_email(email_key))
        if user is None:
            return
        secret = await self._one_time(user, "reset", RESET_SECONDS)
        await self._mail(user, "Set a new password", "reset", secret)

    async def reset(self, secret: str, password: str, origin: Origin) -> None:
        """Set a new password with a mailed secret, and end every login."""
        now = self._world.clock.now()
        token_hash = hash_secret(secret)
        self._world.passwords.check(password, username="", email="")
        hashed = await self._world.passwords.hash(password)

        def store(tx: Transaction) -> list[FamilyId]:
            token = tx.accounts.use_one_time(token_hash, "reset", now)
            user = tx.accounts.get(token.user) if token is not None else None
            if user is None:
                raise NotFound("reset")
            tx.accounts.update(replace(user, password_hash=hashed, email_verified=True))
            tx.audit.append(audit_entry(origin, user.id, "account.reset", user.id, at=now))
            return tx.accounts.end_families(user.id, now, "reset")

        self._end(await self._world.store.write(store))

    async def profile(self, actor: Actor) -> User:
        """The actor's own account."""
        user = await self._world.store.read(lambda tx: tx.accounts.get(actor.user))
        if user is None:
            raise Unauthenticated("This account is gone.")
        return user

    async def update_profile(
        self,
        actor: Actor,
        *,
        username: str | None,
        display_name: str | None,
        accessibility_settings: str | None,
    ) -> User:
        """Change the named fields; None leaves one as it is."""

        def store(tx: Transaction) -> User:
            user = tx.accounts.get(actor.user)
            if user is None:
                raise Unauthenticated("This account is gone.")
            name = checked_username(username) if username is not None else user.username
            updated = replace(
                user,
                username=name,
                username_key=name.casefold(),
                display_name=checked_display(display_name) or user.display_name,
                accessibility_settings=accessibility_settings or user.accessibility_settings,
            )
            tx.accounts.update(updated)
            return updated

        return await self._world.store.write(store)

    async def delete(self, actor: Actor, origin: Origin) -> None:
        """Remove the account, its projects and all that hangs on them."""
        now = self._world.clock.now()

        def store(tx: Transaction) -> tuple[list[FamilyId], list[str]]:
            families = tx.accounts.end_families(actor.user, now, "deleted")
            tx.audit.append(audit_entry(origin, actor.user, "account.delete", actor.user, at=now))
            return families, tx.accounts.delete(actor.user)

        families, blobs = await self._world.store.write(store)
        self._end(families)
        for blob in blobs:
            await self._world.blobs.delete(blob)

    async def set_tier(self, email: str, tier: Tier, origin: Origin) -> None:
        """Change a subscription tier (for the person who runs the server)."""
        email_key = email.strip().casefold()

        def store(tx: Transaction) -> None:
            user = tx.accounts.find_by_email(email_key)
            if user is None:
                raise NotFound("account")
            tx.accounts.set_tier(user.id, tier)
            now = self._world.clock.now()
            tx.audit.append(audit_entry(origin, None, "account.tier", user.id, at=now, detail=tier))

        await self._world.store.write(store)
        self._gate.forget()

    def _new_user(self, email: str, username: str, *, tier: Tier = Tier.FREE) -> User:
        now = self._world.clock.now()
        return User(
            id=UserId(self._world.ids.new()),
            username=username,
            username_key=username.casefold(),
            email=email,
            email_key=email.casefold(),
            display_name=None,
            password_hash=None,
            tier=tier,
            email_verified=False,
            accessibility_settings="{}",
            total_generations=0,
            monthly_generations=0,
            generations_month=f"{datetime.fromtimestamp(now, UTC):%Y-%m}",
            created_at=now,
        )

    def _local_owner(self, tx: Transaction) -> User:
        user = replace(self._new_user(LOCAL_OWNER, "owner", tier=Tier.STUDIO), email_verified=True)
        tx.accounts.insert(user)
        return user

    def _begin(
        self, tx: Transaction, user: User, origin: Origin, *, remember_me: bool, action: str
    ) -> NewLogin:
        now = self._world.clock.now()
        tx.audit.append(audit_entry(origin, user.id, action, user.id, at=now))
        return self._world.chains.begin(
            tx, user.id, client=origin.client, remember_me=remember_me, now=now
        )

    def _login(self, user: User, login: NewLogin) -> Login:
        token, lifetime = self._world.tokens.access(user.id, login.family, self._world.clock.now())
        return Login(
            access_token=token,
            refresh_token=login.secret,
            expires_in=lifetime,
            refresh_expires_at=login.expires_at,
            user=user,
        )

    def _end(self, families: list[FamilyId]) -> None:
        for family in families:
            self._world.tokens.revoke_family(family)
            self._world.tickets.revoke_family(family)
        self._gate.forget()

    async def _refused(self, user: UserId | None, action: str, origin: Origin) -> None:
        now = self._world.clock.now()
        line = audit_entry(origin, user, action, user or "unknown", at=now, result="refused")
        await self._world.store.write(lambda tx: tx.audit.append(line))

    async def _send_verification(self, user: User) -> None:
        if not self._world.mailer.configured:
            return
        secret = await self._one_time(user, "verify", VERIFY_SECONDS)
        await self._mail(user, "Confirm your address", "verify", secret)

    async def _one_time(self, user: User, purpose: str, seconds: float) -> str:
        secret = self._world.random.secret()
        token = OneTimeToken(
            hash=hash_secret(secret),
            purpose=purpose,  # type: ignore[arg-type]
            user=user.id,
            expires_at=self._world.clock.now() + seconds,
        )
        await self._world.store.write(lambda tx: tx.accounts.insert_one_time(token))
        return secret

    async def _mail(self, user: User, subject: str, word: str, secret: str) -> None:
        link = f"{self._world.rules.public_url}/#{word}={secret}"
        await self._world.mailer.send(user.email, subject, f"{subject}: {link}")

    def _pace(self, key: str, *, per_minute: float, burst: int) -> None:
        now = self._world.clock.monotonic()
        self._world.pacing.admit(key, per_minute=per_minute, burst=burst, now=now)


def checked_email(email: str) -> str:
    """An address with one @ and something on both sides; proof comes from mail, not from syntax."""
    trimmed = email.strip()
    name, at, host = trimmed.rpartition("@")
    if not (at and name and host) or len(trimmed) > MAXIMUM_EMAIL or not trimmed.isprintable():
        raise InvalidValue("email", email, "an e-mail address such as ada@example.org")
    if any(each.isspace() for each in trimmed):
        raise InvalidValue("email", email, "an address without spaces")
    return trimmed


def checked_username(username: str) -> str:
    """A public name: 2 to 40 printable characters without spaces at the ends, no @."""
    trimmed = username.strip()
    if not 2 <= len(trimmed) <= 40 or "@" in trimmed or not trimmed.isprintable():
        raise InvalidValue("username", username, "2 to 40 characters without @")
    return trimmed


def checked_display(name: str | None) -> str | None:
    """A display name of at most 80 printable characters, or None."""
    if name is not None and (len(name) > 80 or not name.isprintable()):
        raise InvalidValue("display_name", name, "at most 80 characters")
    return name
