"""The running server against its own OpenAPI document: thousands of generated requests, no 5xx.

By default the same requests each time (`make test` gives sets one order, too); with another
`HYPOTHESIS_PROFILE` others, and more. A failure names the seed, `MUSEAROO_OPENAPI_SEED`.
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
LOGIN_SECONDS = 300.0  # tokens live for ten minutes
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Honest answers: a server without a mailer, and "fast" or nothing while the players are busy.
HONEST_503 = frozenset({("POST", "/api/v3/auth/password/reset")})
HONEST_CODE = "reduced-capacity"
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
def seeded(server: ServerProcess) -> Iterator[tuple[httpx.Client, dict[str, str]]]:
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


def test_every_operation_keeps_its_promises(
    server: ServerProcess, seeded: tuple[httpx.Client, dict[str, str]]
) -> None:
    """Whatever is sent, the answer is one that the document announces, and never a 5xx."""
    client, ids = seeded
    document = client.get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=server.url)
    faults: list[str] = []
    statuses: Counter[int] = Counter()
    operations = [cast("Any", found).ok() for found in schema.get_all_operations()]
    assert len(operations) > 40
    for operation in operations:
        if (operation.method.upper(), operation.path) not in ENDING:
            faults += _faults(operation, client, ids, statuses)
    assert not faults, "\n\n".join(faults[:5])
    # Requests that never get past the door would find nothing behind it.
    assert statuses[200] + statuses[201] > sum(statuses.values()) / 5, statuses


def _faults(
    operation: Any, client: httpx.Client, ids: dict[str, str], statuses: Counter[int]
) -> list[str]:
    faults: list[str] = []
    route = (operation.method.upper(), operation.path)

    @seed(1)
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
        bearer = {"Authorization": client.headers["Authorization"]}
        response = case.call(headers=bearer, timeout=60)
        statuses[response.status_code] += 1
        if response.status_code == 503 and route in HONEST_503:
            return
        try:
            case.validate_response(response, checks=CHECKS)
        except Exception as fault:  # noqa: BLE001  (schemathesis groups failures of many types)
            faults.append(f"{route}: {fault}"[:2000])

    send()
    return faults[:1]
