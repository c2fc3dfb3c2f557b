"""Signs to slots: each clause of a sentence, whatever order its words come in."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

from musearoo.voice.reading import Sign
from musearoo.voice.slots import NORMAL, Change, Frame, TakeWish


def frames_of(signs: Sequence[Sign]) -> list[Frame]:
    """The clauses of a sentence, with what a later or earlier one says for both."""
    frames = _Clauses(signs).read()
    spoken = [frame for frame in frames if frame != Frame()]
    for frame, after in pairwise(spoken):
        lacks = frame.changes and not (frame.parts or frame.everything or frame.voices)
        if lacks and frame.verb in (None, "make", "set") and after.verb is None and after.changes:
            frame.parts, frame.everything = list(after.parts), after.everything
    return spoken


_STRONG: Final = frozenset(("undo", "stop", "panic", "loop", "lock", "unlock", "cancel", "reset"))
_AFTER_STOP: Final = {"play": "stop", "generate": "cancel", "loop": "loop", "regenerate": "cancel"}


class _Clauses:
    """Walks over the signs once; what is said of the next word waits in the fields."""

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

    def read(self) -> list[Frame]:
        while self._at < len(self._signs):
            sign = self._signs[self._at]
            handler = _HANDLERS.get(sign.kind)
            if handler is not None:
                handler(self, sign.value)
            elif sign.kind in _SLOTS:
                setattr(self.frame, _SLOTS[sign.kind], sign.value)
            elif sign.kind in _FLAGS:
                setattr(self.frame, _FLAGS[sign.kind], True)
            self._at += 1
        self._end()
        return self._frames

    # --- clauses --------------------------------------------------------------------------

    def _end(self) -> None:
        """Settle what still waits for a word that did not come."""
        if self._awaiting is not None:
            self._settle_param()
        elif self._toward and not self.frame.changes and not self.frame.tempo_factor:
            unclear = self.frame.verb in ("set", "make", None) and bool(self.frame.parts)
            if unclear:  # "turn the drums up", "more bass"
                self._change("intensity", self._toward)
        if self._held is not None:
            self.frame.leftover.append(f"{self._held[0]:g}")
        self._clear()

    def _break(self, _: object = None) -> None:
        if self.frame == Frame():
            return
        self._end()
        self.frame = Frame()
        self._frames.append(self.frame)

    def _and(self, _: object) -> None:
        before, after = self._kind(-1), self._kind(1)
        pair = before == after and before in ("part", "number", "voice")
        if pair or (before in ("part", "voice") and after in ("part", "voice")):
            return
        if self._barring and after in ("number", "bar", "bars"):
            return
        self._break()

    def _verb(self, verb: str) -> None:
        frame = self.frame
        if frame.verb == "stop" and verb in _AFTER_STOP:
            frame.verb, frame.off = _AFTER_STOP[verb], verb == "loop"
        elif verb == "regenerate" and frame.verb not in _STRONG:
            frame.verb, frame.again = "regenerate", True
        elif self._may_become(verb):
            frame.verb = verb
        elif frame.verb != verb:
            self._break()
            self.frame.verb = verb

    def _may_become(self, verb: str) -> bool:
        """Whether a verb goes with what was said of this clause so far."""
        present, bare = self.frame.verb, self.frame.bare
        if present is None:
            return bare or verb in ("make", "set", "generate")
        return bare and present in ("set", "make", "play", "lock")

    # --- who and how ----------------------------------------------------------------------

    def _part(self, part: str) -> None:
        if part not in self.frame.parts:
            self.frame.parts.append(part)
        self._barring = False

    def _voice(self, voice: tuple[str, tuple[str, ...]]) -> None:
        self.frame.voices.append(voice)

    def _all(self, _: object) -> None:
        self.frame.everything = True

    def _more(self, direction: int) -> None:
        self._toward = -direction if self._negated else direction

    def _too(self, _: object) -> None:
        self._negated = True

    def _not(self, _: object) -> None:
        self._toward, self._negated = 0, True

    def _amount(self, amount: float) -> None:
        self._size = amount

    def _adjective(self, meant: tuple[str, int]) -> None:
        name, direction = meant
        self._change(name, direction * (self._toward or 1) * (-1 if self._negated else 1))

    def _change(self, name: str, direction: int) -> None:
        self._awaiting = None
        if self._held is not None and self._relative:
            value, unit = self._held
            self._size, self._held = (value / 100 if unit == "percent" else value), None
        self.frame.changes.append(Change(name, direction, self._size))
        self._toward, self._size, self._negated, self._relative = 0, NORMAL, False, False

    def _param(self, name: str) -> None:
        if any(name == each[1] for each in self.frame.choices):
            return
        if self._awaiting is not None:
            self._settle_param()
        if self._toward:
            direction = self._toward
            self._awaiting = name
            if self._kind(1) not in ("to", "by"):
                self._change(name, direction)
            return
        self._awaiting = name
        if self._held is not None and not self._relative:
            self._settle_param()

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

    def _up(self, direction: int) -> None:
        if self._awaiting is not None and self._held is None and self._kind(1) not in ("by", "to"):
            self._change(self._awaiting, direction)
        elif self._pace and self._held is None and self._kind(1) not in ("by", "number"):
            self._faster(direction)
        else:
            self._toward = direction
            if self.frame.semitones is not None:
                self.frame.semitones = direction * abs(self.frame.semitones)

    def _max(self, share: float) -> None:
        if self._awaiting is not None or self._kind(1) in ("param", "swing", "groove"):
            self._held = (share, "share")

    def _switch(self, on: bool) -> None:
        if self.frame.verb == "loop":
            self.frame.off = not on
        elif self._awaiting is not None or self._kind(1) == "param":
            self._held = (float(on), "switch")

    def _choice(self, choice: tuple[str, str, str]) -> None:
        self.frame.choices.append(choice)
        self._awaiting = None

    def _swing(self, _: object) -> None:
        near = self._awaiting is None and (
            self._toward or self._held or self._negated
            or self._kind(1) in ("to", "at", "number", "by", "up", "max")
            or self.frame.verb in ("set", "reset")
        )  # fmt: skip
        if near:
            self._param("swing")
        else:
            self.frame.style = "jazz"

    def _groove(self, _: object) -> None:
        if self._toward or self._held or self.frame.verb == "set" or self._kind(1) in (
            "to", "at", "number", "up",
        ):  # fmt: skip
            self._param("groove")
        else:
            self.frame.groove = True

    # --- tempo, key, meter ----------------------------------------------------------------

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

    def _in(self, _: object) -> None:
        """Switch with an "on" at the end of a clause; elsewhere it says where."""
        last = self._kind(1) in ("", "break", "and")
        if last and self._signs[self._at].text == "on":
            self._switch(True)

    def _times(self, factor: float) -> None:
        self.frame.double = factor

    def _note(self, meant: tuple[int, str | None]) -> None:
        note, mode = meant
        self.frame.note, self.frame.mode = note, mode or self.frame.mode

    def _accidental(self, step: int) -> None:
        if self.frame.note is not None and self._kind(-1) == "note":
            self.frame.note = (self.frame.note + step) % 12

    def _style(self, style: str) -> None:
        if self._negated:
            self.frame.leftover.append(f"not {style}")
            return
        if style == "blues" and self.frame.note is not None and self._kind(-1) == "note":
            self.frame.mode = "blues"
        else:
            self.frame.style = style

    def _semitone(self, size: int) -> None:
        number = int(self._held[0]) if self._held is not None else 1
        direction = self._toward or 1
        self.frame.semitones = direction * size * min(number, 24)
        self._held, self._toward = None, 0

    # --- numbers and places ---------------------------------------------------------------

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

    def _which(self, steps: int) -> None:
        if "take" in (self._kind(1), self._kind(2)) or self.frame.take is not None:
            self.frame.take = TakeWish(steps=steps)

    def _latest(self, _: object) -> None:
        self.frame.take = TakeWish(number=-1)

    def _take(self, _: object) -> None:
        place = {"first": 1, "last": -1, "latest": -1}.get(self._kind(-1))
        if place is not None:
            self.frame.take = TakeWish(number=place)
        elif self._signs[self._at].text == "one before":
            self.frame.take = TakeWish(steps=-1)
        elif self.frame.verb == "lock" or self._kind(-1) == "this":
            self.frame.take = self.frame.take or TakeWish()

    def _by(self, _: object) -> None:
        self._relative = True

    def _changes(self, _: object) -> None:
        if self.frame.verb is None:
            self.frame.verb = "set"

    def _kind(self, offset: int) -> str:
        index = self._at + offset
        return self._signs[index].kind if 0 <= index < len(self._signs) else ""


_SLOTS: Final = {"mode": "mode", "meter": "meter", "when": "when", "yes": "reply"}
_FLAGS: Final = {"new": "new", "feel": "feel", "form": "form"}
_KINDS = (
    "break", "and", "verb", "part", "voice", "all", "more", "too", "not", "amount", "adjective",
    "param", "up", "max", "switch", "choice", "swing", "groove", "tempo", "bpm", "faster",
    "times", "note", "accidental", "style", "semitone", "number", "bar", "bars", "top", "which",
    "latest", "take", "changes", "by", "in",
)  # fmt: skip
_HANDLERS: Final[dict[str, Callable[[_Clauses, Any], None]]] = {
    kind: getattr(_Clauses, f"_{kind}") for kind in _KINDS
}
