"""DrummaRoo's controls, and what they and the context come to for one run."""

from typing import Final, cast

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineDescription, EngineParameters, ParameterSpec
from musearoo.domain.music.drums import DRUM_PITCHES
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.style import AUTO, STYLES
from musearoo.domain.music.ticks import TICKS_PER_QUARTER
from musearoo.engines.drummaroo.lexicon import Style, style_of
from musearoo.engines.feel import swung
from musearoo.engines.layout import Feel, Layout, layout_of
from musearoo.engines.listening import microseconds, style_name, swing_of

NAME: Final = "drummaroo"
VOICES: Final = (
    "kick", "snare", "rimshot", "closed hat", "open hat", "pedal hat", "ride", "ride bell",
    "cowbell", "crash", "crash 2", "high tom", "mid tom", "floor tom",
)  # fmt: skip


def _amount(name: str, default: float, meaning: str) -> ParameterSpec:
    return ParameterSpec(name=name, default=default, meaning=meaning)


DESCRIPTION: Final = EngineDescription(
    name=NAME,
    version="2",
    title="DrummaRoo",
    default_part="drums",
    voices=VOICES,
    keeps_form=True,
    parameters=(
        ParameterSpec(
            name="style", kind="choice", default=AUTO, choices=(AUTO, *STYLES),
            meaning="what to play; auto takes the style of the project",
        ),
        _amount("complexity", 0.5, "syncopation and number of kick and snare strokes"),
        _amount("intensity", 0.5, "how hard, and on what: hat, then ride, then crash"),
        _amount("density", 0.5, "strokes of the riding hand and ghost notes"),
        _amount("groove", 0.5, "how much of a human player's timing and dynamics; 0 is a machine"),
        ParameterSpec(
            name="swing", default=0.5, minimum=0.5, maximum=0.75, unit="of a beat",
            meaning="place of the off-beat; 0.5 is the style's or recording's own, 0.75 dotted",
        ),
        _amount("fills", 0.5, "how often and how long fills are"),
        _amount("fill_complexity", 0.5, "how fast fills are and how far they travel"),
        _amount("variation", 0.5, "how much bars differ from each other"),
        _amount("humanise", 0.4, "unevenness of timing and loudness from stroke to stroke"),
        _amount("follow", 0.5, "how much the kick goes with the riff's accents and the bass"),
        _amount("ghost_notes", 0.5, "soft snare strokes between the others; 0.5 is human"),
        ParameterSpec(
            name="push", default=0.0, minimum=-30.0, maximum=30.0, unit="ms",
            meaning="play late (laid back) or, below 0, ahead of the beat",
        ),
        ParameterSpec(
            name="feel", kind="choice", default="straight", choices=("straight", "half", "double"),
            meaning="backbeat as written, at half or at double time",
        ),
        ParameterSpec(
            name="hats", kind="choice", default=AUTO, choices=(AUTO, "closed", "open", "ride"),
            meaning="what the riding hand plays; auto goes by style and intensity",
        ),
    ),
)  # fmt: skip
assert all(voice in DRUM_PITCHES for voice in VOICES)  # noqa: S101 - a slip in the table above


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The controls as whole numbers (thousandths), with the style and meter they lead to.

    `starts` is the tick in the bar of every step as it is swung, and of the bar's end.
    """

    style: Style
    meter: Meter
    layout: Layout
    feel: Feel
    complexity: int
    intensity: int
    density: int
    groove: int
    starts: tuple[int, ...]
    fills: int
    fill_complexity: int
    variation: int
    humanise: int
    follow: int
    ghost_notes: int
    push_us: int
    hats: str
    step_us: int
    quarter_us: int

    def tick_of(self, step: int, late: int = 0) -> int:
        """The tick in the bar of a step, or of a place `late` thousandths of it later."""
        start, after = self.starts[step], self.starts[step + 1]
        return start + (after - start) * late // 1000


def settings_of(context: EngineContext, parameters: EngineParameters) -> Settings:
    """Resolve the style, lay its grooves over the meter, read the controls."""
    style = style_of(style_name(context, parameters.choice("style")))
    feel = _feel(context, style, cast("Feel", parameters.choice("feel")))
    layout = layout_of(context.meter, feel, style.triple)
    numbers = {
        name: parameters.permille(name)
        for name in (
            "complexity", "intensity", "density", "groove", "fills", "fill_complexity",
            "variation", "humanise", "follow", "ghost_notes",
        )
    }  # fmt: skip
    return Settings(
        style=style,
        meter=context.meter,
        layout=layout,
        feel=feel,
        starts=_starts(context, style.name, layout, parameters.permille("swing")),
        push_us=parameters.permille("push"),
        hats=parameters.choice("hats"),
        step_us=microseconds(layout.grid.step_ticks, context),
        quarter_us=microseconds(TICKS_PER_QUARTER, context),
        **numbers,
    )


def _feel(context: EngineContext, style: Style, feel: Feel) -> Feel:
    """The feel asked for, of a style as it is usually counted at this tempo."""
    if context.tempo_millibpm >= style.double_below * 1000:
        return feel
    return "straight" if feel == "half" else "double"


def _starts(context: EngineContext, style: str, layout: Layout, wanted: int) -> tuple[int, ...]:
    swing = swing_of(context, style, wanted)
    ticks = range(0, layout.bar_ticks, layout.grid.step_ticks)
    return (*(swung(tick, context.meter, swing, style) for tick in ticks), layout.bar_ticks)
