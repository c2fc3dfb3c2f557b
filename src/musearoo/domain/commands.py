"""The closed list of session commands: the same values whatever door they came through."""

from typing import Final, Literal

import msgspec

from musearoo.domain.context import Section
from musearoo.domain.engine import ParameterValue
from musearoo.domain.errors import InvalidValue
from musearoo.domain.events import ClockSource
from musearoo.domain.ids import AnalysisId, AssetId, CommandId, GenerationId, SessionId, TakeId
from musearoo.domain.music.note import Note
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Actor, Permission
from musearoo.domain.records import QualityTarget


class _Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    pass


class SetParameter(_Act, frozen=True):
    """Set `<part>/<name>`, or `session/tempo`, `session/key`, `session/style`, `session/meter`.

    Changes that share a `gesture` undo as one.
    """

    path: str
    value: ParameterValue
    gesture: str | None = None


class SetTransport(_Act, frozen=True):
    """Play, stop or move. `bar` counts from 1 (0 is the pickup), `beat` in quarter notes from 0."""

    action: Literal["play", "stop", "locate", "loop", "panic"]
    bar: int | None = None
    beat: float = 0.0
    loop_bars: int | None = None


class SymbolSpan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A chord symbol over a range of ticks."""

    start: int
    length: int
    chord: str


class SetChords(_Act, frozen=True):
    """Replace the chord track."""

    chords: tuple[SymbolSpan, ...]


class SetForm(_Act, frozen=True):
    """Set how many bars the music has, and its sections."""

    bars: int
    sections: tuple[Section, ...] = ()


class AdoptAnalysis(_Act, frozen=True):
    """Make the tempo map, meter, key, chords and feel of an analysis those of the project."""

    analysis_id: AnalysisId


class Generate(_Act, frozen=True):
    """Play a new take of a part. A request's parameters never change the project's.

    Only the asker hears a `draft`, until they select or commit it.
    """

    engine: str
    parameters: dict[str, ParameterValue] = {}
    part: str | None = None
    bars: int | None = None
    seed: int | None = None
    style_hints: tuple[str, ...] = ()
    quality_target: QualityTarget = "balanced"
    reference_asset: AssetId | None = None
    analysis_id: AnalysisId | None = None
    stream: int | None = None
    draft: bool = False


class CancelGeneration(_Act, frozen=True):
    """Stop a generation."""

    generation_id: GenerationId


class Regenerate(_Act, frozen=True):
    """Play some bars (from 1) or voices of a part again; the rest stays bit-identical.

    A bar that would come out as it stands is played with further seeds.
    """

    part: str
    bars: tuple[int, ...] = ()
    voices: tuple[str, ...] = ()
    seed: int | None = None
    parameters: dict[str, ParameterValue] = {}
    draft: bool = False


class SelectTake(_Act, frozen=True):
    """Switch a part to another of its takes; without `take_id`, to the one it played before.

    Sent again and again without it, the part goes to and fro between two takes (A/B).
    """

    part: str
    take_id: TakeId | None = None


class CommitTake(_Act, frozen=True):
    """Declare a take the one that the part keeps (clips and exports use it)."""

    part: str
    take_id: TakeId


class Lock(_Act, frozen=True):
    """Keep bars (from 1) or voices of a part from being generated over; neither means all bars."""

    part: str
    bars: tuple[int, ...] = ()
    voices: tuple[str, ...] = ()


class Unlock(_Act, frozen=True):
    """Take locks away; without bars or voices, all of the part."""

    part: str
    bars: tuple[int, ...] = ()
    voices: tuple[str, ...] = ()


class EditNotes(_Act, frozen=True):
    """Put and remove notes of a part's selected take; the result is a new take."""

    part: str
    put: tuple[Note, ...] = ()
    remove: tuple[str, ...] = ()
    take_id: TakeId | None = None


class SetClockSource(_Act, frozen=True):
    """Choose who keeps tempo and transport: the session itself, Ableton Live or Ableton Link.

    Changes from elsewhere are then asked of it, and count when it reports them.
    """

    source: ClockSource


class LaunchClip(_Act, frozen=True):
    """Launch the take that a part keeps, as a clip (in Ableton Live where it is connected)."""

    part: str


class MapControl(_Act, frozen=True):
    """Have a MIDI controller set a parameter: `channel` 1 to 16, `number` 0 to 127.

    `minimum` and `maximum` are what its ends mean; left out, those of the parameter.
    """

    channel: int
    number: int
    path: str
    minimum: float | None = None
    maximum: float | None = None


class UnmapControl(_Act, frozen=True):
    """Let a MIDI controller set nothing."""

    channel: int
    number: int


class LearnControl(_Act, frozen=True):
    """Map the next MIDI controller that you move, within a minute, to a parameter."""

    path: str


