"""The closed list of session events: what happened, in the one order that everyone sees."""

from typing import Literal

import msgspec

from musearoo.domain.context import Groove, Section
from musearoo.domain.engine import ParameterValue
from musearoo.domain.ids import AnalysisId, AssetId, GenerationId, SessionId, TakeId, UserId
from musearoo.domain.music.chord import ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import Note
from musearoo.domain.music.tempo_map import TempoMap

ClockSource = Literal["session", "live", "link"]
"""Who keeps tempo and transport: the session itself, Ableton Live, or Ableton Link."""


class Landing(msgspec.Struct, frozen=True, gc=False):
    """Where a change takes effect: bar from 1, beat in quarters from 0.

    `server_time` is UNIX seconds, None while the transport stands or when it never comes there.
    `late`: the bar that was asked for had begun, so this is the next.
    """

    bar: int
    beat: float
    server_time: float | None = None
    late: bool = False


class ParameterSet(msgspec.Struct, frozen=True, kw_only=True, tag="parameter_set", gc=False):
    """A part's parameter has a new value; None means that it is back at the engine's default."""

    path: str
    value: ParameterValue | None
    gesture: str | None = None
    lands_at: Landing | None = None


class TempoSet(msgspec.Struct, frozen=True, kw_only=True, tag="tempo_set"):
    """The tempo map is another."""

    tempo_map: TempoMap


class KeySet(msgspec.Struct, frozen=True, kw_only=True, tag="key_set"):
    """The key is another."""

    key: Key


class StyleSet(msgspec.Struct, frozen=True, kw_only=True, tag="style_set"):
    """The style is another."""

    style: str


class MeterSet(msgspec.Struct, frozen=True, kw_only=True, tag="meter_set"):
    """The meter is another."""

    meter: Meter


class ChordsSet(msgspec.Struct, frozen=True, kw_only=True, tag="chords_set"):
    """The chord track is another."""

    chords: tuple[ChordSpan, ...]


class FormSet(msgspec.Struct, frozen=True, kw_only=True, tag="form_set"):
    """The number of bars and the sections are others."""

    bars: int
    sections: tuple[Section, ...]


class FeelSet(msgspec.Struct, frozen=True, kw_only=True, tag="feel_set"):
    """Groove and energy curve are others."""

    groove: Groove
    energy: tuple[int, ...]


class ContextAdopted(msgspec.Struct, frozen=True, kw_only=True, tag="context_adopted"):
    """An analysis became the project's musical context; the settings follow as their own fields."""

    analysis_id: AnalysisId | None
    tempo_map: TempoMap
    meter: Meter
    key: Key
    style: str
    bars: int
    chords: tuple[ChordSpan, ...]
    sections: tuple[Section, ...]
    groove: Groove
    energy: tuple[int, ...]


class TransportChanged(msgspec.Struct, frozen=True, kw_only=True, tag="transport_changed"):
    """The transport plays or stands at `tick` since server time `since`; `loop` is a tick range.

    `since` lies ahead where a later moment was asked for: until then it goes on as it did.
    """

    playing: bool
    tick: int
    since: float
    loop: tuple[int, int] | None = None
    panic: bool = False


class AnalysisCompleted(msgspec.Struct, frozen=True, kw_only=True, tag="analysis_completed"):
    """An analysis is there to be read, and to be adopted by a command."""

    analysis_id: AnalysisId
    tempo: float | None
    time_signature: str | None
    key: str | None
    style: str | None


class GenerationAccepted(msgspec.Struct, frozen=True, kw_only=True, tag="generation_accepted"):
    """A generation will be played; bars follow as `TakeBar`.

    It comes once more, with `queued`, when no player was free in time after all.
    """

    generation_id: GenerationId
    take_id: TakeId
    engine: str
    part: str
    bars: int
    parameters: dict[str, ParameterValue]
    queued: bool = False
    lands_at: Landing | None = None


class TakeBar(msgspec.Struct, frozen=True, kw_only=True, tag="take_bar"):
    """One bar of a take that is being played: `bar` counts from 1."""

    generation_id: GenerationId
    take_id: TakeId
    part: str
    bar: int
    notes: tuple[Note, ...]


