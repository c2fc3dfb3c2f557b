"""ClappaRoo claps on the backbeat and shakes in between: an example of a third-party engine."""
# ruff: noqa: ARG002 - the contract gives every method more than this engine needs

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar, EngineDescription, EngineParameters, ParameterSpec
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.drums import DRUM_PITCHES
from musearoo.domain.music.note import Note
from musearoo.domain.music.rhythm import grid_of

NAME = "clapparoo"


class ClappaRoo:
    """Two people beside the band: one claps, one shakes."""

    description = EngineDescription(
        name=NAME,
        version="1",
        title="ClappaRoo",
        default_part="claps",
        voices=("clap", "shaker", "tambourine"),
        parameters=(
            ParameterSpec(name="intensity", meaning="how hard"),
            ParameterSpec(name="density", meaning="how many shakes between the claps"),
            ParameterSpec(name="crowd", default=0.3, meaning="how far apart the clappers are"),
            ParameterSpec(
                name="shaken",
                kind="choice",
                default="tambourine",
                choices=("tambourine", "shaker", "nothing"),
                meaning="what sounds between the claps",
            ),
        ),
    )

    def begin(self, context: EngineContext, parameters: EngineParameters, seed: int) -> None:
        """Nothing to settle on: each bar says all."""

    def play_bar(
        self,
        context: EngineContext,
        parameters: EngineParameters,
        seed: int,
        state: None,
        bar: int,
    ) -> tuple[Bar, None]:
        """Claps on every second beat, shakes on the strongest of the other steps."""
        grid = grid_of(context.meter)
        claps = [tick // grid.step_ticks for tick in context.meter.beats[1::2]]
        notes = [_note(context, parameters, seed, bar, "clap", step) for step in claps]
        shaken = parameters.choice("shaken")
        if shaken != "nothing":
            others = [step for step in grid.order if step not in claps]
            count = len(others) * parameters.permille("density") // 1000
            notes += [
                _note(context, parameters, seed, bar, shaken, step) for step in others[:count]
            ]
        return Bar(bar, tuple(notes)), None

    def confidence(
        self, context: EngineContext, parameters: EngineParameters, bars: tuple[Bar, ...]
    ) -> int:
        """Sure of itself as long as every bar has a clap."""
        clapped = sum(any(note.voice == "clap" for note in bar.notes) for bar in bars)
        return 1000 * clapped // max(1, len(bars))


def _note(
    context: EngineContext,
    parameters: EngineParameters,
    seed: int,
    bar: int,
    voice: str,
    step: int,
) -> Note:
    grid = grid_of(context.meter)
    # One stream for each bar, voice and step: more shakes never move a clap.
    chance = Chance(seed, NAME, bar, voice, step)
    loudness = 60 + 60 * parameters.permille("intensity") // 1000 + 6 * grid.weights[step]
    return Note(
        id="",
        start=bar * context.meter.bar_ticks + step * grid.step_ticks,
        length=grid.step_ticks,
        pitch=DRUM_PITCHES[voice],
        velocity=max(1, min(127, loudness + chance.bell(3))),
        offset_us=chance.bell(12 * parameters.permille("crowd")),
        voice=voice,
    )


engine = ClappaRoo()
