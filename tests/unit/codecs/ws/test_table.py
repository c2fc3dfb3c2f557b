"""The table of message types covers what is sent, and the machine-readable documents follow it."""

import re
from typing import Any, get_args

import jsonschema
import msgspec
import pytest

from musearoo.codecs.events import EVENT_TYPES, wire_type
from musearoo.codecs.ws import MESSAGES, MessageClass, coalescing_key
from musearoo.codecs.ws.asyncapi import asyncapi, json_schema
from musearoo.codecs.ws.incoming import Incoming
from musearoo.codecs.ws.outgoing import CursorMovedData, Outgoing
from musearoo.domain.events import is_state_class
from tools import ws_samples

FOUNDING_TYPES = (
    "session_join", "session_leave", "user_presence", "generation_request", "generation_progress",
    "generation_complete", "generation_error", "parameter_change", "cursor_position",
    "voice_command", "chat_message", "audio_stream_start", "audio_stream_data",
    "audio_stream_end", "heartbeat", "error", "reconnect",
)  # fmt: skip


def tags(union: Any) -> set[str]:
    return {str(kind.__struct_config__.tag) for kind in get_args(union)}


def test_founding_types_are_all_there() -> None:
    """All 17 of them."""
    assert len(FOUNDING_TYPES) == 17
    assert set(FOUNDING_TYPES) <= set(MESSAGES)


def test_table_and_structs_agree() -> None:
    """Each type that is read or written has a row with the right direction, and no other has."""
    from_clients = {name for name, rule in MESSAGES.items() if rule.sent_by != "server"}
    from_server = {name for name, rule in MESSAGES.items() if rule.sent_by != "client"}
    assert tags(Incoming) == from_clients
    assert tags(Outgoing) | set(EVENT_TYPES) == from_server


def test_classes_are_those_of_the_domain() -> None:
    """What may be coalesced on the wire is what may be lost in a crash, and nothing else."""
    for event in ws_samples.session_events():
        name = wire_type(event)
        wanted = MessageClass.STATE if is_state_class(event) else MessageClass.EVENT
        assert wanted is MESSAGES[name].message_class


def test_keys_name_what_is_replaced() -> None:
    """A cursor replaces the same connection's cursor; chat replaces nothing."""
    cursor = CursorMovedData(connection="c", bar=1)
    assert ("cursor_position", "c") == coalescing_key("cursor_position", cursor)
    assert coalescing_key("chat_message", None) is None


def test_document_refers_only_to_what_it_holds() -> None:
    """Every reference resolves, and every schema is used."""
    document = asyncapi(examples=ws_samples.examples())
    text = msgspec.json.encode(document).decode()
    used = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert set(document["components"]["schemas"]) == used
    messages = set(re.findall(r'"#/components/messages/(\w+)"', text))
    assert set(document["components"]["messages"]) == messages
    listed = set(re.findall(r'"#/channels/session/messages/(\w+)"', text))
    assert messages == listed


def test_document_has_an_example_of_every_message() -> None:
    """So that a client's author sees each one."""
    document = asyncapi(examples=ws_samples.examples())
    without = [
        name
        for name, message in document["components"]["messages"].items()
        if "examples" not in message and not name.endswith("_records")
    ]
    assert [] == without
    assert "examples" not in asyncapi()["components"]["messages"]["client_heartbeat"]


def test_the_schema_is_one() -> None:
    """Of the draft that it names."""
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("side", ["client", "server"])
def test_examples_follow_the_schema(side: str) -> None:
    """What is sent is what the documents say."""
    schema = json_schema()
    side_of = {**schema, "anyOf": [{"$ref": f"#/$defs/{side.title()}Message"}]}
    validator = jsonschema.Draft202012Validator(side_of)
    for name, examples in ws_samples.examples().items():
        if name.startswith(side):
            for example in examples:
                validator.validate(example)


def test_schema_refuses_what_the_codec_refuses() -> None:
    """A misspelled field, a join with two passes."""
    schema = {**json_schema(), "anyOf": [{"$ref": "#/$defs/ClientMessage"}]}
    validator = jsonschema.Draft202012Validator(schema)
    for data in ({"ticket": "t", "resume_token": "r"}, {"tickt": "t"}):
        assert not validator.is_valid({"type": "session_join", "data": data})
