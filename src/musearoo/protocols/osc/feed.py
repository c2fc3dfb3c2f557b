"""Feedback: what the devices of one session are told, each address at most 100 times a second."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from musearoo.codecs.osc import Message, encode
from musearoo.codecs.osc.arguments import single
from musearoo.codecs.osc.telling import all_paths, changed, error, generated, launched, mapped, told
from musearoo.conductor.conductor import Conductor
from musearoo.conductor.live_notes import LiveNote
from musearoo.conductor.sequencer import Sequencer
from musearoo.domain.errors import MuseArooError
from musearoo.domain.events import (
    ClipLaunched,
    ContextAdopted,
    ControlMapped,
    GenerationCompleted,
    GenerationFailed,
    MeterSet,
    Sequenced,
    TempoSet,
    TransportChanged,
)
from musearoo.domain.ids import SessionId
from musearoo.domain.music.ticks import TICKS_PER_QUARTER
from musearoo.protocols.osc.options import SETTLED_SECONDS
from musearoo.protocols.osc.peer import Peer

if TYPE_CHECKING:
    from musearoo.codecs.osc.table import AddressTable

_FEW: Final = 32  # datagrams to one peer at a time: small devices have small buffers
_LONGEST_WAIT: Final = 1.0
_LONGEST_NOTE: Final = 60.0
_JUST_BEGUN: Final = TICKS_PER_QUARTER // 16  # a beat that is hardly over is still told

Tell = Callable[[Peer, Message | bytes], bool]


class Feed:
    """One session's events on their way to its peers; opened by `Feeds`."""

    def __init__(self, owner: Sequencer, conductor: Conductor, table: "AddressTable") -> None:
        self.session = owner.session
        self.owner = owner
        self.peers: set[Peer] = set()
        self._conductor = conductor
        self._clock = conductor.world.clock
        self._table = table
        self._tell: Tell = lambda _peer, _message: False
        self._wake: Callable[[], None] = lambda: None
        self._beating = 0
        self._ends = (
            conductor.world.bus.subscribe(self.session, self.receive),
            conductor.live_notes.listen(self.session, self._heard),
        )

    def connect(self, tell: Tell, wake: Callable[[], None]) -> None:
        """`tell` sends to a peer, `wake` asks for a `flush` soon."""
        self._tell, self._wake = tell, wake

    def close(self) -> None:
        """Receive no more."""
        for end in self._ends:
            end()
        self._beating += 1

    def receive(self, events: Sequence[Sequenced]) -> None:
        """Events of the session, in order; the bus calls this."""
        for sequenced in events:
            event = sequenced.event
            self._owe(changed(event))
            match event:
                case GenerationCompleted():
                    self._tell_all(generated(event))
                case ClipLaunched():
                    self._tell_all(launched(event))
                case ControlMapped():
                    self._tell_all(mapped(event))
                case GenerationFailed():
                    text = f"{event.part}: {event.detail}"
                    for peer in tuple(self.peers):
                        if peer.actor.user == sequenced.user:
                            self._tell(peer, error(event.code, text))
                case TransportChanged() | TempoSet() | MeterSet() | ContextAdopted():
                    self.beat()

    def _heard(self, note: LiveNote, by: object) -> None:
        address = f"/musearoo/note/{note.channel}"
        for peer in tuple(self.peers):
            if peer is not by:
                self._tell(peer, Message(address, (note.pitch, note.velocity)))
        if note.ticks is not None and self.peers:
            self._conductor.world.spawn(self._let_go(note, by, note.ticks), name="osc.note")

    async def _let_go(self, note: LiveNote, by: object, ticks: int) -> None:
        seconds = ticks / TICKS_PER_QUARTER * 60 / self.owner.state.tempo_map.bpm
        await self._clock.sleep(min(seconds, _LONGEST_NOTE))
        self._heard(LiveNote(note.channel, note.pitch, 0), by)

    def everything(self, peer: Peer) -> None:
        """Tell a peer every value in force."""
        peer.told.clear()
        peer.owed.update(all_paths(self._table, self.owner.state))
        for key, control in self.owner.state.controls.items():
            channel, number = (int(each) for each in key.split("/"))
            event = ControlMapped(channel=channel, number=number, path=control.path)
            self._tell(peer, mapped(event))
        self._wake()

    def start_over(self, owner: Sequencer) -> None:
        """Events were lost: all values may be others."""
        self.owner = owner
        for peer in self.peers:
            self.everything(peer)
        self.beat()

    def flush(self) -> bool:
        """Tell what is owed; whether something still is."""
        state, now, wall = self.owner.state, self._clock.monotonic(), self._clock.now()
        news: dict[str, _News | None] = {}
        owing = False
        for peer in tuple(self.peers):
            few = _FEW
            for path in tuple(peer.owed):
                if now - peer.moved_at.get(path, -math.inf) < SETTLED_SECONDS:
                    continue
                if path not in news:
                    news[path] = _news(told(path, state, self._table, wall))
                peer.owed.discard(path)
                if not self._told(peer, path, news[path]):
                    peer.owed.add(path)
                    break
                few -= 1
                if few == 0:
                    break
            owing = owing or bool(peer.owed)
        return owing

    def _told(self, peer: Peer, path: str, news: "_News | None") -> bool:
        if news is None:
            return True
        sent = peer.sent_value.pop(path, None)
        known = peer.told.get(path) == news.values
        if known and (sent is None or (_travelling(sent),) == news.values):
            return True
        if not self._tell(peer, news.packet):
            return peer.gone
        peer.told[path] = news.values
        return True

    def _owe(self, paths: tuple[str, ...]) -> None:
        if paths:
            for peer in self.peers:
                peer.owed.update(paths)
            self._wake()

    def _tell_all(self, message: Message) -> None:
        for peer in tuple(self.peers):
            self._tell(peer, message)

    def beat(self) -> None:
        """Count the beats of the transport anew."""
        self._beating += 1
        if self.peers and self.owner.state.transport.playing:
            self._conductor.world.spawn(self._beats(self._beating), name="osc.beats")

    async def _beats(self, turn: int) -> None:
        last: tuple[int, int] | None = None
        while self.peers:
            state = self.owner.state
            tick, bar_ticks = state.tick_at(self._clock.now()), state.meter.bar_ticks
            bar, inside = divmod(tick, bar_ticks)
            beat = inside // TICKS_PER_QUARTER
            if (bar, beat) != last and (last or inside % TICKS_PER_QUARTER <= _JUST_BEGUN):
                self._tell_all(Message("/musearoo/beat", (bar + 1, beat + 1)))
            last = bar, beat
            following = bar * bar_ticks + min((beat + 1) * TICKS_PER_QUARTER, bar_ticks)
            if state.transport.loop is not None and tick < state.transport.loop[1]:
                following = min(following, state.transport.loop[1])
            wait = state.tempo_map.seconds_at(following) - state.tempo_map.seconds_at(tick)
            await self._clock.sleep(min(max(wait, 0.001), _LONGEST_WAIT))
            if turn != self._beating:
                return


