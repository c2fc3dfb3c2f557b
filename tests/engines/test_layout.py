import pytest

from musearoo.domain.music.meter import Meter
from musearoo.engines.layout import NOWHERE, layout_of
from tests.engines.takes import METERS


def _beats(meter: str, feel: str = "straight", triple: str = "rock") -> list[tuple[int, int]]:
    """Each felt beat that kick and snare see: its first step and the beat of 4/4, from 1."""
    struck = layout_of(Meter.parse(meter), feel, triple).struck
    return [(step, source // 4 + 1) for step, source in enumerate(struck) if source % 4 == 0]


class TestLayout:
    @pytest.mark.parametrize("meter", METERS)
    @pytest.mark.parametrize("feel", ["straight", "half", "double"])
    def test_every_step_stands_for_one_of_sixteen_or_none(self, meter, feel):
        """Both readings cover the bar, and beats meet without gaps."""
        layout = layout_of(Meter.parse(meter), feel, "waltz")
        assert layout.steps == len(layout.struck) == len(layout.carried)
        assert {*layout.struck, *layout.carried} <= {NOWHERE, *range(16)}
        assert layout.steps == sum(beat.steps for beat in layout.beats)
        assert all(layout.beat_at(beat.first) == beat for beat in layout.beats)

    def test_common_time_stands_for_itself(self):
        """Sixteen steps, sixteen sources."""
        assert tuple(range(16)) == layout_of(Meter(), "straight", "rock").struck

    @pytest.mark.parametrize(
        ("meter", "beats"),
        [
            ("7/8", [(0, 1), (4, 2), (8, 3), (12, 4)]),
            ("7/8 3+2+2", [(0, 1), (4, 2), (6, 3), (10, 4)]),
            ("5/4", [(0, 1), (4, 3), (8, 4), (12, 1), (16, 2)]),
            ("6/8", [(0, 1), (6, 2)]),
            ("12/8", [(0, 1), (6, 2), (12, 3), (18, 4)]),
            ("2/2", [(0, 1), (4, 2)]),
            ("3/4", [(0, 1), (4, 3), (8, 4)]),
        ],
    )
    def test_felt_beats_and_their_roles(self, meter, beats):
        """Worked by hand: which beat of 4/4 each felt beat plays."""
        assert beats == _beats(meter)

    def test_a_waltz_answers_its_downbeat_twice(self):
        """Three beats as kick, snare, snare."""
        assert [(0, 1), (4, 2), (8, 4)] == _beats("3/4", triple="waltz")

    def test_half_time_stretches_two_beats_into_one(self):
        """The backbeat of 4/4 falls on 3."""
        assert [(0, 1), (8, 2)] == _beats("4/4", "half")

    def test_double_time_halves_each_beat(self):
        """Kick and backbeat within each beat."""
        assert [(0, 1), (2, 2), (4, 3), (6, 4)] == _beats("4/4", "double")[:4]

    def test_a_single_beat_cannot_be_halved(self):
        """1/4 has no two beats to join."""
        assert [(0, 1)] == _beats("1/4", "half")
