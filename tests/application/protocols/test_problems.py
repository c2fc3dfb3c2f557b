"""Problem details: a closed list, complete and documented."""

import json

import msgspec
import pytest

from musearoo.domain.errors import (
    ErrorCode,
    InvalidValue,
    MuseArooError,
    NotFound,
    QuotaExceeded,
    Unauthenticated,
)
from musearoo.protocols.rest.problems import (
    TITLES,
    Fault,
    Faulty,
    HttpCode,
    code_of_status,
    http_problem,
    problem_of,
    respond,
    retry_headers,
    type_of,
)


def errors() -> list[type[MuseArooError]]:
    found, waiting = [], [MuseArooError]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        found += kinds
        waiting += kinds
    return [kind for kind in found if kind.__module__.startswith("musearoo.domain")]


def test_every_code_has_a_title_and_a_status() -> None:
    """The list is closed: what is not in it cannot be answered."""
    assert set(TITLES) == {*ErrorCode, *HttpCode}
    assert len({str(code) for code in TITLES}) == len(TITLES)


@pytest.mark.parametrize("kind", errors(), ids=lambda kind: kind.__name__)
def test_errors_and_titles_agree_on_the_status(kind: type[MuseArooError]) -> None:
    """One fact, one status."""
    assert TITLES[kind.code][0] == kind.http_status


def test_a_refusal_tells_what_to_do() -> None:
    """Type, title, status, detail, where, and the number to ask about."""
    problem = problem_of(NotFound("project"), instance="/x", correlation="c")
    assert json.loads(msgspec.json.encode(problem)) == {
        "type": "/problems/not-found",
        "title": "There is no such thing, or it is not shared with you",
        "status": 404,
        "detail": "There is no such project, or it is not shared with you.",
        "code": "not-found",
        "instance": "/x",
        "correlation_id": "c",
    }


def test_wrong_values_are_named() -> None:
    """One error or many, each has its place."""
    one = problem_of(InvalidValue("tempo", 0, "20 to 400"), instance="", correlation="")
    assert [fault.pointer for fault in one.errors] == ["tempo"]
    many = Faulty([Fault("/a", "no"), Fault("/b", "no")])
    assert problem_of(many, instance="", correlation="").errors == many.faults


def test_quotas_use_the_registered_types() -> None:
    """The names of draft-ietf-httpapi-ratelimit-headers, with the windows that are used up."""
    error = QuotaExceeded(("minute", "hour"), 12.2)
    problem = problem_of(error, instance="", correlation="")
    encoded = json.loads(msgspec.json.encode(problem))
    assert encoded["type"].endswith("http-problem-types#quota-exceeded")
    assert encoded["violated-policies"] == ["minute", "hour"]
    assert int(retry_headers(error, 0.0)["Retry-After"]) == 13
    assert retry_headers(NotFound("x"), 0.0) == {}


def test_headers_follow_the_status() -> None:
    """401 names the scheme, 413 ends the connection, nothing is kept."""
    denied = respond(problem_of(Unauthenticated("no"), instance="", correlation=""))
    assert denied.headers["www-authenticate"].startswith("Bearer")
    assert denied.headers["cache-control"] == "no-store"
    large = respond(http_problem(ErrorCode.PAYLOAD_TOO_LARGE, "x", instance="", correlation=""))
    assert large.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("status", "code"), [(404, "not-found"), (418, "malformed-request"), (502, "internal")]
)
def test_refusals_of_the_framework_get_a_type(status: int, code: str) -> None:
    """Whatever the framework says, the list stays closed."""
    assert code_of_status(status) == code


def test_our_types_lead_to_their_documentation() -> None:
    """A relative reference that this server answers."""
    assert type_of(HttpCode.MISDIRECTED) == "/problems/misdirected-request"
