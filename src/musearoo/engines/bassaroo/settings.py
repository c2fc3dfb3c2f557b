"""BassaRoo's controls, and what they and the context come to for one run."""

from typing import Final, cast

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineDescription, EngineParameters, ParameterSpec
from musearoo.domain.music.style import AUTO, STYLES
from musearoo.engines.bassaroo.lexicon import ROLES, Approach, Manner, manner_of, style_of
from musearoo.engines.layout import Layout, layout_of
from musearoo.engines.listening import microseconds, style_name, swing_of

NAME: Final = "bassaroo"
VOICE: Final = "main"
LOWEST: Final = 28
HIGHEST: Final = 67
_FINGERED_BASS: Final = 33


def _amount(name: str, default: float, meaning: str) -> ParameterSpec:
    return ParameterSpec(name=name, default=default, meaning=meaning)


DESCRIPTION: Final = EngineDescription(
    name=NAME,
    version="1",
    title="BassaRoo",
    default_part="bass",
    voices=(VOICE,),
    program=_FINGERED_BASS,
    keeps_form=True,
    parameters=(
        ParameterSpec(
            name="style", kind="choice", default=AUTO, choices=(AUTO, *STYLES),
            meaning="what to play; auto takes the style of the project",
        ),
        ParameterSpec(
            name="role", kind="choice", default=AUTO, choices=(AUTO, *ROLES),
            meaning="kind of line; auto goes by style",
        ),
        ParameterSpec(
            name="approach", kind="choice", default=AUTO,
            choices=(AUTO, "none", "diatonic", "chromatic"),
            meaning="how the line leads into the next chord; auto goes by style",
        ),
        _amount("complexity", 0.5, "syncopation and notes other than the root"),
        _amount("intensity", 0.5, "how hard"),
        _amount("density", 0.5, "notes a bar"),
        ParameterSpec(
            name="swing", default=0.5, minimum=0.5, maximum=0.75, unit="of a beat",
            meaning="place of the off-beat; 0.5 is the style's or recording's own, 0.75 dotted",
        ),
        _amount("variation", 0.5, "how much bars differ from each other"),
        _amount("humanise", 0.4, "unevenness of timing and loudness from note to note"),
        _amount("register", 0.5, "from the lowest string to high up the neck"),
        _amount("follow", 0.6, "how much notes go with the kick, or with the riff's accents"),
        _amount("fills", 0.5, "runs into the next section"),
        ParameterSpec(
            name="push", default=0.0, minimum=-30.0, maximum=30.0, unit="ms",
            meaning="play late (laid back) or, below 0, ahead of the beat",
        ),
    ),
)  # fmt: skip


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The controls as whole numbers (thousandths), with the manner and meter they lead to."""

    style: str
    manner: Manner
    layout: Layout
    approach: Approach | None
    complexity: int
    intensity: int
    density: int
    swing: int
    variation: int
    humanise: int
    follow: int
    fills: int
    anchor: int
    push_us: int
    step_us: int


def settings_of(context: EngineContext, parameters: EngineParameters) -> Settings:
    """Resolve style, role and approach, lay the lines over the meter, read the controls."""
    style = style_of(style_name(context, parameters.choice("style")))
    manner = manner_of(style.name, parameters.choice("role"))
    slow = context.tempo_millibpm < style.double_below * 1000
    layout = layout_of(context.meter, "double" if slow else "straight", "rock")
    numbers = {
        name: parameters.permille(name)
        for name in (
            "complexity", "intensity", "density", "variation", "humanise", "follow", "fills",
        )
    }  # fmt: skip
    return Settings(
        style=style.name,
        manner=manner,
        layout=layout,
        approach=_approach(manner, parameters.choice("approach")),
        swing=swing_of(context, style.name, parameters.permille("swing")),
        anchor=_anchor(parameters.permille("register")),
        push_us=parameters.permille("push"),
        step_us=microseconds(layout.grid.step_ticks, context),
        **numbers,
    )


def _approach(manner: Manner, chosen: str) -> Approach | None:
    if chosen == AUTO:
        return manner.approach
    return None if chosen == "none" else cast("Approach", chosen)


def _anchor(register: int) -> int:
    """The pitch that roots stay closest to: B flat 1 at 0, D 2 at 0.5, F sharp 3 at 1."""
    if register <= 500:
        return 34 + 4 * register // 500
    return 38 + 16 * (register - 500) // 500
