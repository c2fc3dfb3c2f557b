"""Meters: simple, compound and odd, with the grouping of their beats."""

from typing import Final

import msgspec

from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.ticks import TICKS_PER_WHOLE

DENOMINATORS: Final = (1, 2, 4, 8, 16, 32)
MAXIMUM_NUMERATOR: Final = 32
_ODD_GROUPS: Final = {
    5: (3, 2), 7: (2, 2, 3), 8: (3, 3, 2), 10: (3, 3, 2, 2), 11: (3, 3, 3, 2), 13: (3, 3, 3, 2, 2),
}  # fmt: skip


class Meter(msgspec.Struct, frozen=True):
    """A time signature; `grouping` sums to the numerator and lists its metrical beats.

    4/4 groups as 1+1+1+1, 6/8 as 3+3, 7/8 as 2+2+3 unless told otherwise.
    """

    numerator: int = 4
    denominator: int = 4
    grouping: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.numerator <= MAXIMUM_NUMERATOR:
            raise InvalidValue("meter.numerator", self.numerator, f"1 to {MAXIMUM_NUMERATOR}")
        if self.denominator not in DENOMINATORS:
            raise InvalidValue("meter.denominator", self.denominator, "1, 2, 4, 8, 16 or 32")
        if not self.grouping:
            msgspec.structs.force_setattr(
                self, "grouping", default_grouping(self.numerator, self.denominator)
            )
        if sum(self.grouping) != self.numerator or min(self.grouping) < 1:
            raise InvalidValue(
                "meter.grouping", self.grouping, f"parts that add up to {self.numerator}"
            )

    @staticmethod
    def parse(text: str) -> "Meter":
        """Read "6/8", "7/8 2+2+3" or "7/8 (3+2+2)"."""
        signature, _, groups = text.strip().partition(" ")
        numerator, slash, denominator = signature.partition("/")
        parts = [part for part in groups.strip("() ").split("+") if part]
        numbers = [numerator, denominator, *parts]
        if not slash or not all(
            number.isascii() and number.isdigit() and len(number) < 4 for number in numbers
        ):
            raise InvalidValue("meter", text[:32], 'a time signature such as "4/4" or "7/8 2+2+3"')
        return Meter(int(numerator), int(denominator), tuple(int(part) for part in parts))

    @property
    def name(self) -> str:
        """The signature alone, such as "6/8"."""
        return f"{self.numerator}/{self.denominator}"

    @property
    def unit_ticks(self) -> int:
        """Ticks of one denominator note."""
        return TICKS_PER_WHOLE // self.denominator

    @property
    def bar_ticks(self) -> int:
        """Ticks of one bar."""
        return self.numerator * self.unit_ticks

    @property
    def beats(self) -> tuple[int, ...]:
        """Start tick of every metrical beat in the bar."""
        starts, tick = [], 0
        for group in self.grouping:
            starts.append(tick)
            tick += group * self.unit_ticks
        return tuple(starts)

    @property
    def is_compound(self) -> bool:
        """Whether every beat divides in three (6/8, 9/8, 12/8)."""
        return all(group == 3 for group in self.grouping)

    def bar_of(self, tick: int) -> int:
        """Index from 0 of the bar that holds `tick`."""
        return tick // self.bar_ticks


def default_grouping(numerator: int, denominator: int) -> tuple[int, ...]:
    """The usual beats of a signature: compound in threes, odd eighths in twos and threes."""
    if denominator >= 8:
        if numerator % 3 == 0:
            return (3,) * (numerator // 3)
        if numerator in _ODD_GROUPS:
            return _ODD_GROUPS[numerator]
        if numerator % 2 == 0:
            return (2,) * (numerator // 2)
    return (1,) * numerator
