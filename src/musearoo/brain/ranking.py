"""Score the readings of pulse, meter and downbeat and turn scores into probabilities.

The scores come from a network of one hidden layer over the evidence of each reading,
trained by us so that the softmax over all readings of a recording is P(correct)
(training/train_readings.py).
"""

from dataclasses import dataclass

import numpy as np

from musearoo.brain.beats import Pulse
from musearoo.brain.grid import Evidence
from musearoo.brain.meter import BARS, FEATURES, Bar, Reading, describe
from musearoo.brain.signal import Floats
from musearoo.brain.weights import load

_BY_HAND = {
    "fit": 0.9, "salience": 3.0, "prior": 1.2, "onset_repeat": 3.0, "pitch_repeat": 3.0,
    "onset_repeat_double": 0.5, "low": 0.8, "change": 0.9, "strength": 0.3, "learned": 1.0,
    "bass_change": 0.8, "triple": 3.0, "offbeat": 1.5, "explained": 3.0, "starts": 1.5,
    "bars_heard": 0.5,
}  # fmt: skip
_BAR_BY_HAND = {"4/4": 2.0, "3/4": 0.6, "2/4": -0.6, "6/8": 0.3, "12/8": -0.5}


@dataclass(frozen=True, slots=True)
class Ranked:
    """The readings with their probabilities, which sum to 1, best first."""

    readings: tuple[Reading, ...]
    probabilities: Floats
    pulses: tuple[Pulse, ...]

    @property
    def bar(self) -> Bar:
        """The bar of the best reading."""
        return BARS[self.readings[0].bar]

    @property
    def pulse(self) -> Pulse:
        """The pulse of the best reading."""
        return self.pulses[self.readings[0].pulse]


def rank(pulses: list[Pulse], evidence: Evidence) -> Ranked | None:
    """Rank every reading; None when no pulse has enough beats."""
    readings, table = describe(pulses, evidence)
    if not readings:
        return None
    scores = score(table, load("readings"))
    chance = np.exp(scores - scores.max())
    chance /= chance.sum()
    order = np.argsort(-chance, kind="stable")
    return Ranked(tuple(readings[i] for i in order), chance[order], tuple(pulses))


def score(table: Floats, weights: dict[str, Floats] | None) -> Floats:
    """One number per reading; by hand-set weights where none were trained."""
    if weights is None or weights["mean"].shape[0] != table.shape[1]:
        return np.asarray(table @ _by_hand())
    rows = (table - weights["mean"]) / weights["spread"]
    hidden = np.tanh(rows @ weights["w1"] + weights["b1"])
    return np.asarray(hidden @ weights["w2"][:, 0] + rows @ weights["direct"][:, 0])


def _by_hand() -> Floats:
    names = [_BY_HAND.get(name, 0.0) for name in FEATURES]
    bars = [_BAR_BY_HAND.get(bar.name, -1.5) for bar in BARS]
    return np.array(names + bars, dtype=np.float32)
