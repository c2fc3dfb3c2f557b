"""What must be true of a room whatever happened: read from the clients' tapes and the disk."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from musearoo.codecs.events import envelope, snapshot
from musearoo.codecs.ws.binary import decode_records
from musearoo.codecs.ws.records import BarRecord, ParameterRecord
from musearoo.domain.events import (
    ChatSent,
    FormSet,
    GenerationAccepted,
    KeySet,
    NothingToUndo,
    ParameterSet,
    Sequenced,
    TempoSet,
    is_state_class,
)
from musearoo.domain.session.state import SessionState
from tests.sim.disk import LONGEST_ANSWER, LONGEST_COMMIT
from tests.sim.members import Asked, Member
from tests.sim.network import Tape
from tests.sim.studio import RULES, Said

ONCE = (ParameterSet, ChatSent, TempoSet, FormSet, KeySet, GenerationAccepted, NothingToUndo)
MAY_BE_REFUSED = {
    "conflict", "invalid-value", "unavailable", "forbidden", "not-found", "too-many-requests",
    "reduced-capacity",
}  # fmt: skip
LOSS_SECONDS = RULES.journal_delay + 2 * (LONGEST_COMMIT + LONGEST_ANSWER)


@dataclass
class Heard:
    """What one tape says: each event with its place, and the announced ranges."""

    events: list[tuple[float, str, int, dict[str, Any] | None]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Reader:
    """Follows the numbers of one connection as the protocol page says a client may."""

    def __init__(self, tape: Tape, published: dict[tuple[str, int], Sequenced]) -> None:
        self.heard = Heard()
        self._published = published
        self._asked_epoch = tape.joined_with.get("epoch")
        self._asked_seq = tape.joined_with.get("last_seq")
        self._epoch = ""
        self._at = 0
        self._ranges: list[tuple[int, int]] = []
        for time, frame in tape.frames:
            if isinstance(frame, str):
                self._text(time, json.loads(frame))
            else:
                self._records(time, frame)

    def _text(self, time: float, message: dict[str, Any]) -> None:
        data = message.get("data", {})
        if message["type"] == "welcome":
            self._welcome(data)
        elif message["type"] == "reconnect" and data["status"] == "coalesced":
            self._ranges.append((data["from"], data["to"]))
        elif message["type"] == "reconnect":
            self._epoch, self._at, self._ranges = data["epoch"], data["seq"], []
        elif "seq" in message:
            self._event(time, message["epoch"], message["seq"], message)

    def _records(self, time: float, frame: bytes) -> None:
        for record in decode_records(frame, by_server=True):
            if isinstance(record, ParameterRecord | BarRecord):
                self._event(time, self._epoch, record.header.number, None)

    def _welcome(self, data: dict[str, Any]) -> None:
        self._epoch = data["epoch"]
        same = self._asked_epoch == data["epoch"]
        if data["resumed"]:
            self._at = self._asked_seq or 0
            if not same:
                self._wrong("resumed in another epoch")
        else:
            self._at = data["seq"]
            if same:
                self._wrong(f"the state in place of what came after {self._asked_seq}")

    def _event(self, time: float, epoch: str, seq: int, message: dict[str, Any] | None) -> None:
        if epoch != self._epoch:
            self._wrong(f"{seq} of epoch {epoch} in {self._epoch}")
        if seq <= self._at:
            self._wrong(f"{seq} after {self._at}")
        for missed in range(self._at + 1, seq):
            event = self._published.get((epoch, missed))
            if not any(first <= missed <= last for first, last in self._ranges):
                self._wrong(f"{missed} is missing before {seq}, unannounced")
            elif event is not None and not is_state_class(event.event):
                self._wrong(f"{missed} was coalesced away, and is no state")
        self._at = seq
        self.heard.events.append((time, epoch, seq, message))

    def _wrong(self, what: str) -> None:
        self.heard.problems.append(what)


@dataclass
class Outcome:
    """Everything a run left behind."""

    members: Sequence[Member]
    living: Sequence[Member]
    said: Said
    log: Sequence[Sequenced]
    state: SessionState
    epoch: str
    revoked: dict[str, float]
    failures: Sequence[float]
    faults: Sequence[str]
    grace: float


def problems(outcome: Outcome) -> list[str]:
    """Everything that must not be; empty is good."""
    return [
        *outcome.faults,
        *_log(outcome),
        *_heard(outcome),
        *_answers(outcome),
        *_states(outcome),
        *_revoked(outcome),
        *_undone(outcome.log),
    ]


def _published(said: Said) -> dict[tuple[str, int], Sequenced]:
    return {(event.epoch, event.seq): event for _, event in said.events}


def _log(outcome: Outcome) -> Iterator[str]:
    published = _published(outcome.said)
    if len(published) != len(outcome.said.events):
        yield "a number was given twice in an epoch"
    if [event.seq for event in outcome.log] != list(range(1, len(outcome.log) + 1)):
        yield "the log has a gap"
    for event in outcome.log:
        if published.get((event.epoch, event.seq)) != event:
            yield f"{event.seq} lies on the disk otherwise than it was said"
    epochs = [event.epoch for event in outcome.log]
    blocks = [epoch for n, epoch in enumerate(epochs) if n == 0 or epochs[n - 1] != epoch]
    if len(blocks) != len(set(blocks)):
        yield "an epoch comes back after another"
    causes = Counter(event.cause for event in outcome.log if isinstance(event.event, ONCE))
    for cause, times in causes.items():
        if cause is not None and times > 1:
            yield f"{cause} was done {times} times"


def _heard(outcome: Outcome) -> Iterator[str]:
    published = _published(outcome.said)
    for member in outcome.members:
        name = f"{member.actor.user[-2:]}{'b' if member.speaks_records else ''}"
        twice: Counter[tuple[str, int]] = Counter()
        for tape in member.way.tapes:
            heard = Reader(tape, published).heard
            yield from _overheard(tape, member.actor.user)
            yield from (f"{name}: {problem}" for problem in heard.problems)
            for _, epoch, seq, message in heard.events:
                twice[epoch, seq] += 1
                event = published.get((epoch, seq))
                if event is None:
                    yield f"{name}: heard {seq}, which nobody said"
                elif message is not None and message != _shown(event):
                    yield f"{name}: heard {seq} otherwise than it was said"
        yield from (f"{name}: {place} came {n} times" for place, n in twice.items() if n > 1)


def _overheard(tape: Tape, user: str) -> Iterator[str]:
    """A draft is for the person who asked for it."""
    for _, frame in tape.frames:
        if isinstance(frame, str) and '"type":"draft"' in frame[:40]:
            of = json.loads(frame)["user_id"]
            if of != user:
                yield f"{user[-2:]} heard a draft of {of[-2:]}"


def _shown(event: Sequenced) -> Any:
    return json.loads(msgspec.json.encode(envelope(event)))


def _answers(outcome: Outcome) -> Iterator[str]:
    log = {event.seq: event for event in outcome.log}
    done = {event.cause for event in outcome.log}
    for member in outcome.members:
        for asked in member.asked:
            if asked.refused is not None:
                if asked.refused not in MAY_BE_REFUSED:
                    yield f"{asked} was refused so"
                if asked.message_id in done and asked.refused != "unavailable":
                    yield f"{asked.message_id} was refused and done all the same"
            elif asked.ack is not None:
                yield from _acknowledged(outcome, asked, log)
            elif member in outcome.living:
                yield f"{asked} was never answered"


def _acknowledged(outcome: Outcome, asked: Asked, log: dict[int, Sequenced]) -> Iterator[str]:
    if asked.ack is None or asked.kind == "AuthRefresh":
        return
    kept = log.get(asked.ack.seq)
    if kept is not None and (kept.cause, kept.epoch) == (asked.message_id, asked.ack.epoch):
        return
    said = next(
        ((at, event) for at, event in outcome.said.events if event.cause == asked.message_id), None
    )
    if said is None:
        if asked.ack.generation_id is None:  # a cancelled generation has no event of its own
            yield f"{asked} was acknowledged without an event"
        return
    at, event = said
    if asked.ack.generation_id is not None and not isinstance(event.event, GenerationAccepted):
        return
    if not is_state_class(event.event):
        yield f"{asked} was acknowledged and is lost"
    elif not any(abs(failure - at) <= LOSS_SECONDS for failure in outcome.failures):
        yield f"{asked} of {at:.4f} is lost, older than {LOSS_SECONDS} s at any failure"


def _states(outcome: Outcome) -> Iterator[str]:
    wanted = _visible(outcome.state)
    for member in outcome.living:
        name = member.actor.user[-2:]
        if (member.epoch, member.seq) != (outcome.epoch, len(outcome.log)):
            ends = outcome.epoch, len(outcome.log)
            yield f"{name} is at {member.epoch} {member.seq}, the log at {ends}"
        elif member.state is None:
            yield f"{name} has no state"
        elif _visible(member.state) != wanted:
            yield f"{name} ends with another state: {_visible(member.state)} not {wanted}"


def _visible(state: SessionState) -> dict[str, Any]:
    shown = json.loads(msgspec.json.encode(snapshot(state, 0.0)))
    transport = {name: value for name, value in shown["transport"].items() if name != "position"}
    return {**{k: v for k, v in shown.items() if k != "undo"}, "transport": transport}


def _revoked(outcome: Outcome) -> Iterator[str]:
    times = {(event.epoch, event.seq): at for at, event in outcome.said.events}
    for user, since in outcome.revoked.items():
        for member in outcome.members:
            if member.actor.user != user:
                continue
            for tape in member.way.tapes:
                for _, epoch, seq, _ in Reader(tape, {}).heard.events:
                    if times.get((epoch, seq), 0.0) > since + outcome.grace:
                        yield f"{user[-2:]} heard {seq} after all rights were gone"
        for at, event in outcome.said.events:
            if event.user == user and at > since + outcome.grace and isinstance(event.event, ONCE):
                yield f"{user[-2:]} did {event.seq} after all rights were gone"


def _undone(log: Sequence[Sequenced]) -> Iterator[str]:
    """An undo takes its own user's value off, and the one below comes back."""
    stacks: dict[str, list[tuple[str | None, Any]]] = {}
    for event in log:
        path, value = _value(event)
        if path is None:
            continue
        stack = stacks.setdefault(path, [(None, None)])
        if event.history != "undo":
            stack.append((event.user, value))
        elif stack[-1][0] != event.user:
            yield f"{event.seq}: {event.user} took back what {stack[-1][0]} had set {path} to"
        else:
            stack.pop()
            if stack[-1][0] is not None and stack[-1][1] != value:
                yield f"{event.seq}: {path} came back as {value}, not {stack[-1][1]}"


def _value(event: Sequenced) -> tuple[str | None, Any]:
    match event.event:
        case ParameterSet() as change:
            return change.path, change.value
        case TempoSet() as change:
            return "session/tempo", change.tempo_map
        case FormSet() as change:
            return "session/form", change.bars
    return None, None
