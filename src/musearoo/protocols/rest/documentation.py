"""The OpenAPI document, from the declared routes."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final, get_args

import msgspec
from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from musearoo.protocols.rest.bodies import JsonBody, StructBody
from musearoo.protocols.rest.problems import MEDIA_TYPE, TITLES, Code, HttpCode, Problem, type_of
from musearoo.protocols.rest.routing import Declared, Route

_REF: Final = "#/components/schemas/{name}"
_SCHEME: Final = "bearer"
_BUILT: Final[dict[str, dict[str, Any]]] = {}
_TAGS: Final = (
    ("auth", "Accounts and logins."),
    ("user", "Your own account."),
    ("projects", "Projects: a piece of music in the making."),
    ("analyses", "Recordings in, musical context out."),
    ("generations", "Parts played by engines."),
    ("takes", "Parts, takes and engines."),
    ("sessions", "State, events and commands of a project's session."),
    ("collaboration", "Invitations and collaborators."),
    ("exports", "The project as files."),
    ("assets", "Files behind signed links."),
    ("passes", "Tickets and pairings for the other doors."),
    ("health", "Whether the server lives."),
)
DESCRIPTION: Final = (
    "A music server: play it a riff, get a band that follows. Refusals are "
    "[problems](/problems) (RFC 9457). `Idempotency-Key` makes a repeated request harmless for "
    "24 hours. Lists page by `limit` and `offset`, with `Link` and `X-Total-Count`."
)


def documented(declared: Declared) -> dict[str, Any]:
    """What FastAPI shall know of a route."""
    extra = {key: value for key, value in declared.extra.items() if key not in {"form", "links"}}
    return {
        "operation_id": declared.name,
        "name": declared.name,
        "tags": [declared.tag],
        "summary": _summary(declared),
        "description": _description(declared),
        "responses": _responses(declared),
        "openapi_extra": _operation(declared),
        "status_code": next(iter(declared.answers)),
        **extra,
    }


def write_openapi(app: FastAPI) -> None:
    """Keep the document, as value and as bytes, with the application; built once a process."""
    if app.version not in _BUILT:
        _BUILT[app.version] = openapi_of(app)
    document = _BUILT[app.version]
    app.openapi_schema = document
    app.openapi = lambda: document  # type: ignore[method-assign]
    app.state.openapi = msgspec.json.encode(document)


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The document."""
    app.openapi_tags = [{"name": name, "description": text} for name, text in _TAGS]
    app.description = DESCRIPTION
    document = app.openapi()
    routes = [route.declared for route in app.routes if isinstance(route, Route)]
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update(_answer_schemas(routes))
    schemas.update(_body_schemas(routes))
    person = schemas["UserProfile"]["properties"]
    person["accessibility_settings"] = {"$ref": _REF.format(name="AccessibilitySettings")}
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    components["securitySchemes"] = {
        _SCHEME: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token of a login, good for ten minutes.",
        }
    }
    _tidy(document)
    return document


def _summary(declared: Declared) -> str:
    return declared.name.replace("_", " ").capitalize()


def _description(declared: Declared) -> str:
    text = " ".join(
        line.strip() or "\n\n" for line in (declared.endpoint.__doc__ or "").splitlines()
    )
    return f"{text.strip()}\n\n{declared.policy.words}"


def _responses(declared: Declared) -> dict[int | str, dict[str, Any]]:
    responses: dict[int | str, dict[str, Any]] = {}
    for status, shape in declared.answers.items():
        responses[status] = {
            "description": HTTPStatus(status).phrase,
            **_headers(declared, status),
            **({"content": _content(shape)} if shape is not None else {}),
            **_links(declared, shape),
        }
    for status, codes in _by_status(declared.codes).items():
        responses.setdefault(status, _problem(status, codes))
    return responses


def _links(declared: Declared, shape: Any) -> dict[str, Any]:
    """Where to go on from an answer: operation by operation, the parameter and its source."""
    if "links" not in declared.extra or shape is None:
        return {}
    links = {
        name: {"operationId": name, "parameters": {parameter: f"$response.body#/{source}"}}
        for name, (parameter, source) in declared.extra["links"].items()
    }
    return {"links": links}


