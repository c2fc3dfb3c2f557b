"""The integer grid of musical time: 960 ticks to the quarter note, everywhere."""

from typing import Final

TICKS_PER_QUARTER: Final = 960
TICKS_PER_WHOLE: Final = 4 * TICKS_PER_QUARTER
TICKS_PER_SIXTEENTH: Final = TICKS_PER_QUARTER // 4


def quarters(ticks: int) -> float:
    """Convert ticks to quarter notes (the `beat` of the public API)."""
    return ticks / TICKS_PER_QUARTER
