import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.rhythm import (
    density,
    grid_of,
    indispensability,
    mean_repetition,
    repetition,
    syncopation,
)

COMMON_TIME = (0, -4, -3, -4, -2, -4, -3, -4, -1, -4, -3, -4, -2, -4, -3, -4)
METERS = ["4/4", "3/4", "2/4", "2/2", "5/4", "7/4", "6/4", "6/8", "9/8", "12/8", "3/8", "5/8"]
ODD = [
    "7/8",
    "7/8 3+2+2",
    "7/8 2+3+2",
    "10/8",
    "11/8",
    "13/8",
    "7/16",
    "4/4 2+2",
    "1/4",
    "9/8 2+2+2+3",
]


class TestGrid:
    def test_common_time_has_the_published_weights(self):
        """4/4 in sixteenths, as Longuet-Higgins & Lee give it: 0 -4 -3 -4 -2 ..."""
        assert COMMON_TIME == grid_of(Meter()).weights

    def test_six_eight_divides_in_threes(self):
        """Two beats of three eighths, each eighth two steps."""
        assert (0, -3, -2, -3, -2, -3, -1, -3, -2, -3, -2, -3) == grid_of(Meter(6, 8)).weights

    def test_seven_eight_follows_its_grouping(self):
        """Groups begin one level below the downbeat, wherever the grouping puts them."""
        weights = grid_of(Meter.parse("7/8 3+2+2")).weights
        assert [0, 6, 10] == [step for step, weight in enumerate(weights) if weight >= -1]

    def test_five_four_is_three_and_two(self):
        """Equal beats of an odd number group as 3+2."""
        weights = grid_of(Meter(5, 4)).weights
        assert [0, 12] == [step for step, weight in enumerate(weights) if weight >= -1]

    @pytest.mark.parametrize(
        ("meter", "ticks", "steps"),
        [("4/4", 240, 16), ("6/8", 240, 12), ("7/8", 240, 14), ("2/2", 480, 8), ("7/16", 240, 7),
         ("5/32", 120, 5), ("1/1", 960, 4)],
    )  # fmt: skip
    def test_a_step_is_a_quarter_of_a_simple_beat(self, meter, ticks, steps):
        """Steps fill the bar exactly."""
        grid = grid_of(Meter.parse(meter))
        assert (ticks, steps) == (grid.step_ticks, grid.steps)
        assert Meter.parse(meter).bar_ticks == grid.step_ticks * grid.steps

    @pytest.mark.parametrize("meter", METERS + ODD)
    def test_every_step_is_ordered_once_and_the_downbeat_is_first(self, meter):
        """`order` is a permutation that never puts a weaker step before a stronger one."""
        grid = grid_of(Meter.parse(meter))
        assert list(range(grid.steps)) == sorted(grid.order)
        ordered = [grid.weights[step] for step in grid.order]
        assert sorted(ordered, reverse=True) == ordered
        assert 0 == grid.order[0]
        assert 1 == grid.weights.count(0)

    @pytest.mark.parametrize(
        ("meter", "strata"), [("4/4", (2, 2, 2, 2)), ("3/4", (3, 2, 2)), ("6/8", (2, 3, 2))]
    )
    def test_order_is_barlows_in_meters_of_twos_and_threes(self, meter, strata):
        """Our order, which needs no primes, agrees with the published formula."""
        values = indispensability(strata)
        assert sorted(range(len(values)), key=lambda step: -values[step]) == list(
            grid_of(Meter.parse(meter)).order
        )

    def test_beats_are_found_from_steps(self):
        """Each step knows its metrical beat."""
        assert (0,) * 4 + (1,) * 4 + (2,) * 6 == grid_of(Meter(7, 8)).beat_of

    def test_ticks_go_to_the_nearest_step_and_round_the_barline(self):
        """A late upbeat belongs to the step it was meant for; almost a bar is the next downbeat."""
        grid = grid_of(Meter())
        assert [0, 1, 1, 0] == [grid.step_at(tick) for tick in (119, 120, 300, 3800)]


class TestSyncopation:
    def test_beats_alone_are_not_syncopated(self):
        """Four quarters: no silent step is stronger than the note before it."""
        assert 0 == syncopation({0, 4, 8, 12}, COMMON_TIME)

    def test_an_anticipation_counts_the_difference_of_weights(self):
        """Notes on 1 and on the sixteenth before 3: -1 - (-4) = 3 for the silent third beat."""
        assert 3 == syncopation({0, 7}, COMMON_TIME)

    def test_son_clave(self):
        """x..x..x...x.x...: step 3 (-4) before silent 4 (-2), step 6 (-3) before silent 8 (-1)."""
        assert 4 == syncopation({0, 3, 6, 10, 12}, COMMON_TIME)

    def test_the_strongest_of_several_silent_steps_counts(self):
        """A note on the last sixteenth, held over the barline of a loop: 0 - (-4)."""
        assert 4 == syncopation({15}, COMMON_TIME)

    def test_silence_has_no_syncopation(self):
        """Nothing sounds, nothing is early."""
        assert 0 == syncopation((), COMMON_TIME)

    def test_two_bars_are_read_as_one_loop(self):
        """An anticipated second downbeat counts 4, and nothing more at the end of the loop."""
        assert 4 == syncopation({0, 15}, COMMON_TIME, bars=2)

    @given(st.sets(st.integers(0, 15)))
    def test_filling_every_step_removes_syncopation(self, onsets):
        """Syncopation is never negative, and none is left when no step is silent."""
        assert syncopation(onsets, COMMON_TIME) >= 0
        assert 0 == syncopation(onsets | set(range(16)), COMMON_TIME)


class TestIndispensability:
    @pytest.mark.parametrize(
        ("strata", "expected"),
        [
            ((2, 3), (5, 0, 2, 4, 1, 3)),
            ((3, 2), (5, 0, 3, 1, 4, 2)),
            ((2, 2, 2), (7, 0, 4, 2, 6, 1, 5, 3)),
            ((5,), (4, 0, 3, 1, 2)),
            ((7,), (6, 0, 4, 2, 5, 1, 3)),
        ],
    )
    def test_published_values(self, strata, expected):
        """Barlow's tables for 6/8, 3/4, 4/4 in eighths, five and seven."""
        assert expected == indispensability(strata)

    def test_other_primes_are_refused(self):
        """We know no values for eleven."""
        with pytest.raises(InvalidValue):
            indispensability((11,))


class TestDensityAndRepetition:
    def test_density_is_in_thousandths(self):
        """Six onsets in four beats are one and a half a beat."""
        assert 1500 == density(6, 3840, 960)

    @pytest.mark.parametrize(("ticks", "unit"), [(0, 960), (3840, 0)])
    def test_density_of_nothing_is_refused(self, ticks, unit):
        """No time, no density."""
        with pytest.raises(InvalidValue):
            density(1, ticks, unit)

    def test_jaccard(self):
        """Two shared onsets of four."""
        assert 500 == repetition({0, 4, 8}, {0, 8, 12})

    def test_empty_bars_repeat_each_other(self):
        """Silence after silence is the same again."""
        assert 1000 == repetition((), ())

    def test_mean_over_neighbours(self):
        """Same, then half alike."""
        assert 750 == mean_repetition([{0, 4}, {0, 4}, {0}])

    def test_one_bar_repeats_itself(self):
        """Nothing to compare with."""
        assert 1000 == mean_repetition([{0}])
