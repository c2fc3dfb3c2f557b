"""A person makes an account, comes back, is robbed, and gets in again."""

import asyncio
from pathlib import Path

import httpx
import pytest

from musearoo.protocols.rest.options import RestOptions
from tests.doubles.house import PASSWORD
from tests.flow.conftest import Wired, wired

ADA = {"email": "Ada@Example.org", "username": "ada", "password": PASSWORD}
LOGIN = {key: ADA[key] for key in ("email", "password")}
WEB = {"X-MuseAroo-Client": "web"}


async def registered(town: Wired) -> dict[str, object]:
    async with town.client() as http:
        answer = await http.post("/auth/register", json=ADA)
        assert answer.status_code == 201
        login: dict[str, object] = answer.json()
        return login


async def test_register_and_log_in(tmp_path: Path) -> None:
    """The answer is the founding document's, and its token opens the profile."""
    async with wired(tmp_path) as town:
        login = await registered(town)
        assert {"access_token", "refresh_token", "expires_in", "user", "subscription_tier"} <= set(
            login
        )
        assert (login["expires_in"], login["subscription_tier"]) == (600, "free")
        async with town.client() as http:
            body = {"email": "ADA@example.ORG", "password": PASSWORD, "remember_me": True}
            again = (await http.post("/auth/login", json=body)).json()
        async with town.client(again["access_token"]) as http:
            profile = (await http.get("/user/profile")).json()
        assert profile == again["user"]
        assert set(profile) == {
            "id", "username", "email", "display_name", "subscription_tier", "total_generations",
            "monthly_generations", "accessibility_settings", "created_at",
        }  # fmt: skip


async def test_names_and_addresses_are_taken_once(tmp_path: Path) -> None:
    """In any spelling of case."""
    async with wired(tmp_path) as town:
        await registered(town)
        async with town.client() as http:
            for change in ({"email": "ada@example.ORG"}, {"username": "ADA"}):
                body = {**ADA, "email": "b@example.org", "username": "bob", **change}
                answer = await http.post("/auth/register", json=body)
                assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"password": "short"}, "password"),
        ({"password": "password1234"}, "password"),
        ({"email": "nobody"}, "email"),
        ({"email": "a b@example.org"}, "email"),
        ({"username": "a"}, "username"),
        ({"username": "x@y"}, "username"),
        ({"username": "a\u0007b"}, "username"),
    ],
)
async def test_what_cannot_be_an_account(tmp_path: Path, change: dict[str, str], word: str) -> None:
    """Each refusal says which field, and what would be right."""
    async with wired(tmp_path) as town, town.client() as http:
        answer = await http.post("/auth/register", json={**ADA, **change})
        assert answer.status_code == 422
        assert word in answer.json()["errors"][0]["pointer"]


async def test_wrong_logins_look_the_same(tmp_path: Path) -> None:
    """Nobody learns whether an address has an account."""
    async with wired(tmp_path) as town:
        await registered(town)
        async with town.client() as http:
            wrong = await http.post(
                "/auth/login", json={"email": ADA["email"], "password": "x" * 14}
            )
            nobody = await http.post("/auth/login", json={"email": "b@c.de", "password": "x" * 14})
        assert wrong.status_code == nobody.status_code == 401
        assert wrong.json()["detail"] == nobody.json()["detail"]


async def test_refresh_rotates_and_a_replay_ends_the_login(tmp_path: Path) -> None:
    """A stolen refresh token works for nobody once both have used it."""
    async with wired(tmp_path) as town:
        first = await registered(town)
        async with town.client() as ada, town.client(None, **{"User-Agent": "thief"}) as thief:
            second = await refreshed(ada, str(first["refresh_token"]))
            third = await refreshed(ada, second["refresh_token"])
            replay = await thief.post(
                "/auth/refresh", json={"refresh_token": first["refresh_token"]}
            )
            assert replay.status_code == 401
            gone = await ada.post("/auth/refresh", json={"refresh_token": third["refresh_token"]})
            assert gone.status_code == 401
            bearer = {"Authorization": f"Bearer {third['access_token']}"}
            assert (await ada.get("/user/profile", headers=bearer)).status_code == 401


async def refreshed(http: httpx.AsyncClient, secret: str) -> dict[str, str]:
    answer = await http.post("/auth/refresh", json={"refresh_token": secret})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens


async def test_a_lost_answer_may_be_asked_for_again(tmp_path: Path) -> None:
    """The same client that repeats its refresh at once gets the same tokens' successor."""
    async with wired(tmp_path) as town:
        first = await registered(town)
        async with town.client() as http:
            body = {"refresh_token": first["refresh_token"]}
            answers = await asyncio.gather(*(http.post("/auth/refresh", json=body) for _ in "ab"))
        assert [answer.status_code for answer in answers] == [200, 200]
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_logging_out_ends_every_token_of_the_login(tmp_path: Path) -> None:
    """At once, and only of that login."""
    async with wired(tmp_path) as town:
        first = await registered(town)
        async with town.client() as http:
            other = (await http.post("/auth/login", json=LOGIN)).json()
        async with town.client(str(first["access_token"])) as http:
            listed = (await http.get("/auth/sessions")).json()
            assert [each["current"] for each in listed].count(True) == 1
            assert len(listed) == 2
            assert (await http.post("/auth/logout")).status_code == 204
            assert (await http.get("/auth/sessions")).status_code == 401
            answer = await http.post(
                "/auth/refresh", json={"refresh_token": first["refresh_token"]}
            )
            assert answer.status_code == 401
        async with town.client(other["access_token"]) as http:
            assert len((await http.get("/auth/sessions")).json()) == 1
            assert (await http.delete("/auth/sessions")).status_code == 204
            assert (await http.get("/user/profile")).status_code == 401


