"""SoundFont modulators: how velocity and key move generators (SoundFont 2.04, 8.2 and 9.5).

Only note-on controllers count here; wheels, pedals and pressure are at rest,
where a unipolar controller contributes nothing.
"""

import math
from typing import Final

import msgspec

_VELOCITY: Final = 2
_KEY: Final = 3
_CONTINUOUS: Final = 0x80
_CONCAVE, _CONVEX, _SWITCH = 1, 2, 3


class Modulator(msgspec.Struct, frozen=True):
    """`amount` x curve of `source` x curve of `scale` is added to generator `target`."""

    source: int
    scale: int
    target: int
    amount: int

    @property
    def identity(self) -> tuple[int, int, int]:
        """What two modulators share when one replaces the other (9.5.1)."""
        return self.source, self.scale, self.target

    def value(self, key: int, velocity: int) -> float:
        """What it adds for a note."""
        if not self.source:
            return 0.0
        scale = _curve(self.scale, key, velocity) if self.scale else 1.0
        return self.amount * scale * _curve(self.source, key, velocity)


# Default modulator 1 (8.4.1): velocity, concave and falling, to attenuation. The second
# one, velocity to filter, is left out as in FluidSynth: fonts are voiced without it.
DEFAULTS: Final = (Modulator(0x0502, 0, 48, 960),)


def _curve(source: int, key: int, velocity: int) -> float:
    """A controller's position on its curve (9.5.3): 0 to 1, or -1 to 1 where bipolar."""
    controller = source & 0x7F
    if source & _CONTINUOUS or controller not in (_VELOCITY, _KEY):
        return 0.0
    position = (velocity if controller == _VELOCITY else key) / 127
    if source >> 8 & 1:
        position = 1 - position
    shape = source >> 10
    if not source >> 9 & 1:
        return _shaped(position, shape)
    bipolar = 2 * position - 1
    return math.copysign(_shaped(abs(bipolar), shape), bipolar)


def _shaped(position: float, shape: int) -> float:
    if shape == _CONCAVE:
        return _concave(position)
    if shape == _CONVEX:
        return 1 - _concave(1 - position)
    return float(position >= 0.5) if shape == _SWITCH else position


def _concave(position: float) -> float:
    return 1.0 if position >= 1 else min(1.0, -40 / 96 * math.log10(1 - position))
