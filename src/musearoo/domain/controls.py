"""MIDI controllers that set parameters: which one, and how far it reaches."""

import math
from typing import Final

import msgspec

from musearoo.domain.engine import ParameterSpec, ParameterValue

CHANNELS: Final = 16
CONTROLLERS: Final = 128


class Control(msgspec.Struct, frozen=True):
    """What a MIDI controller sets. At its lowest it means `minimum`, at its highest `maximum`.

    None stands for the end of the parameter's own range; a minimum above the maximum turns the
    controller around.
    """

    path: str
    minimum: float | None = None
    maximum: float | None = None

    def value(self, position: float, spec: ParameterSpec) -> ParameterValue:
        """The parameter's value with the controller at `position`, 0 to 1."""
        if spec.kind == "choice":
            last = len(spec.choices) - 1
            return spec.choices[min(int(position * len(spec.choices)), last)]
        if spec.kind == "boolean":
            return position >= 0.5
        low = spec.minimum if self.minimum is None else self.minimum
        high = spec.maximum if self.maximum is None else self.maximum
        value = min(max(low + position * (high - low), spec.minimum), spec.maximum)
        return math.floor(value + 0.5) if spec.kind == "integer" else value


def control_key(channel: int, number: int) -> str:
    """How a session's state names a controller: "1/74"."""
    return f"{channel}/{number}"
