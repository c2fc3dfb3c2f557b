"""Signs to slots: each clause of a sentence, whatever order its words come in."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

from musearoo.voice.reading import Sign
from musearoo.voice.slots import Frame, TakeWish
from musearoo.voice.walk import Walk


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


class _Clauses(Walk):
    """Walks over the signs once; what is said of the next word waits in the fields."""

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

    def _in(self, _: object) -> None:
        """Switch with an "on" at the end of a clause; elsewhere it says where."""
        last = self._kind(1) in ("", "break", "and")
        if last and self._signs[self._at].text == "on":
            self._switch(True)

    def _style(self, style: str) -> None:
        if self._negated:
            self.frame.leftover.append(f"not {style}")
            return
        if style == "blues" and self.frame.note is not None and self._kind(-1) == "note":
            self.frame.mode = "blues"
        else:
            self.frame.style = style

    # --- numbers and places ---------------------------------------------------------------

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

    def _changes(self, _: object) -> None:
        if self.frame.verb is None:
            self.frame.verb = "set"


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
