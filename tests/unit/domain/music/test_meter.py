"""Meters: signatures, grouping, beats."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.meter import DENOMINATORS, Meter
from musearoo.domain.music.ticks import quarters

METERS = st.builds(Meter, st.integers(1, 32), st.sampled_from(DENOMINATORS))


@st.composite
def grouped(draw):
    groups = draw(st.lists(st.integers(1, 5), min_size=1, max_size=6))
    return Meter(sum(groups), draw(st.sampled_from(DENOMINATORS)), tuple(groups))


class TestParsing:
    @given(METERS)
    def test_the_name_reads_back(self, meter):
        assert Meter.parse(meter.name) == meter

    @given(grouped())
    def test_a_grouping_reads_back(self, meter):
        groups = "+".join(map(str, meter.grouping))
        assert Meter.parse(f"{meter.name} {groups}") == meter
        assert Meter.parse(f" {meter.name} ({groups}) ") == meter

    @pytest.mark.parametrize(
        "text",
        ["", "4", "4/", "/4", "4/3", "0/4", "33/4", "-3/4", "7/8 2+2", "7/8 a+b", "4/4 5", "²/4",
         "7/8 0+7", "4444/4", "4.0/4"],
    )  # fmt: skip
    def test_what_is_no_meter_is_refused(self, text):
        with pytest.raises(InvalidValue):
            Meter.parse(text)

    @given(st.text(max_size=20))
    def test_any_text_is_a_meter_or_refused(self, text):
        try:
            Meter.parse(text)
        except InvalidValue:
            return


class TestGrouping:
    @pytest.mark.parametrize(
        ("name", "grouping"),
        [
            ("4/4", (1, 1, 1, 1)), ("3/4", (1, 1, 1)), ("2/2", (1, 1)), ("5/4", (1,) * 5),
            ("6/8", (3, 3)), ("9/8", (3, 3, 3)), ("12/8", (3, 3, 3, 3)), ("3/8", (3,)),
            ("5/8", (3, 2)), ("7/8", (2, 2, 3)), ("8/8", (3, 3, 2)), ("10/8", (3, 3, 2, 2)),
            ("11/8", (3, 3, 3, 2)), ("4/8", (2, 2)), ("17/8", (1,) * 17), ("1/8", (1,)),
            ("6/4", (1,) * 6), ("7/16", (2, 2, 3)),
        ],
    )  # fmt: skip
    def test_usual_groups(self, name, grouping):
        assert Meter.parse(name).grouping == grouping

    @given(METERS)
    def test_groups_fill_the_bar(self, meter):
        assert sum(meter.grouping) == meter.numerator
        assert len(meter.beats) == len(meter.grouping)

    @pytest.mark.parametrize("name", ["6/8", "9/8", "12/8", "3/8"])
    def test_compound_beats_divide_in_three(self, name):
        assert Meter.parse(name).is_compound

    @pytest.mark.parametrize("name", ["4/4", "3/4", "7/8", "5/8", "2/2"])
    def test_other_beats_do_not(self, name):
        assert not Meter.parse(name).is_compound


class TestTicks:
    @pytest.mark.parametrize(
        ("name", "bar", "beats"),
        [
            ("4/4", 3840, (0, 960, 1920, 2880)), ("6/8", 2880, (0, 1440)),
            ("7/8", 3360, (0, 960, 1920)), ("2/2", 3840, (0, 1920)), ("3/16", 720, (0,)),
        ],
    )  # fmt: skip
    def test_bars_and_beats(self, name, bar, beats):
        meter = Meter.parse(name)
        assert meter.bar_ticks == bar
        assert meter.beats == beats

    @given(grouped())
    def test_beats_lie_inside_the_bar_in_order(self, meter):
        assert list(meter.beats) == sorted(set(meter.beats))
        assert meter.beats[0] == 0
        assert meter.beats[-1] < meter.bar_ticks

    @given(METERS, st.integers(0, 300), st.integers(0, 119))
    def test_a_tick_lies_in_its_bar(self, meter, bar, inside):
        assert meter.bar_of(bar * meter.bar_ticks + inside % meter.bar_ticks) == bar


def test_quarters_are_the_beats_of_the_api():
    assert quarters(1440) == 1.5
