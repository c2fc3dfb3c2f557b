"""The door itself: hosts, headers, unknown paths, last refusals, pages."""

from typing import Any

import httpx
import pytest

from musearoo.protocols.rest.app import create_app
from musearoo.protocols.rest.options import Pace, RestOptions
from tests.doubles.house import House
from tests.doubles.rest_door import BASE, HOST, FixedTokens, KeptMetrics, client, door

PREFLIGHT = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestShell:
    async def test_every_answer_is_dressed(self, http: httpx.AsyncClient) -> None:
        """Security headers and a correlation id, on answers and on refusals."""
        for path in ("/healthz", "/nowhere"):
            headers = (await http.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["content-security-policy"].startswith("default-src 'none'")
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-correlation-id"]
            assert "strict-transport-security" not in headers
            assert "server" not in headers

    async def test_tls_asks_browsers_to_stay(self, place: House) -> None:
        """HSTS only where there is TLS."""
        options = RestOptions(allowed_hosts=(HOST,), secure_cookies=True, pace=None)
        async with client(door(place, options)) as http:
            assert "strict-transport-security" in (await http.get("/healthz")).headers

    @pytest.mark.parametrize("given", ["abcdefgh-1", "x" * 64])
    async def test_a_good_correlation_id_is_kept(self, http: httpx.AsyncClient, given: str) -> None:
        """So that one can follow a request through several programs."""
        answer = await http.get("/nowhere", headers={"X-Correlation-Id": given})
        assert answer.headers["x-correlation-id"] == given
        assert answer.json()["correlation_id"] == given

    @pytest.mark.parametrize("given", ["short", "x" * 65, "with space", "line\tbreak"])
    async def test_a_bad_correlation_id_is_replaced(
        self, http: httpx.AsyncClient, given: str
    ) -> None:
        """Logs are not written by strangers."""
        answer = await http.get("/nowhere", headers={"X-Correlation-Id": given})
        assert answer.headers["x-correlation-id"] != given

    async def test_a_failure_tells_nothing_of_the_inside(self, place: House, token: str) -> None:
        """500 with a number to ask about, and not a word of the exception."""
        app = door(place)
        async with client(app, token) as http:
            fail = RuntimeError("a secret of the inside")

            async def broken(*_: Any, **__: Any) -> None:
                raise fail

            kept, place.conductor.accounts.profile = place.conductor.accounts.profile, broken  # type: ignore[method-assign,assignment]
            try:
                answer = await http.get("/api/v3/user/profile")
            finally:
                place.conductor.accounts.profile = kept  # type: ignore[method-assign]
        assert answer.status_code == 500
        assert answer.json()["code"] == "internal"
        assert "secret" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"

    async def test_routes_are_counted_by_template(self, place: House, token: str) -> None:
        """Neither ids nor made-up paths become labels."""
        metrics = KeptMetrics([])
        app = door(place, RestOptions(allowed_hosts=(HOST,), metrics=metrics, pace=None))
        async with client(app, token) as http:
            await http.get("/api/v3/projects/00000000-0000-7000-8000-00000000ffff")
            await http.get("/made/up")
        assert metrics.seen == [("/api/v3/projects/{project_id}", 404), ("unknown", 404)]


class TestHosts:
    @pytest.mark.parametrize("host", ["evil.example", "rest.test.evil.example", "", "127.0.0.1"])
    async def test_another_host_is_misdirected(self, http: httpx.AsyncClient, host: str) -> None:
        """DNS rebinding ends here."""
        answer = await http.get("/healthz", headers={"Host": host})
        assert answer.status_code == 421
        assert answer.json()["code"] == "misdirected-request"

    @pytest.mark.parametrize("host", ["rest.test", "REST.test", "rest.test:8000"])
    async def test_our_name_is_answered(self, http: httpx.AsyncClient, host: str) -> None:
        """In any case, with any port."""
        assert (await http.get("/healthz", headers={"Host": host})).status_code == 200

    @pytest.mark.parametrize("host", ["[::1]", "[::1]:80"])
    async def test_addresses_in_brackets(self, place: House, host: str) -> None:
        """IPv6 literals carry their brackets."""
        app = door(place, RestOptions(allowed_hosts=("[::1]",), pace=None))
        async with client(app) as http:
            assert (await http.get("/healthz", headers={"Host": host})).status_code == 200

    async def test_a_star_means_any(self, place: House) -> None:
        """For those who check hosts in front of us."""
        app = door(place, RestOptions(allowed_hosts=("*",), pace=None))
        async with client(app) as http:
            assert (await http.get("/healthz", headers={"Host": "x"})).status_code == 200


class TestCors:
    async def test_it_is_off(self, http: httpx.AsyncClient) -> None:
        """No other site is told anything."""
        answer = await http.options("/api/v3/projects", headers=PREFLIGHT)
        assert answer.status_code == 405
        assert "access-control-allow-origin" not in answer.headers

    async def test_it_is_on_for_named_origins_only(self, place: House, token: str) -> None:
        """What is configured, and nothing else."""
        options = RestOptions(
            allowed_hosts=(HOST,), cors_origins=("https://app.example",), pace=None
        )
        async with client(door(place, options), token) as http:
            asked = await http.options("/api/v3/projects", headers=PREFLIGHT)
            assert asked.headers["access-control-allow-origin"] == "https://app.example"
            other = await http.get("/api/v3/projects", headers={"Origin": "https://evil.example"})
            assert "access-control-allow-origin" not in other.headers


class TestPaths:
    async def test_unknown_paths_are_problems(self, http: httpx.AsyncClient) -> None:
        """JSON even for a browser."""
        for path in ("/nope", "/api/v3/nope", "/api/v3/projects/", "/docs/../../etc/passwd"):
            answer = await http.get(path, headers={"Accept": "text/html"})
            assert answer.status_code == 404, path
            assert answer.headers["content-type"] == "application/problem+json"

    async def test_wrong_methods_name_the_right_ones(self, http: httpx.AsyncClient) -> None:
        """All of them."""
        answer = await http.put("/api/v3/projects")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD, POST"
        assert answer.json()["code"] == "method-not-allowed"

    @pytest.mark.parametrize("bad", ["x", "1", "%00", "..", "0" * 36, "{" + "0" * 32 + "}"])
    async def test_ids_must_be_uuids(self, http: httpx.AsyncClient, bad: str) -> None:
        """422 with the parameter's name."""
        answer = await http.get(f"/api/v3/projects/{bad}")
        assert answer.status_code in {404, 422}
        answer = await http.get(f"/api/v3/projects/{bad}/analyses")
        assert answer.status_code in {404, 422}

    async def test_head_is_get_without_the_body(self, http: httpx.AsyncClient) -> None:
        """On every route (RFC 9110 §9.3.2), refusals too."""
        for path in ("/healthz", "/docs", "/api/v3/engines", "/nope"):
            head, get = await http.head(path), await http.get(path)
            assert (head.status_code, head.content) == (get.status_code, b"")
            assert head.headers["content-type"] == get.headers["content-type"]
        assert (await http.head("/api/v3/auth/login")).status_code == 405

    async def test_long_paths_are_not_repeated_whole(self, http: httpx.AsyncClient) -> None:
        """`instance` is for people."""
        assert len((await http.get(f"/{'x' * 5000}")).json()["instance"]) == 200


@pytest.fixture
def still(place: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes, so that no allowance grows."""
    now = place.world.clock.monotonic()
    monkeypatch.setattr(place.world.clock, "monotonic", lambda: now)


@pytest.mark.usefixtures("still")
class TestPacing:
    """Each from an address of its own: what others have used of theirs is not counted."""

    async def test_an_address_that_hurries_waits(self, place: House, token: str) -> None:
        """429 with a time, before anything is looked up."""
        options = RestOptions(allowed_hosts=(HOST,), pace=Pace(per_minute=60, burst=3))
        async with client(door(place, options), token, address="192.0.2.1") as http:
            seen = [(await http.get("/healthz")).status_code for _ in range(5)]
            assert seen == [200, 200, 200, 429, 429]
            answer = await http.get("/healthz")
        assert answer.json()["code"] == "too-many-requests"
        assert int(answer.headers["retry-after"]) >= 1

    async def test_wrong_tokens_are_slowed_down(self, place: House) -> None:
        """Guessing gets slow long before use does."""
        options = RestOptions(allowed_hosts=(HOST,), pace=Pace(per_minute=100_000, burst=10_000))
        async with client(door(place, options), "wrong", address="192.0.2.2") as http:
            seen = [(await http.get("/api/v3/projects")).status_code for _ in range(32)]
        assert seen[:30] == [401] * 30
        assert seen[-1] == 429


class TestHealth:
    async def test_readiness_is_asked_each_time(self, place: House) -> None:
        """503 names what is missing."""
        parts = {"store": True, "workers": False}

        async def readiness() -> dict[str, bool]:
            return parts

        options = RestOptions(allowed_hosts=(HOST,), readiness=readiness, version="1.2")
        async with client(door(place, options)) as http:
            answer = await http.get("/readyz")
            assert (answer.status_code, answer.json()["checks"]) == (503, parts)
            parts["workers"] = True
            assert (await http.get("/readyz")).json()["status"] == "ok"
            assert (await http.get("/version")).json()["version"] == "1.2"

    async def test_metrics_are_for_the_inside(self, place: House) -> None:
        """A stranger's address sees no page."""
        options = RestOptions(allowed_hosts=(HOST,), metrics=KeptMetrics([]), pace=None)
        app = door(place, options)
        for address, status in (("127.0.0.1", 200), ("10.1.2.3", 200), ("8.8.8.8", 404)):
            transport = httpx.ASGITransport(app, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
                assert (await http.get("/metrics")).status_code == status


class TestPages:
    @pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/problems", "/problems/not-found"])
    async def test_pages_need_no_network(self, http: httpx.AsyncClient, path: str) -> None:
        """Every script, style and picture of a page is served from here."""
        answer = await http.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        policy = answer.headers["content-security-policy"]
        assert "http:" not in policy
        assert "unsafe-eval" not in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
        assert 'src="http' not in answer.text
        assert 'href="http' not in answer.text

    @pytest.mark.parametrize(
        "path",
        [
            "/docs/swagger-ui.js", "/docs/swagger-ui.css", "/docs/redoc.js", "/docs/docs.js",
            "/page/page.js", "/page/page.css", "/page/icon.svg", "/openapi.json",
        ],
    )  # fmt: skip
    async def test_files_of_pages(self, http: httpx.AsyncClient, path: str) -> None:
        """They are there, compressed or not."""
        plain = await http.get(path, headers={"Accept-Encoding": "identity"})
        packed = await http.get(path, headers={"Accept-Encoding": "gzip"})
        assert plain.status_code == packed.status_code == 200
        assert plain.content == packed.content

    async def test_other_files_are_not_there(self, http: httpx.AsyncClient) -> None:
        """Only what is listed."""
        for path in ("/page/index.html", "/docs/other.js", "/problems/other", "/page/app.py"):
            assert (await http.get(path)).status_code in {404, 422}

    async def test_pages_can_be_kept(self, http: httpx.AsyncClient) -> None:
        """304 for who has it."""
        tag = (await http.get("/")).headers["etag"]
        assert (await http.get("/", headers={"If-None-Match": tag})).status_code == 304


class TestLocalLogin:
    async def test_a_token_opens_once(self, place: House) -> None:
        """And only where there is a local mode."""
        tokens = FixedTokens({"good"})
        app = create_app(
            place.conductor, RestOptions(allowed_hosts=(HOST,), local_tokens=tokens, pace=None)
        )
        async with client(app) as http:
            first = await http.post("/api/v3/auth/local", json={"token": "good"})
            assert first.json()["user"]["email"] == "owner@localhost"
            assert first.json()["subscription_tier"] == "studio"
            again = await http.post("/api/v3/auth/local", json={"token": "good"})
            assert again.status_code == 401
        async with client(door(place)) as http:
            assert (await http.post("/api/v3/auth/local", json={"token": "x"})).status_code == 404


async def test_the_default_options_answer_for_this_machine_only() -> None:
    """Nothing is opened by leaving settings out."""
    assert set(RestOptions().allowed_hosts) == {"127.0.0.1", "localhost", "[::1]"}
    assert RestOptions().cors_origins == ()
