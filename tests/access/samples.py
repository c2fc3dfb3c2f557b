"""One valid request for every route: a route without a sample fails the matrix."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from musearoo.domain.commands import COMMANDS
from tests.access.town import Things

Content = Callable[[Things], dict[str, Any]]


@dataclass(frozen=True)
class Sample:
    """What to send. `destroys` says that a success leaves nothing for the next caller."""

    content: Content = lambda _things: {}
    destroys: bool = False


def json(body: Callable[[Things], dict[str, Any]], *, destroys: bool = False) -> Sample:
    return Sample(lambda things: {"json": body(things)}, destroys)


GET = Sample()
GONE = Sample(destroys=True)
_FORM = {"audio_file": ("riff.wav", b"RIFF....WAVE")}

SAMPLES: dict[str, Sample] = {
    "get_project": GET,
    "list_projects": GET,
    "create_project": json(lambda _: {"name": "Another"}),
    "change_project": json(lambda _: {"name": "Renamed"}),
    "delete_project": GONE,
    "open_session": GET,
    "get_session": GET,
    "list_events": GET,
    "generate": json(lambda _: {"engine": "drummaroo", "bars": 1}),
    "get_generation": GET,
    "cancel_generation": GET,
    "get_asset": GET,
    "list_parts": GET,
    "list_takes": GET,
    "get_take": GET,
    "list_engines": GET,
    "analyze_audio": Sample(lambda _: {"files": _FORM, "data": {"analysis_type": "quick"}}),
    "list_analyses": GET,
    "get_analysis": GET,
    "get_user_profile": GET,
    "update_user_profile": json(lambda _: {"display_name": "Somebody"}),
    "delete_user": GONE,
    "register": json(
        lambda _: {
            "email": "new@example.org",
            "username": "newcomer",
            "password": "wires and brass 7",
        }
    ),
    "login": json(lambda _: {"email": "nobody@example.org", "password": "wrong and long enough"}),
    "login_local": json(lambda _: {"token": "unknown"}),
    "refresh": json(lambda _: {"refresh_token": "unknown"}),
    "logout": GONE,
    "verify_email": json(lambda _: {"token": "unknown"}),
    "reset_password": json(lambda _: {"token": "unknown", "password": "another long phrase 7"}),
    "list_logins": GET,
    "end_logins": GONE,
    "end_login": GET,
    "issue_ticket": json(lambda things: {"session_id": things.project}),
    "pair_osc": json(lambda things: {"session_id": things.project}),
    "list_pairings": GET,
    "end_pairing": GET,
    "monitor_osc": GET,
    "get_live": GET,
    "invite_collaborator": json(
        lambda things: {
            "project_id": things.project,
            "email": "guest@example.org",
            "permissions": ["view"],
        }
    ),
    "join_collaboration": GET,
    "list_collaborators": GET,
    "remove_collaborator": GONE,
    "leave_project": GONE,
    "export_project": json(lambda _: {"format": "midi"}),
    "get_export": GET,
    "get_health": GET,
    "get_readiness": GET,
    "get_version": GET,
    "get_metrics": GET,
    "get_first_page": GET,
    "get_page_file": GET,
    "get_docs": GET,
    "get_redoc": GET,
    "get_docs_file": GET,
    "get_openapi": GET,
    "list_problems": GET,
    "get_problem": GET,
}

ARGS: dict[str, Callable[[Things], dict[str, Any]]] = {
    "set_parameter": lambda _: {"path": "session/tempo", "value": 97},
    "transport": lambda _: {"action": "stop"},
    "set_chords": lambda _: {"chords": [{"start": 0, "length": 3840, "chord": "A:min"}]},
    "set_form": lambda _: {"bars": 4},
    "adopt_analysis": lambda things: {"analysis_id": things.analysis},
    "generate": lambda _: {"engine": "bassaroo", "bars": 1},
    "cancel_generation": lambda things: {"generation_id": things.generation},
    "regenerate": lambda _: {"part": "drums", "bars": [1]},
    "select_take": lambda things: {"part": "drums", "take_id": things.take},
    "commit_take": lambda things: {"part": "drums", "take_id": things.take},
    "lock": lambda _: {"part": "drums", "bars": [1]},
    "unlock": lambda _: {"part": "drums"},
    "edit_notes": lambda _: {"part": "drums"},
    "set_clock_source": lambda _: {"source": "session"},
    "map_control": lambda _: {"channel": 1, "number": 74, "path": "drums/complexity"},
    "unmap_control": lambda _: {"channel": 1, "number": 74},
    "learn_control": lambda _: {"path": "drums/complexity"},
    "launch_clip": lambda _: {"part": "drums"},
    "undo": lambda _: {},
    "redo": lambda _: {},
}


def path_of(template: str, things: Things) -> str:
    """A path template with the ids of one project in it."""
    names = {
        "project_id": things.project,
        "session_id": things.project,
        "generation_id": things.generation,
        "take_id": things.take,
        "analysis_id": things.analysis,
        "export_id": things.export,
        "asset_id": things.asset,
        "user_id": things.member,
        "login_id": things.export,
        "pairing_id": things.export,
        "invitation_token": "unknown",
        "code": "not-found",
    }
    if "{name}" in template:
        names["name"] = "redoc.js" if template.startswith("/docs") else "page.js"
    return template.format(**names)


def command(name: str) -> Sample:
    """A sample of one command of the session."""
    return json(lambda things: {"name": name, "args": ARGS[name](things)})


assert set(ARGS) == set(COMMANDS), "each command needs arguments here"
