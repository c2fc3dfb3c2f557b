"""How long a generation took to reach each stage."""

from typing import Literal

from musearoo.domain.events import Stages
from musearoo.ports.ambient import Clock

Stage = Literal["admitted", "dispatched", "first_bar", "last_bar", "sent", "stored"]


class Marks:
    """The stages of one generation as they are reached; `received` is monotonic seconds."""

    __slots__ = ("_clock", "_reached", "received")

    def __init__(self, clock: Clock, received: float) -> None:
        self._clock = clock
        self._reached: dict[str, float] = {}
        self.received = received

    def reach(self, stage: Stage, at: float | None = None) -> None:
        """A stage is reached now, or was at monotonic time `at`."""
        moment = self._clock.monotonic() if at is None else at
        self._reached[stage] = round(1000 * max(0.0, moment - self.received), 3)

    def reach_once(self, stage: Stage) -> None:
        """A stage is reached now, if it was not before."""
        if stage not in self._reached:
            self.reach(stage)

    @property
    def stages(self) -> Stages:
        """What was reached so far."""
        return Stages(**self._reached)
