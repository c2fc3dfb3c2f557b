"""Every message type in one table: who sends it, how it is queued, which right it needs."""

from enum import StrEnum
from typing import Any, Final, Literal

import msgspec

from musearoo.domain.permissions import Permission

Key = tuple[str, ...]


class MessageClass(StrEnum):
    """What may become of a message on its way to a slow reader.

    STATE: numbered; only the last of each key need arrive, skipped ranges are announced.
    EVENT: numbered, never dropped; a reader too far behind is closed and resumes.
    LATEST: unnumbered; only the last of each key need arrive.
    LOSSY: a stream with its own counter; the oldest goes first.
    CONTROL: small and unnumbered; never behind data.
    """

    STATE = "state"
    EVENT = "event"
    LATEST = "latest"
    LOSSY = "lossy"
    CONTROL = "control"


class MessageRule(msgspec.Struct, frozen=True):
    """What is known of a message type.

    `key` names the fields of the server's `data` that, with the type, make the coalescing
    key. `permission` is the right a client needs to send it; None asks for no more than
    having joined, or depends on what is asked.
    """

    sent_by: Literal["client", "server", "both"]
    message_class: MessageClass
    meaning: str
    permission: Permission | None = None
    key: Key = ()


_STATE, _EVENT, _LATEST, _LOSSY, _CONTROL = MessageClass
_VIEW, _EDIT, _GENERATE = Permission.VIEW, Permission.EDIT, Permission.GENERATE

MESSAGES: Final[dict[str, MessageRule]] = {
    "session_join": MessageRule("client", _CONTROL, "Come in; the first message"),
    "reconnect": MessageRule("both", _CONTROL, "Come in again; or what became of the order"),
    "welcome": MessageRule("server", _CONTROL, "You are in, and this is where it stands"),
    "session_leave": MessageRule("client", _CONTROL, "Goodbye"),
    "user_presence": MessageRule("both", _LATEST, "Who is here", _VIEW, ("connection",)),
    "cursor_position": MessageRule(
        "both", _LATEST, "Where somebody points", _VIEW, ("connection",)
    ),
    "parameter_change": MessageRule("both", _STATE, "A parameter's value", _EDIT, ("path",)),
    "tempo_change": MessageRule("server", _EVENT, "The tempo is another"),
    "generation_request": MessageRule("both", _EVENT, "Play a part; it will be played", _GENERATE),
    "generation_progress": MessageRule(
        "server", _LATEST, "How far it is", None, ("generation_id", "kind")
    ),
    "take_bar": MessageRule("server", _EVENT, "One bar of notes of a take"),
    "generation_complete": MessageRule("server", _EVENT, "A take is stored and selected"),
    "generation_error": MessageRule("server", _EVENT, "A generation ended without a take"),
    "draft": MessageRule(
        "server", _LATEST, "Of a draft, to its asker", None, ("generation_id", "name", "bar")
    ),
    "voice_command": MessageRule("client", _CONTROL, "Say what shall happen", _VIEW),
    "chat_message": MessageRule("both", _EVENT, "Words for everyone", _VIEW),
    "audio_stream_start": MessageRule("both", _EVENT, "Audio begins", _EDIT),
    "audio_stream_data": MessageRule("client", _LOSSY, "Audio (base64)", _EDIT),
    "audio_stream_end": MessageRule("both", _EVENT, "Audio ended", _EDIT),
    "command": MessageRule("client", _CONTROL, "Any command of the closed list"),
    "event": MessageRule("server", _EVENT, "Any event that has no type of its own"),
    "heartbeat": MessageRule("client", _CONTROL, "Still here, and what is the time?"),
    "heartbeat_ack": MessageRule("server", _CONTROL, "Three clock readings"),
    "auth_refresh": MessageRule("both", _CONTROL, "Renew the login; asked for and given"),
    "ack": MessageRule("server", _CONTROL, "Done"),
    "error": MessageRule("server", _CONTROL, "Refused, and why"),
    "notice": MessageRule("server", _CONTROL, "Done otherwise than asked, or good to know"),
    "going_away": MessageRule("server", _CONTROL, "The server asks to reconnect"),
}
SENT_BY_CLIENTS: Final = frozenset(n for n, rule in MESSAGES.items() if rule.sent_by != "server")
SENT_BY_SERVER: Final = frozenset(n for n, rule in MESSAGES.items() if rule.sent_by != "client")


def coalescing_key(message_type: str, data: Any) -> Key | None:
    """What a newer message of the same key replaces; None for what is never replaced.

    `data` is the message's, as a struct or an event with the fields that the table names.
    """
    fields = MESSAGES[message_type].key
    if not fields:
        return None
    return (message_type, *[str(getattr(data, field)) for field in fields])
