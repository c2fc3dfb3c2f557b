"""The running server against its own OpenAPI document: thousands of generated requests, no 5xx.

By default the same requests each time; with another `HYPOTHESIS_PROFILE` others, and more. A
failure names their seed, `MUSEAROO_OPENAPI_SEED`.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.flow.outcomes import outcome
from tests.servers.server import ServerProcess, serving

ALIKE = os.environ.get("HYPOTHESIS_PROFILE", "default") == "default"
EXAMPLES = int(os.environ.get("MUSEAROO_OPENAPI_EXAMPLES", "12" if ALIKE else "300"))
SEED = int(
    os.environ.get("MUSEAROO_OPENAPI_SEED", 1 if ALIKE else random.SystemRandom().getrandbits(32))
)
SHARES = 8
"""How many tests share the operations: one that takes two minutes is taken for hung."""
Seeded = tuple[httpx.Client, dict[str, str]]
LOGIN_SECONDS = 300.0  # tokens live for ten minutes
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Honest answers: a server without a mailer, and "fast" or nothing while the players are busy.
HONEST_503 = frozenset({("POST", "/api/v3/auth/password/reset")})
HONEST_CODE = "temporary-reduced-capacity"
# They would end the login, or the account, that the others need.
ENDING = frozenset(
    {
        ("POST", "/api/v3/auth/logout"),
        ("DELETE", "/api/v3/auth/sessions"),
        ("DELETE", "/api/v3/user"),
        ("DELETE", "/api/v3/projects/{project_id}"),
    }
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with something of everything in it."""
    with serving(tmp_path_factory.mktemp("openapi") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def seeded(server: ServerProcess) -> Iterator[Seeded]:
    """A login, and real ids for every path parameter."""
    with server.client() as client:
        project = client.post("/api/v3/projects", json={"name": "Seeded"}).json()["id"]
        asked = {"engine": "drummaroo"}
        made = outcome(client, client.post(f"/api/v3/projects/{project}/generate", json=asked))
        export = client.post(f"/api/v3/projects/{project}/export", json={"format": "midi"}).json()
        yield (
            client,
            {
                "project_id": project,
                "session_id": project,
                "generation_id": made["generation_id"],
                "take_id": made["take_id"],
                "export_id": export["export_id"],
            },
        )


@pytest.fixture(scope="module")
def operations(server: ServerProcess, seeded: Seeded) -> list[Any]:
    """What the document announces, but for what would end the tests."""
    schema = schemathesis.openapi.from_dict(seeded[0].get("/openapi.json").json())
    schema.config.update(base_url=server.url)
    found = [cast("Any", each).ok() for each in schema.get_all_operations()]
    assert len(found) > 40
    return [each for each in found if (each.method.upper(), each.path) not in ENDING]


@pytest.fixture(scope="module")
def statuses() -> Iterator[dict[int, Counter[int]]]:
    """The answers so far, by share; only if all have run do they say something together."""
    seen: dict[int, Counter[int]] = {}
    yield seen
    if len(seen) == SHARES:
        # Requests that never get past the door would find nothing behind it.
        every = sum(seen.values(), Counter[int]())
        assert every[200] + every[201] > every.total() / 5, every


@pytest.mark.parametrize("share", range(SHARES))
def test_every_operation_keeps_its_promises(
    server: ServerProcess,
    seeded: Seeded,
    operations: list[Any],
    statuses: dict[int, Counter[int]],
    share: int,
) -> None:
    """Whatever is sent, the answer is one that the document announces, and never a 5xx."""
    login, seen = _Login(server), statuses.setdefault(share, Counter())
    faults = [_fault(each, login, seeded[1], seen) for each in operations[share::SHARES]]
    told = [fault for fault in faults if fault]
    assert not told, "\n\n".join([f"MUSEAROO_OPENAPI_SEED={SEED}", *told[:5]])


def _fault(operation: Any, login: "_Login", ids: dict[str, str], statuses: Counter[int]) -> str:
    """The first of an operation's answers that breaks a promise; nothing if none does."""
    faults: list[str] = []
    route = (operation.method.upper(), operation.path)

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        for name in case.path_parameters or {}:
            if name in ids:
                case.path_parameters[name] = ids[name]
        response = case.call(headers=login.bearer(), timeout=60)
        statuses[response.status_code] += 1
        try:
            case.validate_response(response, checks=_checks(route, response))
        except Exception as fault:  # noqa: BLE001  (schemathesis groups failures of many types)
            faults.append(f"{route}: {fault}"[:2000])

    send()
    return faults[0] if faults else ""


class _Login:
    """A login of the owner that is renewed before it ends."""

    def __init__(self, server: ServerProcess) -> None:
        self._server = server
        self._since = -LOGIN_SECONDS
        self._bearer = ""

    def bearer(self) -> dict[str, str]:
        """The headers of a request."""
        if time.monotonic() - self._since > LOGIN_SECONDS:
            with self._server.client() as client:
                self._bearer = client.headers["Authorization"]
            self._since = time.monotonic()
        return {"Authorization": self._bearer}


def _checks(route: tuple[str, str], response: Any) -> list[Any]:
    """What is asked of a response; a 503 that tells the truth is no error of the server."""
    if response.status_code != 503:
        return CHECKS
    is_honest = route in HONEST_503 or response.json().get("code") == HONEST_CODE
    return [check for check in CHECKS if not is_honest or check is not not_a_server_error]
