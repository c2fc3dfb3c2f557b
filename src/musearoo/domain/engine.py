"""What the rest of the system knows of an engine: its description, bars, takes and recipes."""

from typing import Final, Literal

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.note import Note

ParameterKind = Literal["number", "integer", "choice", "boolean"]
ParameterValue = float | int | str | bool
PERMILLE: Final = 1000
MAXIMUM_BARS: Final = 256
MAXIMUM_SEED: Final = 2**53 - 1  # what JSON numbers carry exactly


class ParameterSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One control of an engine: its type, range, default, unit and meaning."""

    name: str
    kind: ParameterKind = "number"
    default: ParameterValue = 0.5
    minimum: float = 0.0
    maximum: float = 1.0
    unit: str = ""
    choices: tuple[str, ...] = ()
    meaning: str = ""

    def checked(self, value: object) -> ParameterValue:
        """Return the value in its own type, or raise `InvalidValue` with the range.

        Integers stand for numbers, 0 and 1 for booleans; NaN and infinities are refused.
        """
        match self.kind:
            case "choice":
                return self._choice(value)
            case "boolean":
                if value in (True, False, 0, 1):
                    return bool(value)
                raise InvalidValue(self.name, value, "true or false")
            case "number" | "integer":
                return self._number(value)

    def _choice(self, value: object) -> str:
        if isinstance(value, str) and value in self.choices:
            return value
        raise InvalidValue(self.name, value, "one of " + ", ".join(self.choices))

    def _number(self, value: object) -> float | int:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not self.minimum <= value <= self.maximum  # also refuses NaN and infinities
            or (self.kind == "integer" and value != int(value))
        ):
            whole = "a whole number " if self.kind == "integer" else ""
            raise InvalidValue(self.name, value, f"{whole}{self.minimum:g} to {self.maximum:g}")
        return int(value) if self.kind == "integer" else float(value)


class EngineDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What `GET /engines` tells of an engine. `version` changes whenever its notes may.

    With `keeps_form` bars that are played again keep the form and groove of the rest; their own
    variation must then come from the seed of the bar.
    """

    name: str
    version: str
    title: str
    default_part: str
    parameters: tuple[ParameterSpec, ...]
    voices: tuple[str, ...] = ("main",)
    program: int | None = None  # General MIDI program 0-127; None plays the drum channel
    keeps_form: bool = False

    def parameter(self, name: str) -> ParameterSpec:
        """The parameter of that name, or `InvalidValue` that lists the names."""
        for spec in self.parameters:
            if spec.name == name:
                return spec
        known = ", ".join(spec.name for spec in self.parameters)
        raise InvalidValue("parameter", name, f"one of {known} for {self.name}")

    def resolved(self, *layers: dict[str, ParameterValue]) -> dict[str, ParameterValue]:
        """Defaults overlaid by each layer in turn, every value checked."""
        values: dict[str, ParameterValue] = {spec.name: spec.default for spec in self.parameters}
        for layer in layers:
            for name, value in layer.items():
                values[name] = self.parameter(name).checked(value)
        return values


class EngineParameters(msgspec.Struct, frozen=True):
    """Resolved parameters as engines read them: numbers of range 0-1 in thousandths."""

    values: dict[str, ParameterValue]

    def permille(self, name: str) -> int:
        """A number in thousandths: 0.5 is 500."""
        return round(float(self.values[name]) * PERMILLE)

    def whole(self, name: str) -> int:
        """A whole number."""
        return int(self.values[name])

    def choice(self, name: str) -> str:
        """A choice."""
        return str(self.values[name])

    def flag(self, name: str) -> bool:
        """A boolean."""
        return bool(self.values[name])


class Bar(msgspec.Struct, frozen=True):
    """The notes of bar `index` (from 0); ticks count from the start of bar 0 of the take."""

    index: int
    notes: tuple[Note, ...]


class EngineRun(msgspec.Struct, frozen=True, kw_only=True):
    """The work of one generation: everything that decides its notes.

    `bars` are the bar indexes wanted (all of the context when empty); the
    others are derived only to reach them. `voices` limits the answer to those.
    With `base_seed`, form, groove and the bars that are not wanted come from that
    seed, and `seed` decides the wanted bars alone: so they belong to the rest.
    `instead` holds notes that stand in those bars: a bar that would come out like
    them is played with further seeds until it differs, as often as the engine contract says.
    """

    engine: str
    context: EngineContext
    parameters: dict[str, ParameterValue]
    seed: int
    bars: tuple[int, ...] = ()
    voices: tuple[str, ...] = ()
    base_seed: int | None = None
    instead: tuple[Note, ...] = ()


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to the notes after the first run.

    "regenerate": the notes of `bars` (from 0) and `voices` were played again with
    `seed` and `parameters`, and with the form and groove of `base_seed` if it has
    one. "keep": those of locked bars or voices gave way to `put`. "edit": notes
    were removed and put by id. With `joined` the engine heard the notes that stayed
    as its own part, and with `anew` it played `instead` of those that went.
    """

    kind: Literal["regenerate", "keep", "edit"]
    seed: int | None = None
    bars: tuple[int, ...] = ()
    voices: tuple[str, ...] = ()
    parameters: dict[str, ParameterValue] = {}
    removed: tuple[str, ...] = ()
    put: tuple[Note, ...] = ()
    base_seed: int | None = None
    joined: bool = False
    anew: bool = False


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """All it takes to make the same notes again, on any machine.

    `context_hash` is the SHA-256 (hex) of the context's canonical MessagePack,
    which is stored with the take.
    """

    engine: str
    engine_version: str
    seed: int
    parameters: dict[str, ParameterValue]
    context_hash: str
    operations: tuple[Operation, ...] = ()