class _News(msgspec.Struct, frozen=True):
    """A value in force: as it travels, and the packet that tells it."""

    values: tuple[object, ...]
    packet: bytes


def _news(message: Message | None) -> _News | None:
    if message is None:
        return None
    return _News(tuple(_travelling(each) for each in message.arguments), encode(message))


def _travelling(value: object) -> object:
    """Floats travel in 32 bits."""
    return single(value) if isinstance(value, float) else value


class Feeds:
    """The feeds of the sessions in which a peer acts."""

    def __init__(
        self, conductor: Conductor, table: "AddressTable", tell: Tell, wake: Callable[[], None]
    ) -> None:
        self._conductor = conductor
        self._table = table
        self._tell = tell
        self._wake = wake
        self._open: dict[SessionId, Feed] = {}
        conductor.sessions.on_start_over(self._start_over)

    def __len__(self) -> int:
        """Sessions that are heard."""
        return len(self._open)

    async def enter(self, peer: Peer, session: SessionId) -> Feed:
        """Let a peer hear a session, and no other; raises `NotFound`."""
        owner = await self._conductor.sessions.open(session)
        feed = self._open.get(session)
        if feed is None:
            feed = Feed(owner, self._conductor, self._table)
            feed.connect(self._tell, self._wake)
            self._open[session] = feed
        feed.owner = owner
        if peer.feed is not feed:
            self.leave(peer)
            if not peer.gone:
                first = not feed.peers
                feed.peers.add(peer)
                peer.feed = feed
                if first:
                    feed.beat()
        self._let_go(feed)
        return feed

    def leave(self, peer: Peer) -> None:
        """A peer hears no more; a session that nobody hears is let go."""
        feed, peer.feed = peer.feed, None
        peer.owed.clear()
        peer.told.clear()
        if feed is not None:
            feed.peers.discard(peer)
            self._let_go(feed)

    def _let_go(self, feed: Feed) -> None:
        if not feed.peers and self._open.get(feed.session) is feed:
            feed.close()
            del self._open[feed.session]

    def flush(self) -> bool:
        """Tell what is owed everywhere; whether something still is."""
        return sum(feed.flush() for feed in tuple(self._open.values())) > 0

    async def keep(self) -> None:
        """Keep the sessions open that are heard."""
        for session, feed in list(self._open.items()):
            try:
                feed.owner = await self._conductor.sessions.open(session)
            except MuseArooError:  # its project is gone
                for peer in tuple(feed.peers):
                    self.leave(peer)

    async def follow(self, peer: Peer) -> None:
        """Let a peer that only listens hear the session it is in by now."""
        session = peer.session
        if session is None or (peer.feed is not None and peer.feed.session == session):
            return
        try:
            feed = await self.enter(peer, session)
        except MuseArooError:
            return
        feed.everything(peer)

    def _start_over(self, owner: Sequencer) -> None:
        feed = self._open.get(owner.session)
        if feed is not None:
            feed.start_over(owner)
