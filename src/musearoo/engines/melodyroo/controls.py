"""MelodyRoo's knobs, as declared to the world and as read by the singer."""

from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineDescription, EngineParameters, ParameterSpec
from musearoo.domain.music.style import AUTO, STYLES
from musearoo.engines.listening import style_name, swing_of

NAME: Final = "melodyroo"
VOICE: Final = "lead"
_NUMBERS: Final = {
    "complexity": (0.5, "syncopation, sixteenths and wider intervals"),
    "intensity": (0.5, "how strongly it is played and how high it climbs"),
    "density": (0.5, "how many notes a bar"),
    "groove": (0.5, "how far meter and accents shape the dynamics"),
    "variation": (0.4, "how much a motif changes when it comes back"),
    "humanise": (0.3, "small deviations of time and touch, in no one's way"),
    "hook": (0.6, "how often the motif returns"),
    "range": (0.5, "from an octave to nearly two"),
    "register": (0.5, "how high it lies: the middle goes from C4 to C6"),
    "call_response": (0.4, "whether phrases leave room and answer themselves"),
    "outside": (0.0, "notes from outside the key, as approach to those inside"),
    "follow": (0.5, "how closely the rhythm follows the heard accents"),
    "rests": (0.5, "how much silence"),
}
PARAMETERS: Final = (
    *(
        ParameterSpec(name=name, default=default, meaning=meaning)
        for name, (default, meaning) in _NUMBERS.items()
    ),
    ParameterSpec(
        name="swing", default=0.5, minimum=0.5, maximum=0.75, unit="of a beat",
        meaning="place of the off-beat; 0.5 is the style's or recording's own, 0.75 dotted",
    ),
    ParameterSpec(
        name="style", kind="choice", default=AUTO, choices=(AUTO, *STYLES),
        meaning="way of playing; auto takes the style of the project",
    ),
)  # fmt: skip
DESCRIPTION: Final = EngineDescription(
    name=NAME,
    version="2",
    title="MelodyRoo",
    default_part="melody",
    keeps_form=True,
    parameters=PARAMETERS,
    voices=(VOICE,),
    program=80,
)


class Controls(msgspec.Struct, frozen=True, kw_only=True):
    """The knobs in thousandths."""

    complexity: int
    intensity: int
    density: int
    swing: int
    groove: int
    variation: int
    humanise: int
    hook: int
    range: int
    register: int
    call_response: int
    outside: int
    follow: int
    rests: int
    style: str

    @property
    def lowest(self) -> int:
        """The lowest MIDI pitch it sings."""
        return 60 + self.register * 24 // 1000 - self._span // 2

    @property
    def highest(self) -> int:
        """The highest MIDI pitch it sings."""
        return self.lowest + self._span

    @property
    def _span(self) -> int:
        return 12 + self.range * 10 // 1000


def read_controls(context: EngineContext, parameters: EngineParameters) -> Controls:
    """The knobs of a run."""
    style = style_name(context, parameters.choice("style"))
    numbers = {name: parameters.permille(name) for name in _NUMBERS}
    swing = swing_of(context, style, parameters.permille("swing"))
    return Controls(**numbers, swing=swing, style=style)
