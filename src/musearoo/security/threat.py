"""A score for those who behave like attackers, explained by its reasons.

Points go to the source of an act, so that a stranger's traffic cannot lock a victim out; they
halve every ten minutes. There is no learning, no reputation list and no geography in it. In the
first release it only watches.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from musearoo.ports.security import Signal, ThreatChange, ThreatLevel

HALF_LIFE_SECONDS: Final = 600.0
_MAX_SUBJECTS: Final = 20_000
_LEVELS: Final = (
    (80.0, ThreatLevel.CRITICAL),
    (50.0, ThreatLevel.HIGH),
    (20.0, ThreatLevel.MEDIUM),
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """`points` for every `count` sightings, all different in `about`, within `seconds`."""

    points: float
    count: int = 1
    seconds: float = 0.0


_RULES: Final = {
    Signal.REFRESH_REPLAY: _Rule(80),
    Signal.TICKET_REPLAY: _Rule(30),
    Signal.BAD_MAC: _Rule(20),
    Signal.FAILED_LOGIN: _Rule(40, 10, 600),
    Signal.FOREIGN_OBJECT: _Rule(30, 20, 300),
    Signal.REFUSED_FRAME: _Rule(15, 50, 60),
    Signal.HOSTILE_UPLOAD: _Rule(15),
    Signal.UNUSUAL_RATE: _Rule(10),
}


@dataclass(slots=True)
class _Subject:
    score: float = 0.0
    at: float = 0.0
    reasons: tuple[Signal, ...] = ()
    seen: dict[Signal, deque[tuple[float, str]]] = field(default_factory=dict)

    def score_at(self, now: float) -> float:
        return self.score * math.exp2(-max(0.0, now - self.at) / HALF_LIFE_SECONDS)

    def fulfils(self, signal: Signal, rule: _Rule, about: str, now: float) -> bool:
        """Whether this sighting completes the number that the rule asks for."""
        if rule.count == 1:
            return True
        seen = self.seen.setdefault(signal, deque(maxlen=rule.count))
        while seen and now - seen[0][0] > rule.seconds:
            seen.popleft()
        if about and any(known == about for _, known in seen):
            return False
        seen.append((now, about))
        if len(seen) < rule.count:
            return False
        seen.clear()
        return True

    def add(self, signal: Signal, points: float, now: float) -> None:
        score = self.score_at(now)
        known = self.reasons if score >= 1.0 else ()
        self.reasons = known if signal in known else (*known, signal)
        self.score, self.at = score + points, max(now, self.at)


class ThreatScores:
    """Implements `ports.security.Threats` in memory; with `enforce` off it only watches."""

    def __init__(self, *, enforce: bool = False, max_subjects: int = _MAX_SUBJECTS) -> None:
        self._enforce = enforce
        self._max_subjects = max_subjects
        self._subjects: dict[str, _Subject] = {}

    def __len__(self) -> int:
        return len(self._subjects)

    def note(
        self, subject: str, signal: Signal, now: float, *, about: str = ""
    ) -> ThreatChange | None:
        """Add what was seen; answers the change if the level rose."""
        known = self._subjects.get(subject)
        if known is None:
            if len(self._subjects) >= self._max_subjects:
                self._forget(now)
            known = self._subjects[subject] = _Subject(at=now)
        rule = _RULES[signal]
        if not known.fulfils(signal, rule, about, now):
            return None
        before = _level(known.score_at(now))
        known.add(signal, rule.points, now)
        level = _level(known.score)
        if level <= before:
            return None
        return ThreatChange(subject, level, known.score, known.reasons)

    def score(self, subject: str, now: float) -> float:
        """The points of a subject, whether or not they are acted on."""
        known = self._subjects.get(subject)
        return known.score_at(now) if known else 0.0

    def level(self, subject: str, now: float) -> ThreatLevel:
        """The level to act on; always LOW while only watching."""
        return _level(self.score(subject, now)) if self._enforce else ThreatLevel.LOW

    def _forget(self, now: float) -> None:
        """Keep the nine tenths with the highest scores."""
        ranked = sorted(self._subjects, key=lambda name: self.score(name, now), reverse=True)
        kept = ranked[: self._max_subjects * 9 // 10]
        self._subjects = {name: self._subjects[name] for name in kept}


def _level(score: float) -> ThreatLevel:
    return next((level for least, level in _LEVELS if score >= least), ThreatLevel.LOW)
