"""A room: the connections to one session, the events they may have missed, and who is here."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final, Protocol

import msgspec

from musearoo.codecs.events import snapshot
from musearoo.codecs.ws import (
    ParameterHandle,
    PresenceChange,
    Present,
    Reconnected,
    encode,
)
from musearoo.codecs.ws.handles import HandleTable
from musearoo.codecs.ws.outgoing import PresenceChangeData, ReconnectedData
from musearoo.conductor.conductor import Conductor
from musearoo.conductor.sequencer import Sequencer
from musearoo.domain.errors import Gone
from musearoo.domain.events import Sequenced
from musearoo.domain.ids import SessionId
from musearoo.domain.permissions import Access
from musearoo.ports.ambient import Clock
from musearoo.protocols.ws.arrivals import Arrivals
from musearoo.protocols.ws.fanning import Fan
from musearoo.protocols.ws.frames import Post, Word, binary_frame, text_frame
from musearoo.protocols.ws.notes import subscribed
from musearoo.protocols.ws.outbox import Outbox
from musearoo.protocols.ws.progressing import Progress
from musearoo.protocols.ws.replaying import Replays
from musearoo.protocols.ws.roster import Roster

LOG_EVENTS: Final = 1_024
LOG_BYTES: Final = 256 << 10
LOG_SECONDS: Final = 120.0
_NUMBERS: Final = 65_535


class Member(Protocol):
    """What a room knows of a connection."""

    outbox: Outbox
    binary: bool
    present: Present
    counter: int

    def replaced(self) -> None:
        """The same connection came back on another socket."""
        ...

    def start_over(self, owner: Sequencer, reason: str) -> None:
        """Send the whole state at once, because the order of events began anew."""
        ...


class Room:
    """Fans out one session's events; made and dropped by `Rooms`."""

    def __init__(
        self,
        session: Sequencer,
        handles: HandleTable,
        clock: Clock,
        wake: Callable[[Fan], None],
    ) -> None:
        self.session = session.session
        self.epoch = session.epoch
        self.seq = session.seq
        self.handles = handles
        self.members: dict[str, Member] = {}
        self.away: dict[str, tuple[float, Present]] = {}
        self.senders: dict[str, int] = {}
        self.empty_since: float | None = clock.monotonic()  # nobody has come yet
        self._clock = clock
        self.replays = Replays(handles)
        self.roster = Roster()
        self.arrivals = Arrivals(self.members, clock.monotonic)
        self.fan = Fan(self.members, self.arrivals, handles, wake)
        self._log: deque[Post] = deque()
        self._log_bytes = 0
        self._numbers: set[int] = set()
        self._latest_number = 0
        self._progress = Progress(clock, self.tell)

    def receive(self, events: Sequence[Sequenced]) -> None:
        """Events of the session, in order; the bus calls this."""
        now = self._clock.monotonic()
        for sequenced in events:
            if sequenced.epoch != self.epoch or sequenced.seq != self.seq + 1:
                continue  # `start_over` tells everyone
            sender = self.senders.get(sequenced.cause, 0) if sequenced.cause else 0
            post = Post(sequenced, sender, now)
            self.seq = sequenced.seq
            self._keep(post)
            self.fan.add(post)
            if post.key is None:  # no state-class event tells of progress
                self._progress.hear(sequenced, sender)

    def start_over(self, session: Sequencer) -> None:
        """Events were lost: from here on another epoch counts, and everyone gets the state."""
        self.fan.flush()
        self.epoch, self.seq = session.epoch, session.seq
        self.forget()
        for member in tuple(self.members.values()):
            member.start_over(session, "events were lost")

    def forget(self) -> None:
        """Keep no event for those who come back."""
        self.replays.forget()
        self._log.clear()
        self._log_bytes = 0

    def reaches(self, epoch: str | None, last_seq: int | None) -> bool:
        """Whether everything after `last_seq` can be replayed from here."""
        if epoch != self.epoch or last_seq is None or last_seq > self.seq:
            return False
        return last_seq >= self.oldest - 1

    @property
    def oldest(self) -> int:
        """The first number that the log still has; the next one if it has none."""
        return self._log[0].seq if self._log else self.seq + 1

    def since(self, last_seq: int) -> list[Post]:
        """The events after `last_seq`; ask `reaches` first."""
        missed = self.seq - last_seq
        return list(islice(self._log, len(self._log) - missed, None))

    def reach_back(self, events: Sequence[Sequenced]) -> None:
        """Put stored events before those of the log, as far as they join and fit."""
        now = self._clock.monotonic()
        for sequenced in reversed(events):
            if sequenced.seq >= self.oldest:
                continue
            if sequenced.seq != self.oldest - 1 or len(self._log) >= LOG_EVENTS:
                return
            post = Post(sequenced, 0, now)
            self._log.appendleft(post)
            self._log_bytes += len(post.text)

    def _keep(self, post: Post) -> None:
        kept, log = self._log_bytes + len(post.text), self._log
        log.append(post)
        oldest_at = post.at - LOG_SECONDS
        while (kept > LOG_BYTES or len(log) > LOG_EVENTS or log[0].at < oldest_at) and len(log) > 1:
            kept -= len(log.popleft().text)
        self._log_bytes = kept

    def tell(
        self,
        message: Any,
        key: tuple[str, ...],
        *,
        but: Member | None = None,
        record: bytes | None = None,
    ) -> None:
        """Send an unnumbered message to everyone; a later one of its key replaces it.

        `record` is the same for those who read records.
        """
        frame = text_frame(encode(message))
        word = Word(frame, binary_frame(record) if record is not None else frame, key)
        self.fan.tell(word, but.outbox if but is not None else None)

    def relay(self, record: bytes, *, but: Member | None) -> None:
        """Send sound or a live note to all who read records, for as long as it is news."""
        frame, now = binary_frame(record), self._clock.monotonic()
        for member in self.members.values():
            if member.binary and member is not but:
                member.outbox.lossy(frame, now)

    def number(self) -> int:
        """A number for a new connection, 1 to 65535, that no other has."""
        onwards = ((self._latest_number + n) % _NUMBERS + 1 for n in range(_NUMBERS))
        number = next(n for n in onwards if n not in self._numbers)
        self._latest_number = number
        self._numbers.add(number)
        return number

    def enter(self, member: Member, *, silently: bool = False) -> None:
        """A connection is here: from now on it gets everything.

        `silently` when it came in the place of a socket that nobody knew was dead.
        """
        name = member.present.connection
        known = self.away.pop(name, None) is not None
        self.fan.flush()  # what was so far is in the welcome
        self.members[name] = member
        self.fan.regroup()
        self.empty_since = None
        self._numbers.add(member.present.sender)
        if silently:
            self.roster.put(member.present)
        else:
            self._say(member.present, "changed" if known else "joined", but=member)

    def leave(self, member: Member, *, away_seconds: float | None) -> None:
        """A connection ended. One that broke off is away first: it may be back at once."""
        now = self._clock.monotonic()
        name = member.present.connection
        if self.members.get(name) is not member:
            return
        self.fan.flush()
        del self.members[name]
        self.fan.regroup()
        if not self.members:
            self.empty_since = now
        if away_seconds is not None:
            present = msgspec.structs.replace(member.present, status="away")
            self.away[name] = (now + away_seconds, present)
            self._say(present, "changed")
        else:
            self._gone(member.present)

    def changed(self, member: Member, permissions: tuple[str, ...] | None = None) -> None:
        """A connection's status or rights are others."""
        self._say(member.present, "changed", permissions=permissions)

    def sweep(self, now: float) -> None:
        """Let those go who have been away for too long."""
        self.replays.forget()
        for name, (until, present) in list(self.away.items()):
            if until < now:
                del self.away[name]
                self._gone(present)

    def _gone(self, present: Present) -> None:
        self._numbers.discard(present.sender)
        self._say(present, "left")

    def _say(
        self,
        present: Present,
        action: Any,
        *,
        but: Member | None = None,
        permissions: tuple[str, ...] | None = None,
    ) -> None:
        if action == "left":
            self.roster.drop(present.connection)
        else:
            self.roster.put(present)
        data = PresenceChangeData(
            action=action,
            connection=present.connection,
            sender=present.sender,
            user_id=present.user_id,
            name=present.name,
            status=present.status,
            device=present.device,
            permissions=permissions,
        )
        message = PresenceChange(
            session_id=self.session,
            timestamp=self._clock.now(),
            user_id=present.user_id,
            data=data,
        )
        # Of each connection the last word counts, and the last on its rights.
        about = present.connection if permissions is None else f"{present.connection} rights"
        self.arrivals.say(about, text_frame(encode(message)), but)


