"""The walk over the signs of a sentence: numbers, tempo, key and places on the way."""

from collections.abc import Sequence

from musearoo.voice.reading import Sign
from musearoo.voice.slots import NORMAL, Change, Frame, TakeWish


class Walk:
    """Where the walk is, the clause being filled, and what waits for the next word."""

    def __init__(self, signs: Sequence[Sign]) -> None:
        self._signs = signs
        self._at = 0
        self.frame = Frame()
        self._frames = [self.frame]
        self._clear()

    def _clear(self) -> None:
        self._toward = 0
        self._size = NORMAL
        self._negated = False
        self._awaiting: str | None = None
        self._held: tuple[float, str] | None = None
        self._relative = False
        self._barring = False
        self._pace = False

    def _change(self, name: str, direction: int) -> None:
        self._awaiting = None
        if self._held is not None and self._relative:
            value, unit = self._held
            self._size, self._held = (value / 100 if unit == "percent" else value), None
        self.frame.changes.append(Change(name, direction, self._size))
        self._toward, self._size, self._negated, self._relative = 0, NORMAL, False, False

    def _settle_param(self) -> None:
        name, self._awaiting = self._awaiting, None
        if name is None:
            return
        if self._held is not None and self._relative:
            value, unit = self._held
            share = value / 100 if unit == "percent" or value > 1 else value
            self.frame.changes.append(Change(name, self._toward or 1, share))
            self._held = None
        elif self._held is not None:
            value, unit = self._held
            self.frame.changes.append(Change(name, value=value, unit=unit))
            self._held = None
        elif self._negated:
            self.frame.changes.append(Change(name, value=0.0, unit="share"))
        elif self._toward:
            self.frame.changes.append(Change(name, self._toward, self._size))
        elif self.frame.verb == "reset":
            self.frame.changes.append(Change(name, value=0.0, unit="default"))
        elif self.frame.verb in ("generate", "play", "make"):
            self.frame.changes.append(Change(name, 1, self._size))
        else:
            self.frame.leftover.append(name.replace("_", " "))
        self._toward, self._negated, self._relative = 0, False, False

    def _tempo(self, _: object) -> None:
        self._pace = True
        if self._held is not None and self._held[1] == "plain":
            self._tempo_is(self._held[0])
            self._held = None
        elif self._toward and self._kind(1) not in ("by", "number"):
            self._faster(self._toward)

    def _bpm(self, _: object) -> None:
        if self._held is not None:
            self._tempo_is(self._held[0])
            self._held = None

    def _tempo_is(self, value: float) -> None:
        if self._relative or self._toward:
            self.frame.tempo_delta = value * (self._toward or 1)
            self._relative, self._toward = False, 0
        else:
            self.frame.tempo = value

    def _faster(self, direction: int) -> None:
        if self.frame.tempo_delta is not None:  # "five bpm faster"
            self.frame.tempo_delta = direction * abs(self.frame.tempo_delta)
            return
        if self.frame.tempo is not None:
            self.frame.tempo_delta, self.frame.tempo = direction * self.frame.tempo, None
            return
        if self._toward < 0 or self._negated:
            direction = -direction
        share = {0.1: 0.05, 0.35: 0.25}.get(self._size, 0.1)
        if self._held is not None and self._held[1] == "percent":
            share, self._held = min(self._held[0], 90.0) / 100, None
        self.frame.tempo_factor = 1 + direction * share
        self._pace, self._toward, self._negated = True, direction, False

    def _faster_by(self, value: float, unit: str) -> None:
        """Take the size of it: "slow down by ten", "speed up by 5 percent"."""
        frame, direction = self.frame, 1 if (self.frame.tempo_factor or 1) > 1 else -1
        self._held, self._relative = None, False
        if unit == "percent":
            frame.tempo_factor = 1 + direction * min(value, 90.0) / 100
        else:
            frame.tempo_factor, frame.tempo_delta = None, direction * value

    def _times(self, factor: float) -> None:
        self.frame.double = factor

    def _note(self, meant: tuple[int, str | None]) -> None:
        note, mode = meant
        self.frame.note, self.frame.mode = note, mode or self.frame.mode

    def _accidental(self, step: int) -> None:
        if self.frame.note is not None and self._kind(-1) == "note":
            self.frame.note = (self.frame.note + step) % 12

    def _semitone(self, size: int) -> None:
        number = int(self._held[0]) if self._held is not None else 1
        direction = self._toward or 1
        self.frame.semitones = direction * size * min(number, 24)
        self._held, self._toward = None, 0

    def _number(self, value: float) -> None:
        after = self._kind(1)
        if self._is_spoken_meter(value, after):
            second = self._signs[self._at + 1].value
            self.frame.meter = f"{int(value)}/{int(second)}"  # type: ignore[call-overload]
            self._at += 1
        elif after in ("bars", "bar") and not self._barring:
            self._count(int(value))
        elif self._barring:
            self._bar_number(int(value))
        elif after == "changes" and self.frame.verb in ("undo", "redo"):
            self.frame.times = max(1, int(value))
        elif self._kind(-1) == "take":
            self.frame.take = TakeWish(number=int(value))
        else:
            self._free_number(value, after)

    def _free_number(self, value: float, after: str) -> None:
        unit = {"percent": "percent", "ms": "ms", "outof": "tenths"}.get(after, "plain")
        self._held = (value, unit)
        if self._pace and self._relative and self.frame.tempo_factor is not None:
            self._faster_by(value, unit)
        elif self._awaiting is not None:
            if after != "semitone":
                self._settle_param()
        elif unit == "plain" and after not in ("bpm", "semitone", "param", "tempo"):
            near = self._pace or (
                40 <= value <= 300 and self._kind(-1) in ("at", "to", "in", "verb", "part", "")
            )
            if near or (40 <= value <= 300 and self.frame.verb in ("generate", "play", "make")):
                self._tempo_is(value)
                self._held = None

    def _is_spoken_meter(self, value: float, after: str) -> bool:
        if after != "number" or self._barring or not 1 <= value <= 15:
            return False
        second = self._signs[self._at + 1].value
        named = self._kind(2) in ("meterword", "") or self._kind(-1) in ("in", "meterword", "to")
        return second in (2.0, 4.0, 8.0, 16.0) and named

    def _bar(self, _: object) -> None:
        self._barring = self._kind(1) == "number"
        if self._kind(-1) == "this":
            self.frame.this_bar = True

    def _bars(self, _: object) -> None:
        self._barring = self._kind(1) == "number" and self._kind(-1) != "number"

    def _bar_number(self, bar: int) -> None:
        bars = self.frame.bars
        if bars and self._kind(-1) in ("to", "until"):
            bars.extend(range(bars[-1] + 1, min(bar, bars[-1] + 256) + 1))
        elif len(bars) < 256:
            bars.append(bar)
        self._barring = self._kind(1) in ("to", "until", "and", "break", "number", "bar")

    def _count(self, bars: int) -> None:
        self.frame.count = bars
        self.frame.edge = self._kind(-1) if self._kind(-1) in ("first", "last") else None

    def _top(self, _: object) -> None:
        self.frame.bars = [1]

    def _by(self, _: object) -> None:
        self._relative = True

    def _kind(self, offset: int) -> str:
        index = self._at + offset
        return self._signs[index].kind if 0 <= index < len(self._signs) else ""
