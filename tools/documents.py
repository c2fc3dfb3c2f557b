"""Documents that are written from the code: REST, WebSocket, commands, engines."""

from collections.abc import Iterator

import msgspec

from musearoo.app.serve import openapi_document
from musearoo.codecs.ws import asyncapi as websocket
from musearoo.domain.commands import COMMANDS
from musearoo.domain.engine import ParameterSpec
from musearoo.domain.errors import MuseArooError
from musearoo.engines.loading import load_engines
from tools import ws_samples


def openapi() -> str:
    """The REST API (docs/protocol/openapi.json)."""
    return msgspec.json.format(openapi_document(), indent=1).decode() + "\n"


def asyncapi() -> str:
    """The WebSocket's messages (docs/protocol/websocket.asyncapi.json)."""
    document = websocket.asyncapi(examples=ws_samples.examples())
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def websocket_schema() -> str:
    """The same as JSON Schema alone (docs/protocol/websocket.schema.json)."""
    document = msgspec.json.encode(websocket.json_schema())
    return msgspec.json.format(document, indent=1).decode() + "\n"


def commands() -> str:
    """The closed list of commands (docs/protocol/commands.md)."""
    return "\n".join(
        [
            "# Session commands",
            "",
            "Every change of a session is one of these, whatever door it comes through. REST:",
            '`POST /api/v3/sessions/{id}/commands` with `{"name", "args", "at", "id"}`.',
            "",
            "`at` is `now`, `next_beat`, `next_bar` or `bar N`; `id` makes a repeat harmless for",
            "24 hours. Without `at`, takes land at the next bar and all else now.",
            "",
            "Generated from `musearoo.domain.commands`; do not edit.",
            "",
            "| command | right | what it does | args |",
            "|---|---|---|---|",
            *(
                f"| `{name}` | {rule.permission} | {rule.meaning} | {_arguments(rule.act)} |"
                for name, rule in COMMANDS.items()
            ),
            "",
        ]
    )


def engines() -> str:
    """Engines and parameters (docs/guide/engines.md)."""
    return "\n".join(_engines())


def errors() -> str:
    """The closed list of refusals (docs/protocol/problems.md)."""
    rows = sorted(_refusals(MuseArooError), key=lambda each: (each.http_status, each.code))
    return "\n".join(
        [
            "# Problems",
            "",
            "Every refusal is one of these, as `application/problem+json` (RFC 9457) with a",
            "`detail` that says what to do. Generated from `musearoo.domain.errors`; do not edit.",
            "",
            "| code | status | meaning |",
            "|---|---|---|",
            *(f"| `{each.code}` | {each.http_status} | {_first_line(each)} |" for each in rows),
            "",
        ]
    )


def _engines() -> Iterator[str]:
    yield "# Engines and their controls"
    yield ""
    yield "`GET /api/v3/engines` answers the same. A parameter of a part is set as `<part>/<name>`,"
    yield "such as `drums/complexity`. Generated from the engines; do not edit."
    for engine in load_engines().values():
        description = engine.description
        yield ""
        yield f"## {description.title} (`{description.name}`, part `{description.default_part}`)"
        yield ""
        yield f"Voices: {', '.join(description.voices)}."
        yield ""
        yield "| parameter | values | default | meaning |"
        yield "|---|---|---|---|"
        for spec in description.parameters:
            yield f"| `{spec.name}` | {_values(spec)} | {_shown(spec.default)} | {spec.meaning} |"
    yield ""


def _values(spec: ParameterSpec) -> str:
    if spec.kind == "choice":
        return ", ".join(spec.choices)
    if spec.kind == "boolean":
        return "true, false"
    return f"{spec.minimum:g} to {spec.maximum:g}{f' {spec.unit}' if spec.unit else ''}"


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _arguments(act: type) -> str:
    fields = msgspec.structs.fields(act)
    return ", ".join(f"`{f.name}`{'' if f.required else '?'}" for f in fields) or "none"


def _refusals(root: type[MuseArooError]) -> Iterator[type[MuseArooError]]:
    for refusal in root.__subclasses__():
        if refusal.__module__ == root.__module__:
            yield refusal
            yield from _refusals(refusal)


def _first_line(refusal: type) -> str:
    return (refusal.__doc__ or "").splitlines()[0]