class Undo(_Act, frozen=True):
    """Take back the actor's latest change that nobody has changed since."""


class Redo(_Act, frozen=True):
    """Do again what the actor last took back."""


Act = (
    SetParameter | SetTransport | SetChords | SetForm | AdoptAnalysis | Generate | CancelGeneration
    | Regenerate | SelectTake | CommitTake | Lock | Unlock | EditNotes | SetClockSource
    | LaunchClip | MapControl | UnmapControl | LearnControl | Undo | Redo
)  # fmt: skip


class CommandRule(msgspec.Struct, frozen=True):
    """What a command is made of and which right it needs."""

    act: type[Act]
    permission: Permission
    meaning: str


COMMANDS: Final[dict[str, CommandRule]] = {
    "set_parameter": CommandRule(
        SetParameter, Permission.EDIT, "Set a parameter, the tempo, key, style or meter"
    ),
    "transport": CommandRule(SetTransport, Permission.EDIT, "Play, stop, locate, loop, panic"),
    "set_chords": CommandRule(SetChords, Permission.EDIT, "Replace the chord track"),
    "set_form": CommandRule(SetForm, Permission.EDIT, "Set the number of bars and the sections"),
    "adopt_analysis": CommandRule(
        AdoptAnalysis, Permission.EDIT, "Take tempo, meter, key, chords and feel from an analysis"
    ),
    "generate": CommandRule(Generate, Permission.GENERATE, "Play a new take of a part"),
    "cancel_generation": CommandRule(CancelGeneration, Permission.GENERATE, "Stop a generation"),
    "regenerate": CommandRule(
        Regenerate, Permission.GENERATE, "Play bars or voices of a part again"
    ),
    "select_take": CommandRule(SelectTake, Permission.EDIT, "Switch a part to another take"),
    "commit_take": CommandRule(CommitTake, Permission.EDIT, "Keep a take as the part's own"),
    "lock": CommandRule(Lock, Permission.EDIT, "Keep bars or voices from being generated over"),
    "unlock": CommandRule(Unlock, Permission.EDIT, "Take locks away"),
    "edit_notes": CommandRule(EditNotes, Permission.EDIT, "Put and remove notes"),
    "set_clock_source": CommandRule(
        SetClockSource, Permission.EDIT, "Choose who keeps tempo and transport"
    ),
    "launch_clip": CommandRule(LaunchClip, Permission.EDIT, "Launch the take that a part keeps"),
    "map_control": CommandRule(
        MapControl, Permission.EDIT, "Have a MIDI controller set a parameter"
    ),
    "unmap_control": CommandRule(
        UnmapControl, Permission.EDIT, "Let a MIDI controller set nothing"
    ),
    "learn_control": CommandRule(
        LearnControl, Permission.EDIT, "Map the next MIDI controller that you move"
    ),
    "undo": CommandRule(Undo, Permission.EDIT, "Take back your latest change"),
    "redo": CommandRule(Redo, Permission.EDIT, "Do again what you took back"),
}
NAMES: Final[dict[type[Act], str]] = {rule.act: name for name, rule in COMMANDS.items()}


class At(msgspec.Struct, frozen=True):
    """When a command takes effect: `bar` is only for kind "bar" and counts from 1."""

    kind: Literal["now", "next_beat", "next_bar", "bar"] = "now"
    bar: int = 0

    @staticmethod
    def parse(text: str) -> "At":
        """Read "now", "next_beat", "next_bar", "bar 5"."""
        words = text.split()
        match words:
            case ["now"]:
                return At()
            case ["next_beat"]:
                return At("next_beat")
            case ["next_bar"]:
                return At("next_bar")
            case ["bar", number] if number.isascii() and number.isdigit() and len(number) < 6:
                return At("bar", int(number))
        raise InvalidValue("at", text[:40], '"now", "next_beat", "next_bar" or "bar N"')


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """An act with who, where and under which id (the id makes a repeat harmless)."""

    session: SessionId
    actor: Actor
    act: Act
    origin: Origin
    id: CommandId | None = None
    at: At | None = None


def parse_act(name: str, args: object) -> Act:
    """Turn the wire's `{name, args}` into an act; raises `InvalidValue` with what is wrong."""
    rule = COMMANDS.get(name)
    if rule is None:
        raise InvalidValue("name", name, "one of " + ", ".join(COMMANDS))
    try:
        return msgspec.convert(args if args is not None else {}, rule.act)
    except msgspec.ValidationError as error:
        raise InvalidValue(f"args of {name}", args, f"valid: {error}") from None
    except RecursionError:
        raise InvalidValue(f"args of {name}", "nested too deeply", "plain values") from None
