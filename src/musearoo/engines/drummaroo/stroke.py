"""A stroke before it is given its exact loudness and time."""

from typing import Final, Literal

import msgspec

Force = Literal["accent", "plain", "soft", "tap", "ghost"]
CYMBALS: Final = ("closed hat", "open hat", "ride", "ride bell", "cowbell", "crash", "crash 2")
FEET: Final = ("kick", "pedal hat")
DRUMS: Final = ("snare", "rimshot", "high tom", "mid tom", "floor tom")


class Stroke(msgspec.Struct, frozen=True, kw_only=True):
    """A piece struck on a step of the bar.

    `late` is a fraction of the step after it, in thousandths, for strokes between steps
    (triplets and doubles in fills). `swell` is thousandths added to the loudness.
    """

    step: int
    piece: str
    force: Force = "plain"
    late: int = 0
    swell: int = 0
    fill: bool = False
