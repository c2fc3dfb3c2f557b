"""Voice leading: least motion, parallels, layouts, the smoothest path."""

from itertools import pairwise, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.music.chord import QUALITIES, Chord
from musearoo.domain.music.voice_leading import (
    Choice,
    Parallel,
    has_parallels,
    motion,
    parallels,
    pitch_class_motion,
    smoothest,
    voicings,
)

VOICINGS = st.lists(st.integers(40, 90), min_size=1, max_size=5).map(lambda x: tuple(sorted(x)))
CLASSES = st.lists(st.integers(0, 11), min_size=1, max_size=4, unique=True).map(tuple)
C, F, G, AM = (0, 4, 7), (5, 9, 0), (7, 11, 2), (9, 0, 4)


class TestMotion:
    @pytest.mark.parametrize(
        ("before", "after", "semitones"),
        [
            ((60, 64, 67), (60, 64, 67), 0), ((60, 64, 67), (60, 65, 69), 3),
            ((60, 64, 67), (59, 62, 67), 3), ((60, 64, 67), (60, 64, 67, 72), 5),
            ((60, 72), (60, 64, 67), 9), ((60,), (55, 60, 64), 9),
        ],
    )  # fmt: skip
    def test_by_hand(self, before, after, semitones):
        assert motion(before, after) == semitones

    @given(VOICINGS, VOICINGS)
    def test_is_symmetric(self, before, after):
        assert motion(before, after) == motion(after, before)

    @given(VOICINGS, VOICINGS)
    def test_is_zero_only_for_the_same_pitches(self, before, after):
        if motion(before, after) == 0:
            assert set(before) == set(after)
        assert motion(before, before) == 0

    @given(st.integers(1, 4), st.data())
    def test_no_pairing_is_cheaper(self, size, data):
        """Crossing voices never pays (Tymoczko 2006), so sorting suffices."""
        sized = st.lists(st.integers(40, 90), min_size=size, max_size=size)
        before, after = sorted(data.draw(sized)), sorted(data.draw(sized))
        cheapest = min(
            sum(abs(a - b) for a, b in zip(before, order, strict=True))
            for order in permutations(after)
        )
        assert motion(tuple(before), tuple(after)) == cheapest

    @given(VOICINGS.filter(lambda v: len(v) <= 3), VOICINGS.filter(lambda v: len(v) <= 3))
    def test_splitting_is_optimal(self, before, after):
        pairs = list(product(range(len(before)), range(len(after))))
        best = min(
            sum(abs(before[i] - after[j]) for n, (i, j) in enumerate(pairs) if bits >> n & 1)
            for bits in range(1, 1 << len(pairs))
            if {i for n, (i, _) in enumerate(pairs) if bits >> n & 1} == set(range(len(before)))
            and {j for n, (_, j) in enumerate(pairs) if bits >> n & 1} == set(range(len(after)))
        )
        assert motion(before, after) <= best or len(before) == len(after)


class TestPitchClassMotion:
    @pytest.mark.parametrize(
        ("before", "after", "semitones"),
        [(C, F, 3), (C, G, 3), (C, AM, 2), (C, (0, 3, 7), 1), (C, (1, 4, 7, 10), 3), (C, C, 0),
         ((0, 4, 8), (1, 5, 9), 3), ((0,), (6,), 6)],
    )  # fmt: skip
    def test_by_hand(self, before, after, semitones):
        assert pitch_class_motion(before, after) == semitones

    @given(CLASSES, CLASSES, st.integers(0, 11))
    def test_transposing_both_changes_nothing(self, before, after, by):
        moved = [tuple((tone + by) % 12 for tone in chord) for chord in (before, after)]
        assert pitch_class_motion(*moved) == pitch_class_motion(before, after)

    @given(CLASSES, CLASSES)
    def test_order_of_chords_and_tones_is_indifferent(self, before, after):
        assert pitch_class_motion(before, after) == pitch_class_motion(after[::-1], before)


class TestParallels:
    @pytest.mark.parametrize(
        ("before", "after", "found"),
        [
            ((60, 67), (62, 69), [Parallel("fifth", 0, 1)]),
            ((48, 60), (50, 62), [Parallel("octave", 0, 1)]),
            ((48, 60), (50, 74), [Parallel("octave", 0, 1)]),
            ((60, 67), (60, 67), []), ((60, 67), (62, 71), []), ((60, 64), (62, 66), []),
            ((60, 60), (62, 62), [Parallel("octave", 0, 1)]),
            ((60, 64, 67), (62, 66, 69, 74), []),
            ((48, 55, 64), (50, 57, 65), [Parallel("fifth", 0, 1)]),
        ],
    )  # fmt: skip
    def test_by_hand(self, before, after, found):
        assert list(parallels(before, after)) == found
        assert has_parallels(before, after) == bool(found)

    @given(VOICINGS)
    def test_standing_still_is_no_parallel(self, voicing):
        assert not has_parallels(voicing, voicing)


