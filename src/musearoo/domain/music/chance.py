"""Our own random source: integers only, the same on every machine and Python version.

Counter-based SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom
number generators", OOPSLA 2014). A stream is named by the seed and a path of
labels, so that drawing more numbers in one voice never moves another.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final

_MASK: Final = (1 << 64) - 1
_GAMMA: Final = 0x9E3779B97F4A7C15
_FNV_OFFSET: Final = 0xCBF29CE484222325
_FNV_PRIME: Final = 0x100000001B3


class Chance:
    """A stream of integer draws, fully decided by `seed` and `path`."""

    __slots__ = ("_state",)

    def __init__(self, seed: int, *path: str | int) -> None:
        state = _mix(seed & _MASK)
        for label in path:
            state = _mix(state ^ _digest(label))
        self._state = state

    def bits(self) -> int:
        """The next 64 bits."""
        self._state = (self._state + _GAMMA) & _MASK
        return _mix(self._state)

    def below(self, limit: int) -> int:
        """A whole number in [0, limit); `limit` from 1 to 2**32, bias below 2**-32."""
        return ((self.bits() >> 32) * limit) >> 32

    def between(self, low: int, high: int) -> int:
        """A whole number in [low, high], both included."""
        return low + self.below(high - low + 1)

    def permille(self, chance: int) -> bool:
        """True in `chance` of 1000 draws."""
        return self.below(1000) < chance

    def weighted(self, weights: Sequence[int]) -> int:
        """An index drawn in proportion to non-negative integer weights (0 if all are 0)."""
        edges = list(accumulate(weights))
        if not edges or not edges[-1]:
            return 0
        return bisect_right(edges, self.below(edges[-1]))

    def bell(self, spread: int) -> int:
        """A roughly normal whole number around 0, within [-3 * spread, 3 * spread]."""
        return sum(self.between(-spread, spread) for _ in range(3))


def _mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


@lru_cache(maxsize=4096)
def _digest(label: str | int) -> int:
    digest = _FNV_OFFSET
    for byte in str(label).encode():
        digest = ((digest ^ byte) * _FNV_PRIME) & _MASK
    return digest
