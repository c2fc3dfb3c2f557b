"""Messages of clients, one type each (contract §3).

The envelope of the founding document: `type`, `message_id`, `data`. Who sends it, where and
when follow from the connection; `user_id` and `timestamp` are skipped unread. Fields of `data`
that are not listed here are refused, so that a misspelling is heard of.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from musearoo.codecs.ws.fields import (
    AudioCodec,
    BarNumber,
    Beat,
    Channels,
    Id,
    MessageId,
    Moment,
    Name,
    Path,
    PathValues,
    Pitch,
    PresenceStatus,
    SampleRate,
    Seconds,
    Secret,
    Seq,
    StreamNumber,
    Value,
    Values,
)
from musearoo.domain.records import QualityTarget


def _no_args() -> msgspec.Raw:
    return msgspec.Raw(b"{}")


def _one_of(*names: str) -> Meta:
    return Meta(extra_json_schema={"oneOf": [{"required": [name]} for name in names]})


class _Data(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,
):
    pass


class JoinData(_Data, frozen=True):
    """Proof of who this is, and what of the session is known already.

    With `epoch` and `last_seq` the missing events are replayed if the log still has them.
    `instance` names this client program for as long as it runs; the ids of its binary
    records are `<instance>:<counter>`.
    """

    ticket: Secret | None = None
    resume_token: Secret | None = None
    epoch: Id | None = None
    last_seq: Seq | None = None
    instance: Id | None = None
    device: Name | None = None
    version: Literal[3] = 3

    def __post_init__(self) -> None:
        if (self.ticket is None) == (self.resume_token is None):
            raise ValueError("send either `ticket` or `resume_token`")
        if self.last_seq is not None and self.epoch is None:
            raise ValueError("`last_seq` counts inside an `epoch`; send both")


class EmptyData(_Data, frozen=True):
    """Nothing."""


class PresenceData(_Data, frozen=True):
    """How present this person is, and on what device."""

    status: PresenceStatus = "active"
    device: Name | None = None


class AudioContext(_Data, frozen=True):
    """What a generation listens to: an asset, an analysis, or a live audio stream."""

    asset_id: Id | None = None
    analysis_id: Id | None = None
    stream: StreamNumber | None = None

    def __post_init__(self) -> None:
        given = (self.asset_id, self.analysis_id, self.stream)
        if sum(each is not None for each in given) != 1:
            raise ValueError("send one of `asset_id`, `analysis_id` and `stream`")


class GenerationData(_Data, frozen=True):
    """A part to be played; left-out parameters are the project's."""

    engine: Name
    parameters: Values = {}
    audio_context: Annotated[AudioContext, _one_of("asset_id", "analysis_id", "stream")] | None = (
        None
    )
    part: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    bars: Annotated[int, Meta(ge=1, le=256)] | None = None
    seed: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None
    style_hints: Annotated[tuple[Name, ...], Meta(max_length=8)] = ()
    quality_target: QualityTarget = "balanced"
    draft: bool = False
    at: Moment | None = None


class ParameterData(_Data, frozen=True):
    """`path` and `value`; or several at once as `parameters` (the founding document's form)."""

    path: Path | None = None
    value: Value | None = None
    gesture: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    at: Moment | None = None
    parameters: PathValues | None = None

    def __post_init__(self) -> None:
        if self.path is None:
            if self.parameters is None or self.value is not None:
                raise ValueError("send `path` with `value`, or `parameters`")
        elif self.value is None or self.parameters is not None:
            raise ValueError("send `path` with `value`, or `parameters`")


class CursorData(_Data, frozen=True):
    """Where somebody points, in the music: `beat` in quarter notes from 0 inside the bar."""

    bar: BarNumber
    beat: Beat = 0.0
    pitch: Pitch | None = None
    track: Name | None = None


class VoiceData(_Data, frozen=True):
    """Words, or their recording (base64); words count where both came.

    A long recording comes in pieces: `more` says that another follows, and with `recorded` it
    has come already, in audio records of stream 0. `codec` and `rate` of the last message
    count. `confirm` says yes to what was asked back.
    """

    command: Annotated[str, Meta(max_length=500)] | None = None
    audio_data: bytes | None = None
    codec: Literal["wav", "pcm_s16le", "pcm_f32le", "opus", "flac"] = "wav"
    rate: SampleRate = 16_000
    confirm: bool = False
    more: bool = False
    recorded: bool = False

    def __post_init__(self) -> None:
        if not self.command and not self.audio_data and not self.recorded:
            raise ValueError("send `command`, `audio_data` or `recorded`")


