"""What ClappaRoo promises, tested as an engine of your own could be."""
# ruff: noqa: D101, S101

from clapparoo import engine

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineRun
from musearoo.domain.music.meter import Meter
from musearoo.engines.contract import play
from musearoo.engines.loading import checked_description


def clapped(meter: str = "4/4", seed: int = 1, **parameters: float | str) -> list[list[int]]:
    context = EngineContext(bars=4, meter=Meter.parse(meter))
    run = EngineRun(engine="clapparoo", context=context, parameters=parameters, seed=seed)
    length = context.meter.bar_ticks
    return [
        [note.start - bar.index * length for note in bar.notes if note.voice == "clap"]
        for bar in play(engine, run)
    ]


class TestClappaRoo:
    def test_is_a_sound_engine(self) -> None:
        """Its description passes the checks of the loader."""
        assert checked_description(engine).name == "clapparoo"

    def test_claps_on_two_and_four(self) -> None:
        """The backbeat, in every bar."""
        assert clapped() == [[960, 2880]] * 4

    def test_claps_on_the_second_beat_of_six_eight(self) -> None:
        """Metrical beats, not quarters."""
        assert clapped("6/8") == [[1440]] * 4

    def test_shakes_never_move_claps(self) -> None:
        """Density concerns the other voice alone."""
        assert clapped(density=0.0) == clapped(density=1.0)