def _content(shape: Any) -> dict[str, Any]:
    if isinstance(shape, str):
        return {shape: {"schema": {"type": "string"}}}
    return {"application/json": {"schema": _schema_of(shape)}}


def _schema_of(shape: Any) -> dict[str, Any]:
    members = get_args(shape)
    if members:
        return {"type": "array", "items": _schema_of(members[0])}
    return {"$ref": _REF.format(name=shape.__name__)}


def _by_status(codes: Iterable[Code]) -> dict[int, list[Code]]:
    found: dict[int, list[Code]] = {}
    for code in codes:
        found.setdefault(TITLES[code][0], []).append(code)
    return found


def _problem(status: int, codes: list[Code]) -> dict[str, Any]:
    return {
        "description": "; ".join(TITLES[code][1] for code in codes),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": _REF.format(name="Problem")},
                "examples": {str(code): {"value": _example(status, code)} for code in codes},
            }
        },
    }


def _example(status: int, code: Code) -> dict[str, Any]:
    return {
        "type": type_of(code),
        "title": TITLES[code][1],
        "status": status,
        "detail": "What is wrong, and what to do about it.",
        "code": str(code),
    }


def _headers(declared: Declared, status: int) -> dict[str, Any]:
    names: list[str] = []
    if declared.limited:
        names += ["RateLimit", "RateLimit-Policy"]
    if status in {201, 202} and HttpCode.MALFORMED in declared.codes:
        names.append("Location")
    if 304 in declared.answers:
        names.append("ETag")
    if not names:
        return {}
    return {"headers": {name: {"schema": {"type": "string"}} for name in names}}


def _operation(declared: Declared) -> dict[str, Any]:
    operation: dict[str, Any] = {}
    body = declared.body
    if body is not None:
        operation["requestBody"] = {
            "required": not body.optional,
            "content": {
                "application/json": {"schema": {"$ref": _REF.format(name=body.model.__name__)}}
            },
        }
    if "form" in declared.extra:
        operation["requestBody"] = _form(declared.extra["form"])
    if declared.policy.kind in {"login", "project"}:
        operation["security"] = [{_SCHEME: []}]
    if declared.repeatable:
        operation["parameters"] = [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "The same key and request give the first answer for 24 h.",
                "schema": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 128,
                    "pattern": "^[ -~]+$",
                },
            }
        ]
    return operation


def _form(model: type[BaseModel]) -> dict[str, Any]:
    fields = model.model_json_schema(ref_template=_REF.replace("{name}", "{model}"))["properties"]
    recording = {"type": "string", "format": "binary", "description": "WAV, MP3, FLAC, AIFF or OGG"}
    return {
        "required": False,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"audio_file": recording, **fields}}
            },
            "application/json": {"schema": {"$ref": _REF.format(name=model.__name__)}},
        },
    }


def _answer_schemas(routes: list[Declared]) -> dict[str, Any]:
    shapes = [Problem]
    for declared in routes:
        for shape in declared.answers.values():
            shapes += [each for each in (*get_args(shape), shape) if _is_struct(each)]
        if isinstance(declared.body, StructBody):
            shapes.append(declared.body.model)
    unique = list(dict.fromkeys(shapes))
    _, components = msgspec.json.schema_components(unique, ref_template=_REF)
    return components


def _is_struct(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, msgspec.Struct)


def _body_schemas(routes: list[Declared]) -> dict[str, Any]:
    models = [each.body.model for each in routes if isinstance(each.body, JsonBody)]
    models += [each.extra["form"] for each in routes if "form" in each.extra]
    _, schema = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)],
        ref_template=_REF.replace("{name}", "{model}"),
    )
    definitions: dict[str, Any] = schema.get("$defs", {})
    return definitions


def _tidy(document: dict[str, Any]) -> None:
    """Undo what FastAPI assumes: its own 422, and JSON where there is no body."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if MEDIA_TYPE in content or status in {"204", "304", "202"}:
                    schema = content.get("application/json", {}).get("schema", {})
                    if "$ref" not in schema and "items" not in schema:
                        content.pop("application/json", None)
                    if not content:
                        response.pop("content", None)
