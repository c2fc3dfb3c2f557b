"""The WebSocket wire format without a socket: frames to typed messages and back.

A client's frame becomes an `Incoming` by `decode` (or `decode_records` for binary ones) or is
refused with `FrameRefused`; `acts_of` says what it asks of the conductor. The server's own
messages are `Outgoing` and leave by `encode`; session events leave as `SharedEvent`. `MESSAGES`
says how each type is queued and which right it needs. The `data` of outgoing messages
(`AckData`, `ErrorData` ...) is in `musearoo.codecs.ws.outgoing`.
"""

from musearoo.codecs.ws.acts import acts_of, moment_of
from musearoo.codecs.ws.bars import encode_bar
from musearoo.codecs.ws.binary import (
    decode_records,
    encode_ack,
    encode_audio,
    encode_clock,
    encode_note,
    encode_parameter,
    encode_progress,
    spans,
)
from musearoo.codecs.ws.close import CloseCode, is_final, may_resume
from musearoo.codecs.ws.handles import HandleTable
from musearoo.codecs.ws.happened import ServerFrame, decode_server, state_of
from musearoo.codecs.ws.incoming import (
    AudioStreamData,
    AudioStreamEnd,
    AudioStreamStart,
    AuthRefresh,
    ChatMessage,
    CommandMessage,
    CursorPosition,
    GenerationRequest,
    Heartbeat,
    Incoming,
    ParameterChange,
    Reconnect,
    SessionJoin,
    SessionLeave,
    UserPresence,
    VoiceCommand,
)
from musearoo.codecs.ws.outgoing import (
    AckMessage,
    AuthExpiring,
    CursorMoved,
    DraftMessage,
    ErrorMessage,
    GenerationProgress,
    GoingAway,
    HeartbeatAck,
    Limits,
    Notice,
    Outgoing,
    ParameterHandle,
    PresenceChange,
    Present,
    Reconnected,
    Welcome,
)
from musearoo.codecs.ws.records import (
    AckRecord,
    AudioRecord,
    BarRecord,
    ClockRecord,
    Header,
    NoteAction,
    NoteRecord,
    ParameterRecord,
    ProgressRecord,
    Record,
    RecordType,
    ValueKind,
    restamp,
)
from musearoo.codecs.ws.refusal import (
    MAXIMUM_FIRST_FRAME,
    MAXIMUM_FRAME,
    FrameFault,
    FrameRefused,
)
from musearoo.codecs.ws.shared import SharedEvent, key_of
from musearoo.codecs.ws.table import (
    MESSAGES,
    MessageClass,
    MessageRule,
    coalescing_key,
)
from musearoo.codecs.ws.text import decode, encode

SUBPROTOCOL_JSON = "musearoo.v3.json"
SUBPROTOCOL_BINARY = "musearoo.v3.bin"

__all__ = [
    "MAXIMUM_FIRST_FRAME",
    "MAXIMUM_FRAME",
    "MESSAGES",
    "SUBPROTOCOL_BINARY",
    "SUBPROTOCOL_JSON",
    "AckMessage",
    "AckRecord",
    "AudioRecord",
    "AudioStreamData",
    "AudioStreamEnd",
    "AudioStreamStart",
    "AuthExpiring",
    "AuthRefresh",
    "BarRecord",
    "ChatMessage",
    "ClockRecord",
    "CloseCode",
    "CommandMessage",
    "CursorMoved",
    "CursorPosition",
    "DraftMessage",
    "ErrorMessage",
    "FrameFault",
    "FrameRefused",
    "GenerationProgress",
    "GenerationRequest",
    "GoingAway",
    "HandleTable",
    "Header",
    "Heartbeat",
    "HeartbeatAck",
    "Incoming",
    "Limits",
    "MessageClass",
    "MessageRule",
    "NoteAction",
    "NoteRecord",
    "Notice",
    "Outgoing",
    "ParameterChange",
    "ParameterHandle",
    "ParameterRecord",
    "PresenceChange",
    "Present",
    "ProgressRecord",
    "Reconnect",
    "Reconnected",
    "Record",
    "RecordType",
    "ServerFrame",
    "SessionJoin",
    "SessionLeave",
    "SharedEvent",
    "UserPresence",
    "ValueKind",
    "VoiceCommand",
    "Welcome",
    "acts_of",
    "coalescing_key",
    "decode",
    "decode_records",
    "decode_server",
    "encode",
    "encode_ack",
    "encode_audio",
    "encode_bar",
    "encode_clock",
    "encode_note",
    "encode_parameter",
    "encode_progress",
    "is_final",
    "key_of",
    "may_resume",
    "moment_of",
    "restamp",
    "spans",
    "state_of",
]
