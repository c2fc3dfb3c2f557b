"""The BassaRoo engine: lines for each section, then bar after bar."""

from typing import Final

import msgspec

from musearoo.domain.context import EngineContext, Section
from musearoo.domain.engine import Bar, EngineDescription, EngineParameters
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import MIDI_MAXIMUM, Note
from musearoo.engines.bassaroo.line import Tone, bar_tones
from musearoo.engines.bassaroo.measures import confidence_of
from musearoo.engines.bassaroo.rhythm import DEAD, Cell, build_cell
from musearoo.engines.bassaroo.settings import DESCRIPTION, NAME, VOICE, Settings, settings_of
from musearoo.engines.feel import swung
from musearoo.engines.listening import level_of

_WHOLE = Section("A", 0, 1 << 30)
_LOUDNESS: Final = 88
_DOWNBEAT: Final = 8
_BEAT: Final = 3
_DEAD_LOUDNESS: Final = 620
_DEAD_TICKS: Final = 100
_SHORTEST: Final = 20
_UNEVEN_US: Final = 7_000
_UNEVEN_VELOCITY: Final = 6


class BassState(msgspec.Struct, frozen=True):
    """What the bass has settled on: the controls as read, and a cell for each label."""

    settings: Settings
    cells: dict[str, Cell]


class BassaRoo:
    """A bass player: one note at a time, E1 to G4."""

    @property
    def description(self) -> EngineDescription:
        """Controls and range."""
        return DESCRIPTION

    def begin(self, context: EngineContext, parameters: EngineParameters, seed: int) -> BassState:
        """Settle on a line for each section label."""
        settings = settings_of(context, parameters)
        labels = sorted({section.label for section in context.sections} | {_WHOLE.label})
        return BassState(settings, {label: build_cell(settings, seed, label) for label in labels})

    def play_bar(
        self,
        context: EngineContext,
        parameters: EngineParameters,
        seed: int,
        state: BassState,
        bar: int,
    ) -> tuple[Bar, BassState]:
        """Play one bar."""
        section = _section_of(context, bar)
        place = (bar, bar - section.first_bar)
        tones = bar_tones(context, state.settings, seed, state.cells[section.label], place)
        level = level_of(parameters.permille("intensity"), context.energy_of(bar))
        return Bar(bar, _notes(context, state.settings, seed, tones, bar, level)), state

    def confidence(
        self, context: EngineContext, parameters: EngineParameters, bars: tuple[Bar, ...]
    ) -> int:
        """How well the bars fit chords, kick and hand."""
        return confidence_of(context, settings_of(context, parameters), bars)


def _section_of(context: EngineContext, bar: int) -> Section:
    for section in context.sections:
        if section.first_bar <= bar < section.first_bar + section.bars:
            return section
    return _WHOLE


def _notes(
    context: EngineContext,
    settings: Settings,
    seed: int,
    tones: list[Tone],
    bar: int,
    level: int,
) -> tuple[Note, ...]:
    meter = context.meter
    origin = bar * meter.bar_ticks
    tones, starts = _apart(settings, meter, tones)
    chance = Chance(seed, NAME, bar, "touch")
    late = _kick_lateness(context, origin)
    notes = []
    for index, (tone, start) in enumerate(zip(tones, starts, strict=True)):
        following = starts[index + 1] if index + 1 < len(starts) else meter.bar_ticks
        dead = tone.degree == DEAD
        length = max(1, (following - start) * settings.manner.gate // 1000)
        uneven = chance.bell(_UNEVEN_US * settings.humanise // 1000)
        notes.append(
            Note(
                id="",
                start=origin + start,
                length=min(length, _DEAD_TICKS) if dead else length,
                pitch=tone.pitch,
                velocity=_velocity(settings, tone, level, chance),
                offset_us=late.get(tone.tick, 0) * settings.follow // 1000
                + uneven
                + settings.push_us,
                voice=VOICE,
                articulation="dead" if dead else None,
            )
        )
    return tuple(notes)


def _apart(settings: Settings, meter: Meter, tones: list[Tone]) -> tuple[list[Tone], list[int]]:
    """Tones with their swung ticks, without those that the next one would cut off at once."""
    starts = [swung(tone.tick, meter, settings.swing, settings.style) for tone in tones]
    ends = [*starts[1:], meter.bar_ticks]
    kept = [index for index in range(len(tones)) if ends[index] - starts[index] >= _SHORTEST]
    return [tones[index] for index in kept], [starts[index] for index in kept]


def _kick_lateness(context: EngineContext, origin: int) -> dict[int, int]:
    """Microtiming of the kick by tick of the bar, so that bass and kick land together."""
    return {
        note.start - origin: note.offset_us
        for note in context.parts.get("drums", ())
        if note.voice == "kick" and 0 <= note.start - origin < context.meter.bar_ticks
    }


def _velocity(settings: Settings, tone: Tone, level: int, chance: Chance) -> int:
    """Accents on the downbeat and beats; from a third of the loudness to all of it."""
    step = settings.layout.grid.step_ticks
    beats = {beat.first * step for beat in settings.layout.beats}
    velocity = _LOUDNESS + (_DOWNBEAT if tone.tick == 0 else _BEAT if tone.tick in beats else 0)
    velocity = velocity * (_DEAD_LOUDNESS if tone.degree == DEAD else 1000)
    velocity = velocity * (500 + level) // 1000
    velocity += chance.bell(_UNEVEN_VELOCITY * settings.humanise)
    return max(1, min(MIDI_MAXIMUM, velocity // 1000))
