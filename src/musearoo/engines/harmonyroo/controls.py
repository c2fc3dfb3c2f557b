"""HarmonyRoo's knobs, as declared to the world and as read by its hands."""

from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineDescription, EngineParameters, ParameterSpec
from musearoo.domain.music.style import AUTO, STYLES

VOICES: Final = ("soprano", "alto", "tenor", "baritone", "bass")
_NUMBERS: Final = {
    "complexity": (0.5, "syncopation of the comping and colour of the chords"),
    "intensity": (0.5, "how hard the hands play"),
    "density": (0.5, "how often they play"),
    "swing": (0.0, "how far off-beats lag beyond the style's own feel; 1 is a hard shuffle"),
    "groove": (0.5, "how far accents shape the dynamics, from level to marked"),
    "variation": (0.3, "how often a bar departs from the pattern"),
    "humanise": (0.3, "small deviations of time and touch, in no one's way"),
    "tension": (0.4, "from bare triads over sevenths to ninths and thirteenths"),
    "register": (0.5, "how high the hands lie between C3 and C6"),
    "follow": (0.5, "how closely hits follow the heard accents and leave room for the melody"),
    "fills": (0.3, "how much happens at the ends of phrases and sections"),
}
PARAMETERS: Final = (
    *(
        ParameterSpec(name=name, default=default, meaning=meaning)
        for name, (default, meaning) in _NUMBERS.items()
    ),
    ParameterSpec(
        name="voicing",
        kind="choice",
        default=AUTO,
        choices=(AUTO, "close", "drop-2", "rootless", "power", "pads", "spread"),
        meaning="how the notes of a chord are laid out; pads are wide and held",
    ),
    ParameterSpec(
        name="texture",
        kind="choice",
        default=AUTO,
        choices=(AUTO, "block", "strum", "arpeggio", "pad"),
        meaning="whether chords are struck, strummed, broken or held",
    ),
    ParameterSpec(
        name="voices", kind="integer", default=4, minimum=3, maximum=5, meaning="notes of a chord"
    ),
    ParameterSpec(
        name="strict",
        kind="boolean",
        default=False,
        meaning="no parallel fifths or octaves between chords",
    ),
    ParameterSpec(
        name="style", kind="choice", default=AUTO, choices=(AUTO, *STYLES), meaning="way of playing"
    ),
)
DESCRIPTION: Final = EngineDescription(
    name="harmonyroo",
    version="1.0.0",
    title="HarmonyRoo",
    default_part="harmony",
    parameters=PARAMETERS,
    voices=VOICES,
    program=4,
)
_NAMES: Final = {
    3: ("tenor", "alto", "soprano"),
    4: ("bass", "tenor", "alto", "soprano"),
    5: ("bass", "baritone", "tenor", "alto", "soprano"),
}


class Controls(msgspec.Struct, frozen=True, kw_only=True):
    """The knobs in thousandths."""

    complexity: int
    intensity: int
    density: int
    swing: int
    groove: int
    variation: int
    humanise: int
    tension: int
    register: int
    follow: int
    fills: int
    voicing: str
    texture: str
    voices: int
    strict: bool
    style: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the voices from the lowest up."""
        return _NAMES[self.voices]


def read_controls(parameters: EngineParameters, context: EngineContext) -> Controls:
    """The knobs of a run; an automatic style is the context's, or pop."""
    style = parameters.choice("style")
    style = context.style if style == AUTO else style
    return Controls(
        **{name: parameters.permille(name) for name in _NUMBERS},
        voicing=parameters.choice("voicing"),
        texture=parameters.choice("texture"),
        voices=parameters.whole("voices"),
        strict=parameters.flag("strict"),
        style="pop" if style == AUTO else style,
    )