class TestVoicings:
    def test_close_position_comes_in_every_inversion(self):
        assert voicings(C, "close", 3, 60, 72) == ((60, 64, 67), (64, 67, 72))

    def test_doubling_continues_upwards(self):
        assert (60, 64, 67, 72) in voicings(C, "close", 4, 48, 84)

    def test_drop_2_lowers_the_second_from_above(self):
        assert (55, 60, 64, 71) in voicings((0, 4, 7, 11), "drop-2", 4, 48, 84)

    def test_power_has_neither_third_nor_inversion(self):
        assert voicings(C, "power", 3, 48, 72) == ((48, 55, 60), (60, 67, 72))
        assert voicings((0, 3, 6), "power", 2, 48, 60) == ((48, 54),)
        assert voicings((0, 4), "power", 2, 48, 60) == ((48, 55),)

    def test_rootless_leaves_the_root_to_the_bass(self):
        found = voicings((2, 5, 9, 0, 4), "rootless", 4, 48, 72)
        assert (53, 57, 60, 64) in found
        assert not any(pitch % 12 == 2 for voicing in found for pitch in voicing)

    def test_one_tone_alone_keeps_it(self):
        assert voicings((0,), "rootless", 1, 60, 71) == ((60,),)

    def test_spread_opens_every_other_voice(self):
        assert (48, 55, 64) in voicings(C, "spread", 3, 48, 84)

    def test_two_voices_have_nothing_to_drop(self):
        assert (60, 67) in voicings((0, 7), "drop-2", 2, 48, 84)

    @given(
        st.sampled_from(sorted(QUALITIES)),
        st.integers(0, 11),
        st.sampled_from(["close", "drop-2", "rootless", "power", "spread"]),
        st.integers(3, 5),
    )
    def test_stay_in_range_and_in_the_chord(self, quality, root, layout, voices):
        chord = Chord(root, quality)
        for voicing in voicings(chord.pitch_classes, layout, voices, 48, 84):
            assert len(voicing) == voices
            assert list(voicing) == sorted(voicing)
            assert 48 <= voicing[0] <= voicing[-1] <= 84
            allowed = {*chord.pitch_classes, (root + 7) % 12}
            assert {pitch % 12 for pitch in voicing} <= allowed


class TestSmoothest:
    def test_nothing_to_choose(self):
        assert smoothest([], (60, 64, 67)) == ()

    def test_one_column_takes_the_cheapest(self):
        assert smoothest([[Choice(5, (60,)), Choice(3, (72,))]]) == ((72,),)

    def test_stays_close_to_where_the_hand_is(self):
        column = [Choice(0, voicing) for voicing in voicings(F, "close", 3, 48, 84)]
        assert smoothest([column], (60, 64, 67)) == ((60, 65, 69),)

    def test_looks_ahead(self):
        """A dearer first choice wins when it makes the way shorter."""
        columns = [[Choice(0, (60,)), Choice(1, (70,))], [Choice(0, (71,))]]
        assert smoothest(columns) == ((70,), (71,))

    def test_parallels_are_paid_for(self):
        column = [Choice(0, (62, 69)), Choice(2, (59, 67))]
        assert smoothest([column], (60, 67)) == ((59, 67),)
        assert smoothest([[Choice(0, (62, 69)), Choice(9, (59, 67))]], (60, 67)) == ((62, 69),)
        assert smoothest(
            [[Choice(0, (62, 69)), Choice(9, (59, 67))]], (60, 67), parallel_cost=100
        ) == ((59, 67),)

    @given(st.lists(st.lists(st.tuples(st.integers(0, 9), VOICINGS), min_size=1, max_size=3),
                    min_size=1, max_size=4))  # fmt: skip
    def test_is_the_cheapest_of_all_paths(self, rows):
        columns = [[Choice(cost, voicing) for cost, voicing in row] for row in rows]

        def price(path):
            moves = sum(motion(a.voicing, b.voicing) for a, b in pairwise(path))
            return sum(choice.cost for choice in path) + moves

        found = smoothest(columns)
        best = min(price(path) for path in product(*columns))
        assert best == min(
            price(path)
            for path in product(*columns)
            if tuple(choice.voicing for choice in path) == found
        )
