"""The random source: the same numbers everywhere, evenly spread, and streams that do not mix."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.music.chance import Chance

LABELS = st.lists(st.text(max_size=8) | st.integers(-9999, 9999), max_size=4)


class TestGoldenNumbers:
    """These never change: every stored recipe rests on them."""

    @pytest.mark.parametrize(
        ("seed", "path", "bits"),
        [
            (0, (), (0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F)),
            (1, (), (0xBFEF8030DDC2D772, 0x5F552CE482F2AA47, 0x70335FC3DAF3D8A7)),
            (
                7,
                ("drummaroo", 3, "kick"),
                (0x7F7C9838CE2396CF, 0xE86129D57ECE55A7, 0xE994502963942C56),
            ),
        ],
    )
    def test_first_draws(self, seed, path, bits):
        """Seed 0 without a path is SplitMix64 as published."""
        chance = Chance(seed, *path)
        assert tuple(chance.bits() for _ in range(3)) == bits

    def test_derived_draws(self):
        """Every kind of draw is pinned, not only the raw bits."""
        chance = Chance(42, "melody", 1)
        drawn = (
            chance.below(1000), chance.between(-5, 5), chance.permille(500),
            chance.weighted((1, 2, 3)), chance.bell(100),
        )  # fmt: skip
        assert drawn == (388, -5, True, 0, 18)

    def test_a_seed_beyond_64_bits_wraps(self):
        assert Chance(5).bits() == Chance(5 + (1 << 64)).bits()


class TestStreams:
    @given(st.integers(0, 2**53), LABELS)
    def test_same_name_same_numbers(self, seed, path):
        one, other = Chance(seed, *path), Chance(seed, *path)
        assert [one.bits() for _ in range(4)] == [other.bits() for _ in range(4)]

    @given(st.integers(0, 2**53), LABELS, LABELS)
    def test_other_name_other_numbers(self, seed, path, other):
        if [str(label) for label in path] != [str(label) for label in other]:
            assert Chance(seed, *path).bits() != Chance(seed, *other).bits()

    def test_labels_do_not_run_together(self):
        """("ab", "c") is another stream than ("a", "bc"), and order counts."""
        names = [("ab", "c"), ("a", "bc"), ("abc",), ("c", "ab")]
        assert len({Chance(1, *name).bits() for name in names}) == len(names)

    def test_drawing_in_one_stream_leaves_another_alone(self):
        expected = Chance(9, "b").bits()
        one, other = Chance(9, "a"), Chance(9, "b")
        for _ in range(10):
            one.bits()
        assert other.bits() == expected


class TestDistribution:
    def test_below_is_even(self):
        """Chi-square over 16 cells: 99.9 % of even sources stay under 37.7."""
        chance = Chance(2026, "even")
        counts = Counter(chance.below(16) for _ in range(16_000))
        assert sum((counts[cell] - 1000) ** 2 for cell in range(16)) / 1000 < 37.7

    def test_neighbouring_seeds_are_independent(self):
        counts = Counter(Chance(seed, "x").below(10) for seed in range(10_000))
        assert sum((counts[cell] - 1000) ** 2 for cell in range(10)) / 1000 < 27.9

    def test_successive_draws_do_not_follow_each_other(self):
        chance = Chance(3, "serial")
        draws = [chance.below(1001) - 500 for _ in range(20_000)]
        products = sum(a * b for a, b in pairwise(draws))
        assert abs(products / len(draws)) < 0.03 * 500**2 / 3

    def test_permille_is_met(self):
        chance = Chance(4, "permille")
        hits = sum(chance.permille(250) for _ in range(20_000))
        assert 4_750 < hits < 5_250

    def test_weights_are_met_and_nothing_is_drawn_without_weight(self):
        chance = Chance(5, "weights")
        counts = Counter(chance.weighted((1, 0, 3)) for _ in range(20_000))
        assert counts[1] == 0
        assert 2.7 < counts[2] / counts[0] < 3.3

    def test_bell_is_a_bell(self):
        chance = Chance(6, "bell")
        draws = [chance.bell(100) for _ in range(20_000)]
        near = sum(abs(draw) <= 100 for draw in draws) / len(draws)
        assert abs(sum(draws) / len(draws)) < 3
        assert 0.62 < near < 0.72


class TestLimits:
    @given(st.integers(0, 2**53), st.integers(1, 2**32))
    def test_below_stays_below(self, seed, limit):
        assert 0 <= Chance(seed).below(limit) < limit

    @given(st.integers(0, 2**53), st.integers(-1000, 1000), st.integers(0, 1000))
    def test_between_includes_its_ends(self, seed, low, width):
        assert low <= Chance(seed).between(low, low + width) <= low + width

    @given(st.integers(0, 2**53), st.integers(0, 500))
    def test_bell_is_bounded(self, seed, spread):
        assert abs(Chance(seed).bell(spread)) <= 3 * spread

    @pytest.mark.parametrize("weights", [(), (0,), (0, 0, 0)])
    def test_no_weight_at_all_draws_the_first(self, weights):
        assert Chance(1).weighted(weights) == 0

    def test_certain_and_impossible(self):
        chance = Chance(8)
        assert all(chance.permille(1000) for _ in range(100))
        assert not any(chance.permille(0) for _ in range(100))
