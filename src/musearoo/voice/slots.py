"""What one clause of a sentence says, slot by slot."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

NORMAL: Final = 0.2
"""Share of a control's range by which a plain "more" moves it."""


class Change(NamedTuple):
    """A parameter is to move by `direction` x `amount` of its range, or to go to `value`.

    `unit` says how to read `value`: plain, percent, ms, share (of the range), switch, default.
    """

    name: str
    direction: int = 0
    amount: float = NORMAL
    value: float | None = None
    unit: str = "plain"


class TakeWish(NamedTuple):
    """Which take: so many newer, or the one with that number (from 1; -1 is the newest)."""

    steps: int = 0
    number: int | None = None


@dataclass(slots=True)
class Frame:
    """One clause."""

    verb: str | None = None
    parts: list[str] = field(default_factory=list)
    everything: bool = False
    voices: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    tempo: float | None = None
    tempo_factor: float | None = None
    tempo_delta: float | None = None
    double: float | None = None
    note: int | None = None
    mode: str | None = None
    semitones: int | None = None
    meter: str | None = None
    style: str | None = None
    changes: list[Change] = field(default_factory=list)
    choices: list[tuple[str, str, str]] = field(default_factory=list)
    bars: list[int] = field(default_factory=list)
    count: int | None = None
    edge: str | None = None
    take: TakeWish | None = None
    times: int = 1
    when: str | None = None
    new: bool = False
    feel: bool = False
    off: bool = False
    form: bool = False
    again: bool = False
    this_bar: bool = False
    groove: bool = False
    reply: str | None = None
    leftover: list[str] = field(default_factory=list)

    @property
    def bare(self) -> bool:
        """Whether nothing but a verb was said yet."""
        return not (
            self.parts or self.changes or self.bars or self.style or self.take or self.voices
            or self.tempo or self.tempo_factor or self.meter or self.choices or self.everything
            or self.count or self.double or self.note is not None or self.mode
        )  # fmt: skip

    @property
    def bare_bar(self) -> bool:
        """Whether nothing but a place was said."""
        return not (self.changes or self.parts or self.voices or self.style or self.count)
