"""One argument of an OSC address: how it is written, and how generously it is read."""

import math
import struct
from dataclasses import dataclass
from typing import Final, Literal

from musearoo.domain.engine import ParameterSpec, ParameterValue
from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.style import AUTO, STYLES, find_style

Kind = Literal["number", "integer", "boolean", "choice", "style", "text"]
TAGS: Final[dict[Kind, str]] = {
    "number": "f", "integer": "i", "boolean": "i", "choice": "s", "style": "s", "text": "s",
}  # fmt: skip
LONGEST_TEXT: Final = 64_000
_FLOAT: Final = struct.Struct(">f")
_HALF: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A value of an address. `minimum` and `maximum` are None where there is no bound.

    Numbers outside the range are moved to its nearest end, as a fader would be.
    """

    name: str
    kind: Kind
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    default: ParameterValue | None = None
    optional: bool = False
    repeated: bool = False
    meaning: str = ""

    @property
    def tag(self) -> str:
        """The OSC type that we write, and that is best sent: f, i or s."""
        return TAGS[self.kind]

    @property
    def range_text(self) -> str:
        """What is allowed, in words."""
        match self.kind:
            case "choice" | "style":
                return "one of " + ", ".join(self.choices)
            case "boolean":
                return "0 or 1"
            case "text":
                return "text"
            case "number" | "integer":
                whole = "a whole number" if self.kind == "integer" else "a number"
                if self.minimum is None or self.maximum is None:
                    return whole
                unit = f" {self.unit}" if self.unit else ""
                return f"{whole} {self.minimum:g} to {self.maximum:g}{unit}"

    def read(self, value: object) -> ParameterValue:
        """The value meant; raises `InvalidValue`. NaN and infinities are refused."""
        match self.kind:
            case "text":
                return self._text(value)
            case "choice" | "style":
                return self._choice(value)
            case "boolean":
                return self._number(value) >= _HALF
            case "integer":
                return math.floor(self._bounded(self._number(value)) + _HALF)
            case "number":
                return self._bounded(plain(self._number(value)))

    def _number(self, value: object) -> float:
        if isinstance(value, int | float) and math.isfinite(value):
            return float(value)
        raise InvalidValue(self.name, value, self.range_text)

    def _bounded(self, value: float) -> float:
        if self.minimum is not None:
            value = max(value, self.minimum)
        if self.maximum is not None:
            value = min(value, self.maximum)
        return value

    def _choice(self, value: object) -> str:
        if isinstance(value, str):
            found = find_style(value) if self.kind == "style" else None
            word = " ".join((found or value).lower().replace("_", " ").split())
            for choice in self.choices:
                if word == choice.lower():
                    return choice
        elif isinstance(value, int | float) and not isinstance(value, bool):
            number = math.floor(self._number(value) + _HALF)
            if 0 <= number < len(self.choices):
                return self.choices[number]
        raise InvalidValue(self.name, value, self.range_text + ", or its number from 0")

    def _text(self, value: object) -> str:
        if isinstance(value, str) and len(value) <= LONGEST_TEXT:
            return value
        raise InvalidValue(self.name, value, self.range_text)

    def written(self, value: ParameterValue | None) -> float | int | str:
        """The value as it is sent: strictly f, i or s."""
        if value is None:
            value = self.default if self.default is not None else ""
        match self.kind:
            case "number":
                return float(value)
            case "integer" | "boolean":
                return int(value)
            case _:
                return str(value)


def plain(value: float) -> float:
    """A 32-bit float in its shortest decimal form: 0.7 rather than 0.699999988079071."""
    if value == 0 or single(value) != value:
        return value
    for digits in (6, 7, 8):
        shorter = float(f"{value:.{digits}g}")
        if single(shorter) == value:
            return shorter
    return value


def single(value: float) -> float:
    """The nearest 32-bit float; infinite beyond their range."""
    try:
        nearest: float = _FLOAT.unpack(_FLOAT.pack(value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return nearest


def argument_of(spec: ParameterSpec) -> Argument:
    """The argument that sets a parameter of an engine."""
    style = spec.kind == "choice" and spec.name == "style"
    ranged = spec.kind in {"number", "integer"}
    return Argument(
        name=spec.name,
        kind="style" if style else spec.kind,
        minimum=spec.minimum if ranged else None,
        maximum=spec.maximum if ranged else None,
        choices=spec.choices,
        unit=spec.unit,
        default=spec.default,
        meaning=spec.meaning,
    )


STYLE: Final = Argument(
    name="style", kind="style", choices=(AUTO, *STYLES), default=AUTO, meaning="Style or synonym"
)
