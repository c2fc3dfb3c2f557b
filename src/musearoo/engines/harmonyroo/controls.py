"""HarmonyRoo's knobs, as declared to the world and as read by its hands."""

from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineDescription, EngineParameters, ParameterSpec
from musearoo.domain.music.style import AUTO, STYLES
from musearoo.engines.harmonyroo.styles import STYLE_SHEETS, StyleSheet
from musearoo.engines.listening import style_name, swing_of

NAME: Final = "harmonyroo"
VOICES: Final = ("soprano", "alto", "tenor", "baritone", "bass")
_NUMBERS: Final = {
    "complexity": (0.5, "syncopation of the comping, pushes and passing notes"),
    "intensity": (0.5, "how hard the hands play"),
    "density": (0.5, "how often they play; 0.5 is the style's pattern as it is"),
    "groove": (0.5, "how far accents shape the dynamics, from level to marked"),
    "variation": (0.3, "how often patterns and layouts change"),
    "humanise": (0.3, "unevenness of timing and loudness"),
    "tension": (0.4, "from bare triads over sevenths to ninths and thirteenths"),
    "register": (0.5, "how high the hands lie between C3 and C6"),
    "follow": (0.5, "how closely it goes with the heard accents and leaves the melody room"),
    "fills": (0.3, "how often the last bar of a phrase is livelier"),
}


def _choice(name: str, choices: tuple[str, ...], meaning: str) -> ParameterSpec:
    return ParameterSpec(name=name, kind="choice", default=AUTO, choices=choices, meaning=meaning)


PARAMETERS: Final = (
    _choice("style", (AUTO, *STYLES), "way of playing; auto takes the style of the project"),
    *(
        ParameterSpec(name=name, default=default, meaning=meaning)
        for name, (default, meaning) in _NUMBERS.items()
    ),
    ParameterSpec(
        name="swing", default=0.5, minimum=0.5, maximum=0.75, unit="of a beat",
        meaning="place of the off-beat; 0.5 is the style's or recording's own, 0.75 dotted",
    ),
    _choice(
        "voicing", (AUTO, "close", "drop-2", "rootless", "power", "pads", "spread"),
        "how the notes of a chord are laid out; pads are wide and held",
    ),
    _choice(
        "texture", (AUTO, "block", "strum", "arpeggio", "pad"),
        "whether chords are struck, strummed, broken or held",
    ),
    ParameterSpec(
        name="voices", kind="integer", default=4, minimum=3, maximum=5, meaning="notes of a chord"
    ),
    ParameterSpec(
        name="strict", kind="boolean", default=False,
        meaning="no parallel fifths or octaves between chords",
    ),
)  # fmt: skip
DESCRIPTION: Final = EngineDescription(
    name=NAME,
    version="2",
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
    """The knobs in thousandths, and the style they turn on."""

    complexity: int
    intensity: int
    density: int
    groove: int
    variation: int
    humanise: int
    tension: int
    register: int
    follow: int
    fills: int
    swing: int
    voicing: str
    texture: str
    voices: int
    strict: bool
    style: str
    sheet: StyleSheet

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the voices from the lowest up."""
        return _NAMES[self.voices]


def read_controls(context: EngineContext, parameters: EngineParameters) -> Controls:
    """The knobs of a run."""
    style = style_name(context, parameters.choice("style"))
    sheet = STYLE_SHEETS[style]
    voicing, texture = parameters.choice("voicing"), parameters.choice("texture")
    numbers = {name: parameters.permille(name) for name in _NUMBERS}
    voices = parameters.whole("voices")
    if texture == AUTO:
        texture = "pad" if voicing == "pads" else sheet.texture
    return Controls(
        **numbers,
        swing=swing_of(context, style, parameters.permille("swing")),
        voicing=voicing,
        texture=texture,
        voices=3 if sheet.fewest and voicing == AUTO else voices,
        strict=parameters.flag("strict"),
        style=style,
        sheet=sheet,
    )
