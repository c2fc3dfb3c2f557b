"""Tempo maps: ticks to seconds and back, exactly."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.tempo_map import (
    TempoChange,
    TempoMap,
    checked_bpm,
    microseconds_per_quarter,
)

BPM = st.floats(20, 400)


@st.composite
def maps(draw):
    gaps = draw(st.lists(st.integers(1, 9600), max_size=6))
    ticks = [sum(gaps[:count]) for count in range(len(gaps) + 1)]
    changes = tuple(TempoChange(tick, draw(BPM)) for tick in ticks)
    return TempoMap(changes, draw(st.floats(-10, 100)))


class TestInverse:
    @given(maps(), st.integers(-5_000, 100_000))
    def test_ticks_come_back_from_seconds(self, tempo_map, tick):
        assert math.isclose(
            tempo_map.tick_at(tempo_map.seconds_at(tick)), tick, rel_tol=1e-9, abs_tol=1e-3
        )

    @given(maps(), st.integers(-5_000, 50_000), st.integers(1, 50_000))
    def test_time_goes_forward(self, tempo_map, tick, more):
        assert tempo_map.seconds_at(tick + more) > tempo_map.seconds_at(tick)

    @given(maps())
    def test_tick_0_is_the_origin(self, tempo_map):
        assert tempo_map.seconds_at(0) == tempo_map.origin_seconds


class TestConstant:
    def test_a_beat_at_120_is_half_a_second(self):
        tempo_map = TempoMap.constant(120, origin_seconds=2.0)
        assert tempo_map.seconds_at(960) == 2.5
        assert tempo_map.tick_at(3.0) == 1920
        assert tempo_map.seconds_at(-960) == 1.5

    def test_bpm_in_force(self):
        tempo_map = TempoMap((TempoChange(0, 90), TempoChange(1920, 180)))
        assert tempo_map.bpm == 90
        assert [tempo_map.bpm_at(tick) for tick in (-5, 0, 1919, 1920, 9999)] == [
            90,
            90,
            90,
            180,
            180,
        ]
        assert math.isclose(tempo_map.seconds_at(2880), 2 * 60 / 90 + 60 / 180)

    @given(maps(), st.integers(1, 50_000))
    def test_the_mean_tempo_takes_as_long(self, tempo_map, ticks):
        seconds = tempo_map.seconds_at(ticks) - tempo_map.origin_seconds
        assert math.isclose(60 * ticks / 960 / tempo_map.mean_bpm(ticks), seconds, abs_tol=1e-6)


class TestFromBeats:
    @given(
        st.lists(st.floats(0.2, 1.5), min_size=1, max_size=20),
        st.floats(-5, 60),
        st.sampled_from([480, 960, 1440, 1920]),
    )
    def test_each_beat_falls_where_it_was_heard(self, gaps, first, ticks_per_beat):
        times = [first + sum(gaps[:count]) for count in range(len(gaps) + 1)]
        try:
            tempo_map = TempoMap.from_beats(times, ticks_per_beat)
        except InvalidValue:  # slower than 20 or faster than 400 quarters a minute
            return
        for index, time in enumerate(times):
            assert math.isclose(tempo_map.seconds_at(index * ticks_per_beat), time, abs_tol=1e-6)

    @pytest.mark.parametrize("times", [(), (1.0,), (1.0, 1.0), (2.0, 1.0), (0.0, math.nan), (0, 9)])
    def test_what_is_no_row_of_beats_is_refused(self, times):
        with pytest.raises(InvalidValue):
            TempoMap.from_beats(times)


class TestRefusals:
    @pytest.mark.parametrize("ticks", [(), (1,), (0, 0), (0, 5, 3)])
    def test_changes_begin_at_0_and_rise(self, ticks):
        with pytest.raises(InvalidValue, match="rising ticks"):
            TempoMap(tuple(TempoChange(tick, 120) for tick in ticks))

    @pytest.mark.parametrize("bpm", [0, 19.9, 400.1, -120, math.nan, math.inf])
    def test_tempo_stays_between_20_and_400(self, bpm):
        with pytest.raises(InvalidValue, match="20 to 400 bpm"):
            checked_bpm(bpm)
        with pytest.raises(InvalidValue):
            TempoMap.constant(bpm)

    @given(BPM)
    def test_tempo_in_range_passes(self, bpm):
        assert checked_bpm(bpm) == bpm


def test_midi_writes_microseconds():
    assert microseconds_per_quarter(120) == 500_000
    assert microseconds_per_quarter(97) == 618_557
