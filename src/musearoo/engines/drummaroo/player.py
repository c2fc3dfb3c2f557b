"""The DrummaRoo engine: cells for each section, then bar after bar."""

import msgspec

from musearoo.domain.context import EngineContext, Section
from musearoo.domain.engine import Bar, EngineDescription, EngineParameters
from musearoo.engines.drummaroo.bar import Place, bar_strokes
from musearoo.engines.drummaroo.cell import Cell, build_cell
from musearoo.engines.drummaroo.limbs import playable
from musearoo.engines.drummaroo.measures import confidence_of
from musearoo.engines.drummaroo.settings import DESCRIPTION, Settings, settings_of
from musearoo.engines.drummaroo.touch import Touch
from musearoo.engines.listening import level_of

_WHOLE = Section("A", 0, 1 << 30)


class DrumState(msgspec.Struct, frozen=True):
    """What the drummer has settled on: the controls as read, and a cell for each label."""

    settings: Settings
    cells: dict[str, Cell]


class DrummaRoo:
    """A drummer of two hands and two feet, in any meter."""

    @property
    def description(self) -> EngineDescription:
        """Controls and voices."""
        return DESCRIPTION

    def begin(self, context: EngineContext, parameters: EngineParameters, seed: int) -> DrumState:
        """Settle on a groove for each section label."""
        settings = settings_of(context, parameters)
        labels = sorted({section.label for section in context.sections} | {_WHOLE.label})
        return DrumState(settings, {label: build_cell(settings, seed, label) for label in labels})

    def play_bar(
        self,
        context: EngineContext,
        parameters: EngineParameters,  # noqa: ARG002 - read in `begin`
        seed: int,
        state: DrumState,
        bar: int,
    ) -> tuple[Bar, DrumState]:
        """Play one bar."""
        settings = state.settings
        section = _section_of(context, bar)
        place = _place(context, settings, section, bar)
        strokes = bar_strokes(context, settings, seed, state.cells[section.label], place)
        touch = Touch(settings, seed, bar, place.level)
        kept = playable(settings, strokes)
        return Bar(bar, tuple(touch.note(stroke) for stroke in kept)), state

    def confidence(
        self, context: EngineContext, parameters: EngineParameters, bars: tuple[Bar, ...]
    ) -> int:
        """How human the bars measure for the style."""
        return confidence_of(settings_of(context, parameters), bars)


def _section_of(context: EngineContext, bar: int) -> Section:
    for section in context.sections:
        if section.first_bar <= bar < section.first_bar + section.bars:
            return section
    return _WHOLE


def _place(context: EngineContext, settings: Settings, section: Section, bar: int) -> Place:
    last = min(section.first_bar + section.bars, context.bars)
    energies = [context.energy_of(index) for index in range(section.first_bar, last)]
    mean = sum(energies) // max(1, len(energies))
    return Place(
        bar=bar,
        bar_of_section=bar - section.first_bar,
        level=level_of(settings.intensity, context.energy_of(bar)),
        section_level=level_of(settings.intensity, mean),
    )