class ChatData(_Data, frozen=True):
    """Words for everyone; `@bar 12` points at a place."""

    text: Annotated[str, Meta(min_length=1, max_length=2_000)]


class StreamStartData(_Data, frozen=True):
    """Audio is about to come; the `ack` gives the stream's number.

    `steer` names a part whose intensity and follow go with what is heard (PCM only).
    """

    codec: AudioCodec
    rate: SampleRate
    channels: Channels = 1
    record: bool = True
    steer: Annotated[str, Meta(min_length=1, max_length=40)] | None = None


class StreamAudioData(_Data, frozen=True):
    """Audio in base64, for clients without binary frames; `position` counts sample frames.

    Without `stream` it belongs to the stream that this connection started last.
    """

    audio_data: bytes
    position: Seq | None = None
    stream: StreamNumber | None = None


class StreamEndData(_Data, frozen=True):
    """No more audio will come; without `stream`, of the one started last."""

    stream: StreamNumber | None = None


class HeartbeatData(_Data, frozen=True):
    """`t0` is the client's own clock in seconds; `last_seq` the last event it has."""

    t0: Seconds | None = None
    last_seq: Seq | None = None


class CommandData(_Data, frozen=True):
    """Any command of the closed list (docs/protocol/commands.md); `args` as it asks."""

    name: Annotated[str, Meta(min_length=1, max_length=40)]
    args: msgspec.Raw = msgspec.field(default_factory=_no_args)
    at: Moment | None = None


class RefreshData(_Data, frozen=True):
    """A new proof for a connection that lives longer than its token."""

    ticket: Secret | None = None
    token: Secret | None = None

    def __post_init__(self) -> None:
        if (self.ticket is None) == (self.token is None):
            raise ValueError("send either `ticket` or `token`")


class Message(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True, gc=False
):
    """What all messages of clients carry.

    `message_id` makes a repeat harmless for 24 hours and comes back as `cause`. `session_id`
    may be left out; one that is not this connection's own is the room's to refuse.
    """

    message_id: MessageId | None = None
    session_id: Id | None = None


class SessionJoin(Message, frozen=True, tag="session_join"):
    """The first message of a connection; answered by `welcome`."""

    data: Annotated[JoinData, _one_of("ticket", "resume_token")]


class Reconnect(SessionJoin, frozen=True, tag="reconnect"):
    """The same as `session_join`, under the founding document's name."""


class SessionLeave(Message, frozen=True, tag="session_leave"):
    """Goodbye: the others hear of it at once, and the server closes with 1000."""

    data: EmptyData = EmptyData()


class UserPresence(Message, frozen=True, tag="user_presence"):
    """The sender's own status."""

    data: PresenceData


class GenerationRequest(Message, frozen=True, tag="generation_request"):
    """Play a part; bars come as `take_bar`."""

    data: GenerationData


class ParameterChange(Message, frozen=True, tag="parameter_change"):
    """Set parameters."""

    data: Annotated[ParameterData, _one_of("path", "parameters")]


class CursorPosition(Message, frozen=True, tag="cursor_position"):
    """Where the sender points."""

    data: CursorData


class VoiceCommand(Message, frozen=True, tag="voice_command"):
    """Say what shall happen."""

    data: VoiceData


class ChatMessage(Message, frozen=True, tag="chat_message"):
    """Say something to the others."""

    data: ChatData


class AudioStreamStart(Message, frozen=True, tag="audio_stream_start"):
    """Begin to send audio."""

    data: StreamStartData


class AudioStreamData(Message, frozen=True, tag="audio_stream_data"):
    """Send audio."""

    data: StreamAudioData


class AudioStreamEnd(Message, frozen=True, tag="audio_stream_end"):
    """Stop sending audio."""

    data: StreamEndData = StreamEndData()


class Heartbeat(Message, frozen=True, tag="heartbeat"):
    """Still here; answered by `heartbeat_ack` with three clock readings."""

    data: HeartbeatData = HeartbeatData()


class CommandMessage(Message, frozen=True, tag="command"):
    """Carry out a command that has no type of its own."""

    data: CommandData


class AuthRefresh(Message, frozen=True, tag="auth_refresh"):
    """Prove anew who this is, on the living connection."""

    data: Annotated[RefreshData, _one_of("ticket", "token")]


Incoming = (
    SessionJoin | Reconnect | SessionLeave | UserPresence | GenerationRequest | ParameterChange
    | CursorPosition | VoiceCommand | ChatMessage | AudioStreamStart | AudioStreamData
    | AudioStreamEnd | Heartbeat | CommandMessage | AuthRefresh
)  # fmt: skip
