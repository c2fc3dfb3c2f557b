"""Messages of the server that are not session events (those are `codecs.events.Envelope`).

They carry no `seq`: nothing is missing when one of them did not come.
"""

from typing import Any, Literal

import msgspec

from musearoo.codecs.ws.fields import PresenceStatus
from musearoo.domain.events import Landing, Stages
from musearoo.domain.ids import GenerationId, TakeId
from musearoo.domain.music.note import Note


class _Data(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class ParameterHandle(msgspec.Struct, frozen=True, omit_defaults=True):
    """The number by which binary records name a parameter; a choice is an index of `choices`."""

    handle: int
    path: str
    kind: Literal["number", "integer", "choice", "boolean"]
    choices: tuple[str, ...] = ()


class Present(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One connection to the session; a person with two tabs has two.

    `sender` is its number in binary records.
    """

    connection: str
    sender: int
    user_id: str
    name: str = ""
    status: PresenceStatus = "active"
    device: str | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What this connection may do: sizes in bytes, rates per second, times in seconds.

    `audio_bytes_per_second` counts the audio of all its streams together.
    """

    frame_bytes: int
    messages_per_second: float
    burst: int
    queue_bytes: int
    heartbeat_seconds: float
    silence_seconds: float
    replay_events: int
    audio_bytes_per_second: int = 0


class WelcomeData(_Data, frozen=True):
    """Where the session stands.

    With `resumed` the events `last_seq + 1 ... seq` follow as they were; otherwise `state` is
    the whole state at `seq` (shape of `GET /sessions/{id}`), given as JSON values or
    ready-made JSON. `server_time` is UNIX seconds. `resume_token` works once, for 2 minutes
    after the connection ended. `speech` tells whether recorded commands are recognised here.
    """

    epoch: str
    seq: int
    resumed: bool
    connection: str
    sender: int
    user_id: str
    permissions: tuple[str, ...]
    server_time: float
    limits: Limits
    resume_token: str
    state: Any = None
    undo: dict[str, int] = {}
    present: tuple[Present, ...] = ()
    parameters: tuple[ParameterHandle, ...] = ()
    expires_in: float | None = None
    speech: bool = False


class ActShown(_Data, frozen=True):
    """One thing that a voice command did (`seq`), would do (neither) or may not do (`code`)."""

    name: str
    told: str
    seq: int | None = None
    lands_at: Landing | None = None
    generation_id: str | None = None
    take_id: str | None = None
    code: str | None = None
    detail: str | None = None


class VoiceShown(_Data, frozen=True):
    """What a voice command was taken for.

    "asked": nothing was done yet; `question` wants a yes within 30 s. "nothing": no wish was
    understood. "declined": the question was answered with no. `confidence` is 0 to 1.
    """

    status: Literal["done", "asked", "nothing", "declined"]
    text: str
    words: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    confidence: float = 0.0
    question: str | None = None
    acts: tuple[ActShown, ...] = ()


class RecordingShown(_Data, frozen=True):
    """How an audio stream ended: lengths in sample frames, `dropped` in records.

    `seconds` is the recording's length, None where only decoding can tell (Opus, FLAC). `url`
    is a signed path that gives the file for an hour or two.
    """

    stream: int
    seconds: float | None = None
    missing: int = 0
    late: int = 0
    dropped: int = 0
    asset_id: str | None = None
    analysis_id: str | None = None
    url: str | None = None


class AckData(_Data, frozen=True):
    """A message was carried out: which event it made, and where it takes effect.

    `stream` is the number of an audio stream that was begun, `recording` how one ended,
    `understood` in short and `voice` in full what a voice command was taken for.
    """

    seq: int
    epoch: str
    lands_at: Landing | None = None
    generation_id: str | None = None
    take_id: str | None = None
    conflicts: tuple[str, ...] = ()
    stream: int | None = None
    understood: str | None = None
    voice: VoiceShown | None = None
    recording: RecordingShown | None = None


class ErrorData(_Data, frozen=True):
    """A refusal: `code` from a closed list, `detail` for people, `retry_after` in seconds."""

    code: str
    detail: str
    reply_to: str | None = None
    retry_after: float | None = None


class NoticeData(_Data, frozen=True):
    """Something was done otherwise than asked, or should be known."""

    code: str
    detail: str = ""
    path: str | None = None
    requested: Any = None
    applied: Any = None


class HeartbeatAckData(_Data, frozen=True):
    """`t0` as it was sent; the server's UNIX seconds when it came (`t1`) and left (`t2`)."""

    t0: float | None
    t1: float
    t2: float


class PresenceChangeData(_Data, frozen=True):
    """A connection came, left, or changed its status or its permissions."""

    action: Literal["joined", "left", "changed"]
    connection: str
    sender: int
    user_id: str
    name: str = ""
    status: PresenceStatus = "active"
    device: str | None = None
    permissions: tuple[str, ...] | None = None


class CursorMovedData(_Data, frozen=True):
    """Where a connection points."""

    connection: str
    bar: int
    beat: float = 0.0
    pitch: int | None = None
    track: str | None = None


class ProgressData(_Data, frozen=True):
    """How far a generation or another long piece of work is, 0 to 1. Notes come as `take_bar`."""

    progress: float
    status: str
    generation_id: str | None = None
    kind: str = "generation"
    part: str | None = None


class DraftData(_Data, frozen=True):
    """What the event `name` says of a take that everyone hears; here only its asker does.

    `take_bar` brings `bar` and `notes`, `generation_complete` how it was played,
    `generation_error` `code` and `detail`.
    """

    name: Literal["take_bar", "generation_complete", "generation_error"]
    generation_id: GenerationId
    part: str
    take_id: TakeId | None = None
    bar: int | None = None
    notes: tuple[Note, ...] = ()
    engine: str | None = None
    confidence: float | None = None
    generation_time_ms: int | None = None
    parent_take: TakeId | None = None
    stages: Stages | None = None
    code: str | None = None
    detail: str | None = None


class GoingAwayData(_Data, frozen=True):
    """The server closes this connection soon. Come back after `after_ms`, to `url` if given."""

    in_ms: int
    after_ms: int
    reason: str
    resume: bool = True
    url: str | None = None


class ReconnectedData(_Data, frozen=True):
    """What became of the order of events on this connection.

    `coalesced`: of the parameter changes with seq `from` to `to` only the last of each path
    follows. `snapshot`: `state` at `seq` of `epoch` replaces all that was known.
    """

    status: Literal["coalesced", "snapshot"]
    from_seq: int | None = msgspec.field(default=None, name="from")
    to_seq: int | None = msgspec.field(default=None, name="to")
    epoch: str | None = None
    seq: int | None = None
    state: Any = None
    undo: dict[str, int] = {}
    reason: str | None = None


class ExpiringData(_Data, frozen=True):
    """The login behind this connection ends in `expires_in` seconds unless renewed."""

    expires_in: float


class ServerMessage(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True
):
    """The envelope; `timestamp` is UNIX seconds, `cause` the `message_id` that led to it."""

    session_id: str
    timestamp: float
    user_id: str | None = None
    cause: str | None = None


class Welcome(ServerMessage, frozen=True, tag="welcome"):
    """The answer to `session_join`; nothing else comes before it."""

    data: WelcomeData


class AckMessage(ServerMessage, frozen=True, tag="ack"):
    """A message was carried out; of events: durably."""

    data: AckData


class ErrorMessage(ServerMessage, frozen=True, tag="error"):
    """A message was refused."""

    data: ErrorData


class Notice(ServerMessage, frozen=True, tag="notice"):
    """Good to know."""

    data: NoticeData


class HeartbeatAck(ServerMessage, frozen=True, tag="heartbeat_ack"):
    """The answer to `heartbeat`."""

    data: HeartbeatAckData


class PresenceChange(ServerMessage, frozen=True, tag="user_presence"):
    """Somebody came, left or changed."""

    data: PresenceChangeData


class CursorMoved(ServerMessage, frozen=True, tag="cursor_position"):
    """Somebody points elsewhere."""

    data: CursorMovedData


class GenerationProgress(ServerMessage, frozen=True, tag="generation_progress"):
    """Work goes on."""

    data: ProgressData


class DraftMessage(ServerMessage, frozen=True, tag="draft"):
    """Something happened to a draft."""

    data: DraftData


class GoingAway(ServerMessage, frozen=True, tag="going_away"):
    """The server asks to reconnect."""

    data: GoingAwayData


class Reconnected(ServerMessage, frozen=True, tag="reconnect"):
    """A range was coalesced, or the state starts anew."""

    data: ReconnectedData


class AuthExpiring(ServerMessage, frozen=True, tag="auth_refresh"):
    """The login needs renewing: answer with `auth_refresh`."""

    data: ExpiringData


Outgoing = (
    Welcome | AckMessage | ErrorMessage | Notice | HeartbeatAck | PresenceChange | CursorMoved
    | GenerationProgress | DraftMessage | GoingAway | Reconnected | AuthExpiring
)  # fmt: skip
