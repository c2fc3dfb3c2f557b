"""Which parts, bars and values a clause means in the session as it is."""

from collections.abc import Iterable
from typing import Final

from musearoo.domain.engine import EngineDescription, ParameterSpec, ParameterValue
from musearoo.ports.voice import Bearings
from musearoo.voice.slots import Change, Frame


class Places:
    """The session's parts and engines, as one sentence sees them."""

    def __init__(self, bearings: Bearings) -> None:
        self.state = bearings.state
        self.bearings = bearings
        self._by_name = {engine.name: engine for engine in bearings.engines}
        self._by_part = {engine.default_part: engine for engine in reversed(bearings.engines)}

    def engine_of(self, part: str) -> EngineDescription | None:
        """The engine that plays a part, or would."""
        known = self.state.parts.get(part)
        if known is not None and known.engine in self._by_name:
            return self._by_name[known.engine]
        return self._by_part.get(part)

    def playing(self) -> tuple[str, ...]:
        """Parts that have a take."""
        return tuple(part for part, each in self.state.parts.items() if each.selected is not None)

    def every(self) -> tuple[str, ...]:
        """The parts of the session; of an empty one, those that a whole band has."""
        return self.playing() or tuple(part for part in _BAND if part in self._by_part)

    def named(self, frame: Frame) -> tuple[str, ...]:
        """The parts that the words name, by themselves or by their voices."""
        if frame.everything:
            return self.every()
        found = [*frame.parts, *(part for part, _ in frame.voices)]
        return tuple(dict.fromkeys(part for part in found if self.engine_of(part) is not None))

    def meant(self, frame: Frame) -> tuple[str, ...]:
        """The parts named; else those spoken of last, else all that play."""
        named = self.named(frame)
        if named:
            return named
        focus = tuple(part for part in self.bearings.focus if self.engine_of(part) is not None)
        return focus or self.every()

    def having(self, parts: Iterable[str], parameter: str) -> list[str]:
        """Those of the parts that have a parameter; if none has, the parts that do."""
        here = [part for part in parts if self.spec(part, parameter) is not None]
        return here or [part for part in self._by_part if self.spec(part, parameter) is not None]

    def spec(self, part: str, parameter: str) -> ParameterSpec | None:
        """The parameter of a part, if it has it."""
        engine = self.engine_of(part)
        if engine is None:
            return None
        return next((spec for spec in engine.parameters if spec.name == parameter), None)

    def present(self, part: str, spec: ParameterSpec) -> ParameterValue:
        """The value in force."""
        return self.state.parameters.get(f"{part}/{spec.name}", spec.default)

    def bar_now(self) -> int:
        """The bar that plays, from 1."""
        return self.state.tick_at(self.bearings.now) // self.state.meter.bar_ticks + 1

    def bars(self, frame: Frame) -> tuple[int, ...]:
        """The bars named, from 1, in order: also as "this bar", "the last four bars"."""
        if frame.this_bar and not frame.bars:
            return (min(self.bar_now(), self.state.bars),)
        if frame.edge == "first" and frame.count:
            return tuple(range(1, min(frame.count, self.state.bars) + 1))
        if frame.edge == "last" and frame.count:
            return tuple(range(max(1, self.state.bars - frame.count + 1), self.state.bars + 1))
        return tuple(sorted(set(frame.bars)))


_BAND: Final = ("drums", "bass", "harmony", "melody")


def changed(spec: ParameterSpec, present: ParameterValue, change: Change) -> ParameterValue | None:
    """The value that a change asks for, held in range; None if it makes no sense here."""
    if spec.kind == "boolean":
        return _switched(change)
    if spec.kind == "choice" or (change.unit == "default"):
        return spec.default if change.unit == "default" else None
    span = spec.maximum - spec.minimum
    if change.value is None:
        moved = float(present) + change.direction * change.amount * span
        if spec.kind == "integer" and round(moved) == present:
            moved = float(present) + change.direction
    else:
        moved = _absolute(spec, change.value, change.unit)
    held = min(max(moved, spec.minimum), spec.maximum)
    return round(held) if spec.kind == "integer" else round(held, 4)


def _switched(change: Change) -> bool:
    if change.value is not None:
        return change.value > 0
    return change.direction > 0


def _absolute(spec: ParameterSpec, value: float, unit: str) -> float:
    """A number as it is said: 70 percent, 0.7, 7 out of ten, or 70 on a scale of 0 to 1."""
    span = spec.maximum - spec.minimum
    if unit == "switch":
        return spec.minimum + value * span if not value else float(spec.default)
    if unit == "share":
        return spec.minimum + value * span
    if spec.kind == "integer" or unit == "ms" or spec.unit == "ms":
        return value
    share = value / 100 if unit == "percent" or value > 1 else value
    if unit == "tenths":
        share = value / 10
    return share if spec.minimum <= share <= spec.maximum else spec.minimum + share * span