async def test_ending_one_login_of_several(tmp_path: Path) -> None:
    """From a list, as after losing a phone; somebody else's login is not there."""
    async with wired(tmp_path) as town:
        first = await registered(town)
        async with town.client() as http:
            await http.post("/auth/login", json=LOGIN)
        async with town.client(str(first["access_token"])) as http:
            listed = (await http.get("/auth/sessions")).json()
            phone = next(each["id"] for each in listed if not each["current"])
            stranger = await town.person("bob")
            async with stranger:
                assert (await stranger.delete(f"/auth/sessions/{phone}")).status_code == 404
            assert (await http.delete(f"/auth/sessions/{phone}")).status_code == 204
            assert len((await http.get("/auth/sessions")).json()) == 1


@pytest.mark.parametrize("secure", [False, True])
async def test_browsers_keep_the_refresh_token_in_a_cookie(tmp_path: Path, secure: bool) -> None:
    """Unreadable for scripts, unusable for other sites, never in the body."""
    options = RestOptions(pace=None, secure_cookies=secure)
    async with wired(tmp_path, options=options) as town, town.client(None, **WEB) as http:
        answer = await http.post("/auth/register", json=ADA)
        assert answer.json()["refresh_token"] is None
        cookie = answer.headers["set-cookie"]
        name = cookie.partition("=")[0]
        assert name == ("__Host-musearoo_refresh" if secure else "musearoo_refresh")
        assert ("Secure" in cookie) is secure
        for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age="):
            assert part in cookie
        assert "Domain" not in cookie
        sent = {"Cookie": cookie.partition(";")[0]}
        async with town.client(None, **sent) as elsewhere:
            assert (await elsewhere.post("/auth/refresh", json={})).status_code == 401
        fresh = await http.post("/auth/refresh", headers=sent)
        assert fresh.status_code == 200
        assert fresh.json()["refresh_token"] is None
        bearer = {"Authorization": f"Bearer {fresh.json()['access_token']}"}
        out = await http.post("/auth/logout", headers={**bearer, **sent})
        assert 'refresh=""' in out.headers["set-cookie"]


async def test_a_forgotten_password(tmp_path: Path) -> None:
    """A mail with a link sets a new one, once, and ends every login."""
    async with wired(tmp_path) as town:
        login = await registered(town)
        async with town.client() as http:
            refused = await http.post("/auth/password/reset", json={"email": ADA["email"]})
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            town.place.mailer.configured = True
            for email in (ADA["email"], "nobody@example.org"):
                answer = await http.post("/auth/password/reset", json={"email": email})
                assert answer.status_code == 202
            assert len(town.place.mailer.letters) == 1
            secret = town.place.mailer.letters[0].text.partition("#reset=")[2].split()[0]
            body = {"token": secret, "password": "quite another long phrase"}
            assert (await http.post("/auth/password/reset", json=body)).status_code == 204
            assert (await http.post("/auth/password/reset", json=body)).status_code == 404
            mixed = {**body, "email": ADA["email"]}
            assert (await http.post("/auth/password/reset", json=mixed)).status_code == 422
            bearer = {"Authorization": f"Bearer {login['access_token']}"}
            assert (await http.get("/user/profile", headers=bearer)).status_code == 401
            new = {"email": ADA["email"], "password": body["password"]}
            assert (await http.post("/auth/login", json=new)).status_code == 200


async def test_the_profile_is_kept_and_checked(tmp_path: Path) -> None:
    """Accessibility settings are typed: unknown ones are refused, missing ones have defaults."""
    async with wired(tmp_path) as town, await town.person("ada") as http:
        defaults = (await http.get("/user/profile")).json()["accessibility_settings"]
        assert (defaults["theme"], defaults["screen_reader"]["quantise_to"]) == ("system", "bar")
        settings = {"theme": "high_contrast", "font_scale": 1.5, "audio": {"mono": True}}
        body = {"display_name": "Ada L.", "accessibility_settings": settings}
        answer = (await http.put("/user/profile", json=body)).json()
        assert answer["success"] is True
        kept = (await http.get("/user/profile")).json()
        assert kept == answer["user"]
        assert kept["display_name"] == "Ada L."
        assert kept["accessibility_settings"] == {
            **defaults,
            **settings,
            "audio": {**defaults["audio"], "mono": True},
        }
        for wrong in ({"font_scale": 9}, {"themes": "dark"}, {"font_scale": "1"}):
            answer = await http.put("/user/profile", json={"accessibility_settings": wrong})
            assert answer.status_code == 422, wrong


async def test_deleting_an_account_takes_everything(tmp_path: Path) -> None:
    """Projects, logins and the name are gone."""
    async with wired(tmp_path) as town, await town.person("ada") as http:
        project = (await http.post("/projects", json={"name": "Riff"})).json()["id"]
        assert (await http.delete("/user")).status_code == 204
        assert (await http.get("/user/profile")).status_code == 401
        async with await town.person("ada") as again:
            assert (await again.get(f"/projects/{project}")).status_code == 404
            assert (await again.get("/projects")).json() == []
