"""The intent grammar: a sentence in, acts out, with what was understood and what was not.

Own and small: no model, no network, well under 0.1 ms a sentence (benchmarks/bench_voice.py).
"""

from collections import OrderedDict
from typing import Final

from musearoo.domain.commands import (
    Generate,
    Regenerate,
    SetForm,
    SetParameter,
    Undo,
    Unlock,
)
from musearoo.domain.engine import EngineDescription
from musearoo.ports.voice import Bearings, Step, Understood
from musearoo.voice.frames import frames_of
from musearoo.voice.lexicon import Lexicon
from musearoo.voice.meaning import generates, steps_of
from musearoo.voice.places import Places
from musearoo.voice.reading import Read, Reader
from musearoo.voice.slots import Frame

MAXIMUM_STEPS: Final = 32
UNSURE: Final = 0.5
"""Below this confidence nothing is done before it was asked back."""
_CORRECTED: Final = 0.25
_NO: Final = frozenset(("no", "nope", "don't", "dont", "cancel that", "never mind"))
_KEPT: Final = 4


class Grammar:
    """`ports.voice.Understanding` by rules. Holds nothing but what engines are called."""

    def __init__(self) -> None:
        self._readers: OrderedDict[tuple[tuple[str, str], ...], Reader] = OrderedDict()

    def prepare(self, engines: tuple[EngineDescription, ...]) -> None:
        """Build the reader ahead of the first sentence."""
        self.reader(engines)

    def understand(self, text: str, bearings: Bearings) -> Understood:
        """Read a sentence against the session."""
        read = self.reader(bearings.engines).read(text)
        if text.strip(" .!").lower() in _NO:
            return Understood(words=(text.strip(),), confidence=1.0, reply="no")
        frames = _joined(frames_of(read.signs), Places(bearings))
        places = Places(bearings)
        steps: list[Step] = []
        for frame in frames:
            steps.extend(steps_of(frame, places))
        return _answer(read, frames, tuple(steps[:MAXIMUM_STEPS]), places)

    def reader(self, engines: tuple[EngineDescription, ...]) -> Reader:
        """The reader for these engines; made once."""
        names = tuple((engine.name, engine.version) for engine in engines)
        reader = self._readers.get(names)
        if reader is None:
            reader = self._readers[names] = Reader(Lexicon(engines))
            while len(self._readers) > _KEPT:
                self._readers.popitem(last=False)
        return reader


def _joined(frames: list[Frame], places: Places) -> list[Frame]:
    """Clauses without a verb of their own belong to the take that was asked for before them."""
    joined: list[Frame] = []
    for frame in frames:
        if frame.verb == "redo" and (frame.bars or frame.parts or frame.voices):
            frame.verb, frame.again = "regenerate", True
        before = joined[-1] if joined else None
        if before is not None and frame.verb in (None, "make") and not frame.again:
            if generates(before, places) or before.verb == "regenerate":
                if _adds(before, frame):
                    continue
            elif not (frame.parts or frame.everything or frame.voices):
                frame.parts, frame.everything = list(before.parts), before.everything
                frame.verb = frame.verb or (before.verb if before.verb == "set" else None)
        joined.append(frame)
    return joined


def _adds(before: Frame, frame: Frame) -> bool:
    """Put a clause that names no other part into the one before it."""
    if frame.style is not None and before.style is not None and frame.parts:
        frame.verb = before.verb
        return False
    if frame.parts and frame.parts != before.parts and not frame.changes:
        before.parts.extend(part for part in frame.parts if part not in before.parts)
        frame.parts = []
    if frame.bars or frame.take or frame.parts not in ([], before.parts) or frame.everything:
        return False
    before.changes.extend(frame.changes)
    before.choices.extend(frame.choices)
    before.voices.extend(frame.voices)
    for name in ("tempo", "tempo_factor", "note", "mode", "meter", "style", "when", "count"):
        if getattr(before, name) is None:
            setattr(before, name, getattr(frame, name))
    before.leftover.extend(frame.leftover)
    return True


def _answer(read: Read, frames: list[Frame], steps: tuple[Step, ...], places: Places) -> Understood:
    words = tuple(sign.text for sign in read.signs if sign.kind != "break")
    leftover = [word for frame in frames for word in frame.leftover]
    unknown = (*read.unknown, *leftover)
    meaning = sum(sign.kind not in _SMALL for sign in read.signs)
    heard = max(meaning - len(leftover) - _CORRECTED * read.corrected, 0.0)
    confidence = heard / (meaning + len(read.unknown)) if meaning else 0.0
    reply = "yes" if not steps and any(frame.reply for frame in frames) else None
    return Understood(
        steps=steps,
        words=words,
        unknown=unknown,
        confidence=round(confidence if steps or reply else 0.0, 3),
        question=_question(steps, confidence, places) if steps else None,
        parts=tuple(dict.fromkeys(part for frame in frames for part in places.named(frame))),
        reply="yes" if reply else None,
    )


_SMALL: Final = frozenset(("new", "in", "to", "at", "by", "and", "break", "from", "this", "only"))


def _question(steps: tuple[Step, ...], confidence: float, places: Places) -> str | None:
    """What to ask before doing it: what throws away, what is doubtful."""
    told = "; ".join(dict.fromkeys(step.told for step in steps))
    acts = [step.do for step in steps]
    reasons = [
        confidence < UNSURE,
        sum(isinstance(act, Undo) for act in acts) > 1,
        any(isinstance(act, Unlock) and not (act.bars or act.voices) for act in acts),
        any(isinstance(act, SetForm) and act.bars < places.state.bars for act in acts),
        _replaced(steps, places) > 1,
        places.bearings.spoken
        and any(isinstance(act, SetParameter) and act.path == "session/key" for act in acts),
    ]
    return f"Shall I do this: {told}?" if any(reasons) else None


def _replaced(steps: tuple[Step, ...], places: Places) -> int:
    """How many parts that play would get other notes throughout."""
    count = 0
    for step in steps:
        match step.do:
            case Generate(engine=name, part=part):
                engines = {each.name: each.default_part for each in places.bearings.engines}
                count += (part or engines.get(name)) in places.playing()
            case Regenerate(bars=(), voices=()):
                count += 1
            case _:
                pass
    return count