class Rooms:
    """The open rooms of this process."""

    def __init__(
        self, conductor: Conductor, linger_seconds: float, wake: Callable[[Fan], None]
    ) -> None:
        self._wake = wake
        self._conductor = conductor
        self._linger = linger_seconds
        self._open: dict[SessionId, tuple[Room, Callable[[], None]]] = {}
        self._reaching: dict[SessionId, asyncio.Lock] = {}
        self._handles = HandleTable(_handles(conductor))
        conductor.sessions.on_start_over(self._start_over)

    def __iter__(self) -> Any:
        return iter([room for room, _ in self._open.values()])

    def find(self, session: SessionId) -> Room | None:
        """The room of a session, if somebody is or was just in it."""
        known = self._open.get(session)
        return None if known is None else known[0]

    async def open(self, session: SessionId) -> tuple[Room, Sequencer]:
        """The room of a session and its owner, with nothing between them lost."""
        owner = await self._conductor.sessions.open(session)
        known = self._open.get(session)
        if known is None:
            room = Room(owner, self._handles, self._conductor.world.clock, self._wake)
            known = room, subscribed(self._conductor, room)
            self._open[session] = known
        room = known[0]
        if room.epoch != owner.epoch or room.seq != owner.seq:
            room.start_over(owner)
        return room, owner

    async def reach_back(self, room: Room, access: Access, epoch: str, last_seq: int) -> None:
        """Fetch what a returning client missed and memory has forgotten, if it is not too much."""
        async with self._reaching.setdefault(room.session, asyncio.Lock()):
            missing = room.oldest - 1 - last_seq
            if epoch != room.epoch or missing <= 0 or room.seq - last_seq > LOG_EVENTS:
                return
            try:
                _, events = await self._conductor.sessions.events(
                    access, epoch=epoch, after=last_seq, limit=missing
                )
            except Gone:
                return
            if epoch == room.epoch:
                room.reach_back(events)

    def sweep(self, now: float) -> None:
        """Let the absent go, and close rooms that have long been empty."""
        for session, (room, unsubscribe) in list(self._open.items()):
            room.sweep(now)
            if room.empty_since is not None and now - room.empty_since > self._linger:
                unsubscribe()
                room.forget()
                del self._open[session]
                self._reaching.pop(session, None)

    def _start_over(self, owner: Sequencer) -> None:
        known = self._open.get(owner.session)
        if known is not None:
            known[0].start_over(owner)


def snapshot_of(owner: Sequencer, user: str, now: float) -> tuple[dict[str, Any], dict[str, int]]:
    """The state of a session as one person sees it, and how much they could take back."""
    state = snapshot(owner.state, now)
    undo = state.pop("undo").get(user, {"undo": 0, "redo": 0})
    return state, undo


def coalesced(session: SessionId, now: float, first: int, last: int) -> bytes:
    """The frame that announces a range of which only the last values follow."""
    data = ReconnectedData(status="coalesced", from_seq=first, to_seq=last)
    return text_frame(encode(Reconnected(session_id=session, timestamp=now, data=data)))


def _handles(conductor: Conductor) -> list[ParameterHandle]:
    return [
        ParameterHandle(number, path, kind, choices)
        for number, (path, kind, choices) in enumerate(_parameters(conductor))
    ]


def _parameters(conductor: Conductor) -> list[Any]:
    found = []
    for engine in conductor.world.engines.engines():
        for spec in engine.parameters:
            path = f"{engine.default_part}/{spec.name}"
            found.append((path, spec.kind, tuple(spec.choices)))
    return found
