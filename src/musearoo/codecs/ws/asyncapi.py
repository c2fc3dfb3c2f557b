"""The protocol as documents for machines: AsyncAPI 3 and JSON Schema, from the structs alone."""

from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec

from musearoo.codecs.events import Envelope, wire_type_of
from musearoo.codecs.ws.incoming import CommandData, Incoming
from musearoo.codecs.ws.outgoing import Outgoing, ReconnectedData, WelcomeData
from musearoo.codecs.ws.records import HEADER, RecordType
from musearoo.codecs.ws.shown import SHOWN, StateShown
from musearoo.codecs.ws.table import MESSAGES, MessageRule
from musearoo.domain.commands import COMMANDS
from musearoo.domain.events import Event

Schema = dict[str, Any]
Examples = Mapping[str, list[Any]]  # by message id, such as "client.chat_message"

PROTOCOL_VERSION: Final = "3.0.0"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PATH: Final = "/api/v3/ws"
_ABOUT: Final = (
    "Live sessions of MuseAroo. How to join, resume, keep time and read binary frames is told in "
    "docs/protocol/websocket.md; this lists the messages. Generated from musearoo.codecs.ws."
)


def json_schema() -> Schema:
    """Every message as JSON Schema: `$defs/ClientMessage` and `$defs/ServerMessage`."""
    messages, components = _schemas("#/$defs/{name}")
    sides = {
        "ClientMessage": _any_of(messages, "client"),
        "ServerMessage": _any_of(messages, "server"),
    }
    return {
        "$schema": _DIALECT,
        "$id": "https://musearoo.invalid/schema/websocket.json",
        "title": "Messages of the MuseAroo WebSocket",
        "description": _ABOUT,
        "anyOf": [{"$ref": f"#/$defs/{side}"} for side in sides],
        "$defs": {**sides, **components},
    }


def asyncapi(version: str = PROTOCOL_VERSION, examples: Examples | None = None) -> Schema:
    """The AsyncAPI 3.0 document, from the server's point of view: it receives from clients."""
    payloads, components = _schemas("#/components/schemas/{name}")
    messages = {
        name.replace(".", "_"): _message(name, payload, (examples or {}).get(name, []))
        for name, payload in payloads.items()
    }
    messages |= {"client_records": _records("client"), "server_records": _records("server")}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "MuseAroo live sessions",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {"host": "127.0.0.1:8000", "protocol": "ws"},
        },
        "channels": {
            "session": {
                "address": _PATH,
                "title": "One session",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {
            "fromClients": _operation("receive", "client_", messages),
            "toClients": _operation("send", "server_", messages),
        },
        "components": {"messages": messages, "schemas": components},
    }


def _schemas(template: str) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """The payload of each message id, and what the payloads refer to."""
    incoming, outgoing, events = get_args(Incoming), get_args(Outgoing), get_args(Event)
    shown = {event: SHOWN.get(event, event) for event in events}
    acts = (rule.act for rule in COMMANDS.values())
    kinds = (*incoming, *outgoing, *shown.values(), *acts, Envelope, StateShown)
    _, components = msgspec.json.schema_components(kinds, ref_template=template)
    _narrow_commands(components, template)
    for data in (WelcomeData, ReconnectedData):
        components[data.__name__]["properties"]["state"] = _ref(template, StateShown)
    envelope = components.pop(Envelope.__name__)
    payloads = {f"client.{_tag(kind)}": _ref(template, kind) for kind in incoming}
    payloads |= {f"server.{_tag(kind)}": _ref(template, kind) for kind in outgoing}
    for event, data in shown.items():
        type_, name = wire_type_of(event), f"{event.__name__}Message"
        components[event.__name__] = _event_data(components.pop(data.__name__), event)
        components[name] = _event_message(envelope, event, template)
        key = f"server.event.{_tag(event)}" if type_ == "event" else f"server.{type_}"
        payloads[key] = {"$ref": template.format(name=name)}
    return payloads, components


def _event_data(data: Schema, event: type[Event]) -> Schema:
    properties, required = dict(data["properties"]), list(data.get("required", ()))
    if "type" in required:  # the tag is the domain's own; on the wire it is `type` or `name`
        required.remove("type")
        del properties["type"]
    if wire_type_of(event) == "event":
        properties = {"name": {"const": _tag(event)}, **properties}
        required = ["name", *required]
    return {**data, "title": event.__name__, "properties": properties, "required": required}


def _event_message(envelope: Schema, event: type[Event], template: str) -> Schema:
    properties = {
        **envelope["properties"],
        "type": {"const": wire_type_of(event)},
        "data": _ref(template, event),
    }
    return {
        **envelope,
        "title": f"{event.__name__}Message",
        "description": (event.__doc__ or "").split("\n", 1)[0],
        "properties": properties,
    }


def _narrow_commands(components: dict[str, Schema], template: str) -> None:
    """Say which `args` go with which command name."""
    components[CommandData.__name__]["oneOf"] = [
        {"properties": {"name": {"const": name}, "args": _ref(template, rule.act)}}
        for name, rule in COMMANDS.items()
    ]


def _message(name: str, payload: Schema, examples: list[Any]) -> Schema:
    type_ = name.split(".")[1]
    rule = MESSAGES[type_]
    message: Schema = {
        "name": name.split(".", 1)[1],
        "title": rule.meaning,
        "contentType": "application/json",
        "payload": payload,
        "x-message-class": rule.message_class.value,
    }
    if name.startswith("client."):
        message |= _right(rule)
    elif rule.key:
        message["x-coalescing-key"] = ["type", *(f"data.{field}" for field in rule.key)]
    if examples:
        message["examples"] = [{"payload": example} for example in examples]
    return message


def _right(rule: MessageRule) -> Schema:
    return {"x-permission": rule.permission.value} if rule.permission is not None else {}


def _records(side: str) -> Schema:
    return {
        "name": "records",
        "title": "Binary records, back to back (subprotocol musearoo.v3.bin)",
        "contentType": "application/octet-stream",
        "payload": {"type": "string", "format": "binary", "minLength": HEADER.size},
        "x-record-types": {kind.name.lower(): kind.value for kind in RecordType},
        "x-sent-by": side,
    }


def _operation(action: str, prefix: str, messages: Mapping[str, Schema]) -> Schema:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/session"},
        "messages": [
            {"$ref": f"#/channels/session/messages/{name}"}
            for name in messages
            if name.startswith(prefix)
        ],
    }


def _any_of(messages: Mapping[str, Schema], side: str) -> Schema:
    return {"anyOf": [schema for name, schema in messages.items() if name.startswith(side)]}


def _ref(template: str, kind: type) -> Schema:
    return {"$ref": template.format(name=kind.__name__)}


def _tag(kind: type) -> str:
    return str(kind.__struct_config__.tag)  # type: ignore[attr-defined]