class Stages(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a generation reached each stage: milliseconds since its request was taken up.

    `admitted` quota and deadline allowed it, `dispatched` a player began, `first_bar` and
    `last_bar` came from it, `sent` everyone was told, `stored` the take was durable. What was
    not reached, or is not known where this is read, is None.
    """

    admitted: float | None = None
    dispatched: float | None = None
    first_bar: float | None = None
    last_bar: float | None = None
    sent: float | None = None
    stored: float | None = None


class GenerationCompleted(msgspec.Struct, frozen=True, kw_only=True, tag="generation_completed"):
    """The take is stored and selected in its part."""

    generation_id: GenerationId
    take_id: TakeId
    engine: str
    part: str
    confidence: float
    generation_time_ms: int
    parent_take: TakeId | None = None
    stages: Stages = Stages()


class GenerationFailed(msgspec.Struct, frozen=True, kw_only=True, tag="generation_failed"):
    """The generation ended without a take."""

    generation_id: GenerationId
    part: str
    code: str
    detail: str


class TakeSelected(msgspec.Struct, frozen=True, kw_only=True, tag="take_selected"):
    """A part plays another take; None means silence."""

    part: str
    engine: str
    take_id: TakeId | None
    lands_at: Landing | None = None


class TakeCommitted(msgspec.Struct, frozen=True, kw_only=True, tag="take_committed"):
    """A part keeps a take."""

    part: str
    take_id: TakeId | None


class NotesEdited(msgspec.Struct, frozen=True, kw_only=True, tag="notes_edited"):
    """Notes were put and removed: the result is a new take, selected in its part."""

    part: str
    take_id: TakeId
    parent_take: TakeId
    put: tuple[Note, ...]
    removed: tuple[str, ...]


class LocksSet(msgspec.Struct, frozen=True, kw_only=True, tag="locks_set"):
    """The locked bars (from 1) and voices of a part."""

    part: str
    bars: tuple[int, ...]
    voices: tuple[str, ...]


class ClockSourceSet(msgspec.Struct, frozen=True, kw_only=True, tag="clock_source_set"):
    """Tempo and transport are kept by another clock."""

    source: ClockSource


class ClipLaunched(msgspec.Struct, frozen=True, kw_only=True, tag="clip_launched"):
    """A part's clip is to be launched, by a command, or runs in Live; None: it stopped there."""

    part: str
    take_id: TakeId | None
    source: Literal["session", "live"] = "session"
    lands_at: Landing | None = None


class ControlMapped(msgspec.Struct, frozen=True, kw_only=True, tag="control_mapped"):
    """A MIDI controller sets a parameter; a path of None means that it sets none."""

    channel: int
    number: int
    path: str | None
    minimum: float | None = None
    maximum: float | None = None


class NothingToUndo(msgspec.Struct, frozen=True, kw_only=True, tag="undo_skipped"):
    """An undo or redo was skipped, because others changed these paths since."""

    conflicts: tuple[str, ...]


class ChatSent(msgspec.Struct, frozen=True, kw_only=True, tag="chat_sent"):
    """Somebody said something; `@bar 12` in it points at a place."""

    text: str


class AudioStreamStarted(msgspec.Struct, frozen=True, kw_only=True, tag="audio_stream_started"):
    """Live audio begins: `stream` is its number in the session, `rate` is in hertz."""

    stream: int
    codec: str
    rate: int
    channels: int


class AudioStreamEnded(msgspec.Struct, frozen=True, kw_only=True, tag="audio_stream_ended"):
    """Live audio ended; `asset_id` is its recording, if one was kept, which is analysed."""

    stream: int
    asset_id: AssetId | None = None
    analysis_id: AnalysisId | None = None


Event = (
    ParameterSet | TempoSet | KeySet | StyleSet | MeterSet | ChordsSet | FormSet | FeelSet
    | ContextAdopted | TransportChanged | AnalysisCompleted | GenerationAccepted | TakeBar
    | GenerationCompleted | GenerationFailed | TakeSelected | TakeCommitted | NotesEdited | LocksSet
    | ClockSourceSet | ClipLaunched | ControlMapped | NothingToUndo | ChatSent | AudioStreamStarted
    | AudioStreamEnded
)  # fmt: skip

History = Literal["do", "undo", "redo"]


class Sequenced(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event with its place in the session: gapless `seq` inside an `epoch`.

    `at` is server UNIX seconds, `cause` the id of the command that led to it.
    """

    session: SessionId
    seq: int
    epoch: str
    at: float
    user: UserId | None
    cause: str | None
    event: Event
    history: History = "do"


class Private(msgspec.Struct, frozen=True, kw_only=True):
    """What only one person hears: it has no number, and is not in the log."""

    session: SessionId
    at: float
    user: UserId
    cause: str | None
    event: TakeBar | GenerationCompleted | GenerationFailed


def is_state_class(event: Event) -> bool:
    """Whether a slow reader may see only the latest value, and a crash may lose 50 ms of it."""
    return isinstance(event, ParameterSet)
