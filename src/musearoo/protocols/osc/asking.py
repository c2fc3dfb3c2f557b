"""Carrying out what devices ask: most of it commands of the conductor, in the order they came."""

from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from musearoo.codecs.osc import Message
from musearoo.codecs.osc.addresses import Address, read
from musearoo.conductor.pairings import CODE_DIGITS
from musearoo.conductor.sessions import Ack
from musearoo.domain.commands import Act, At, Command, SetParameter
from musearoo.domain.errors import ErrorCode, InvalidValue, MuseArooError, NotFound
from musearoo.domain.ids import CommandId, SessionId
from musearoo.domain.origin import Origin, cut_address
from musearoo.ports.osc import Source
from musearoo.protocols.osc.acts import Acts
from musearoo.protocols.osc.live import ToLive

if TYPE_CHECKING:
    from musearoo.protocols.osc.door import Door
    from musearoo.protocols.osc.peer import Peer

log = structlog.get_logger(__name__)

NO_SESSION: Final = "no_session"
_PAIRED: Final = Message("/musearoo/pair", (1,))
_LONGEST_CODE: Final = 32
_LARGEST_PORT: Final = 65_535


class Asking:
    """The door's hands."""

    def __init__(self, door: "Door") -> None:
        self._door = door
        self._conductor = door.conductor
        self._clock = door.clock
        self._acts = Acts(door.conductor)
        self._to_live = ToLive(door)

    async def work(self, peer: "Peer") -> None:
        """Carry out a peer's messages one after another until there are no more."""
        try:
            while peer.lane and not peer.gone:
                address, message = peer.lane.popleft()
                await self._one(peer, address, message)
        finally:
            peer.working = False
            if peer.leaving and not peer.gone:
                self._door.left(peer)

    async def move(self, peer: "Peer", moving: dict[str, tuple[Address, Message]]) -> None:
        """Set what a peer's controls have come to, now.

        Its parameters go the conductor's short way, which waits for nothing; what does not
        (the tempo is stored at once) goes to its lane, and so does all that comes meanwhile.
        """
        peer.working = True
        try:
            for address, message in moving.values():
                if address.family == "parameter" and not peer.gone:
                    await self._one(peer, address, message)
                else:
                    peer.lane.append((address, message))
        finally:
            peer.working = False
            if peer.lane or peer.leaving:
                self._door.go_on(peer)

    async def _one(self, peer: "Peer", address: Address | None, message: Message) -> None:
        try:
            await self._do(peer, address, message)
        except MuseArooError as refusal:
            code = NO_SESSION if await self._is_gone(peer, refusal) else str(refusal.code)
            self._door.refuse(peer, code, refusal.detail, message)
        except Exception:
            log.exception("osc.failed", address=address.path if address is not None else "")
            self._door.refuse(peer, ErrorCode.INTERNAL, "This failed; the log says why.", message)
        else:
            peer.note(self._clock.now(), message, "done")

    async def _is_gone(self, peer: "Peer", refusal: MuseArooError) -> bool:
        """Whether a refusal says that the session itself is not there any more."""
        if not isinstance(refusal, NotFound) or peer.session is None:
            return isinstance(refusal, NoSession)
        try:
            await self._conductor.sessions.open(peer.session)
        except NotFound:
            return True
        return False

    async def _do(self, peer: "Peer", address: Address | None, message: Message) -> None:
        if address is not None and address.family == "device":
            await self._device(peer, address, message)
            return
        session = peer.session
        if session is None:
            raise NoSession
        feed = peer.feed
        if feed is None or feed.session != session:
            feed = await self._door.feeds.enter(peer, session)
        if address is None:
            address = self._door.table.find_in(message.address, feed.owner.state.parts)
        if address is None:
            await self._elsewhere(peer, session, message)
            return
        request = read(address, message.arguments, message.address)
        if request.act is not None:
            own = request.values.get("id")
            ack = await self.submit(peer, session, request.act, request.at, own)
            if own is not None:
                answer = msgspec.json.encode(ack).decode()
                self._door.tell(peer, Message("/musearoo/ack", (own, ack.seq, answer)))
        elif address.build is None:
            act = await self._acts.make(peer, session, request, message)
            if act is not None:
                await self.submit(peer, session, act, request.at)

    async def _elsewhere(self, peer: "Peer", session: SessionId, message: Message) -> None:
        """What is not in our table is for Live, or unknown."""
        if not await self._to_live.forward(peer, session, message):
            self._door.refuse(peer, "unknown_address", f"There is no {message.address}.", message)

    def forget(self, peer: "Peer") -> None:
        """A peer is one no more."""
        self._to_live.leave(peer)

    async def submit(
        self,
        peer: "Peer",
        session: SessionId,
        act: Act,
        at: At | None,
        own: str | None = None,
    ) -> Ack:
        """Have the conductor carry out an act, as every door does; `own` is the sender's id.

        A control's values carry no id: they come a hundred times a second, and one that came
        twice would set the same value again.
        """
        moving = isinstance(act, SetParameter) and own is None
        if isinstance(act, SetParameter) and moving and at is None:
            gesture = peer.gesture(act.path, self._clock.monotonic())
            act = msgspec.structs.replace(act, gesture=gesture)
        new_id = None if moving else CommandId(own or self._conductor.world.ids.new())
        command = Command(
            session=session,
            actor=peer.actor,
            act=act,
            origin=peer.origin,
            id=new_id,
            at=at,
        )
        return await self._conductor.desk.submit(command, new=not moving and own is None)

    async def _device(self, peer: "Peer", address: Address, message: Message) -> None:
        if address.path == "/musearoo/pair":
            await self.pair(peer.source, message)
            return
        values = read(address, message.arguments if address.arguments else ()).values
        match address.path:
            case "/musearoo/hello":
                await self._hello(peer, values.get("reply_port"))
            case "/musearoo/refresh" if values.get("pressed", True):
                await self._tell_everything(peer)
            case "/musearoo/ping":
                self._door.tell(peer, Message("/musearoo/pong", (peer.session or "",)))
            case "/musearoo/unpair":
                self._conductor.pairings.left(peer.source)

    async def _hello(self, peer: "Peer", port: int | None) -> None:
        if port is not None and self._door.peers.is_own(peer.source, port):
            raise InvalidValue("reply_port", port, "a port of yours; this one is the server's")
        peer.greeted = True
        if port is not None:
            self._door.peers.listens_at(peer, port)
            self._conductor.pairings.moved(peer.source, peer.reply.port)
        await self._tell_everything(peer)

    async def _tell_everything(self, peer: "Peer") -> None:
        if peer.session is None:
            raise NoSession
        feed = await self._door.feeds.enter(peer, peer.session)
        feed.everything(peer)

    async def pair(self, source: Source, message: Message) -> None:
        """Pair a source if its code is right, and answer only then."""
        code, port = _code_of(message)
        if code is None:
            return
        known = self._door.peers.known(source)
        if known is not None and known.pairing_id is not None and known.paired_by == code:
            self._door.tell(known, _PAIRED)
            return
        origin = Origin("osc", cut_address(source.host), self._conductor.world.ids.new(), "osc")
        pairing = await self._conductor.pairings.redeem(code, source, port, origin)
        if pairing is None:
            return
        peer = self._door.peers.paired(pairing, self._clock.monotonic())
        peer.paired_by = code
        try:
            await self._door.feeds.enter(peer, pairing.session)
        except MuseArooError as refusal:
            log.warning("osc.no_feedback", code=refusal.code)
        self._door.tell(peer, _PAIRED)


class NoSession(MuseArooError):
    """A source on this machine has no session to act in."""

    code = ErrorCode.NOT_FOUND
    http_status = 404

    def __init__(self) -> None:
        super().__init__("No session is open on this machine; open one in the dashboard first.")


def _code_of(message: Message) -> tuple[str | None, int | None]:
    """The code and port of `/musearoo/pair`; numbers lose leading zeros on the way."""
    code, port = (*message.arguments, None, None)[:2]
    if isinstance(code, float) and code.is_integer():
        code = int(code)
    if isinstance(code, int) and 0 <= code < 10**CODE_DIGITS:
        code = f"{code:0{CODE_DIGITS}d}"
    if not isinstance(code, str) or len(code) > _LONGEST_CODE:
        return None, None
    if port is None:
        return code.strip(), None
    if isinstance(port, int | float) and 1 <= port <= _LARGEST_PORT:
        return code.strip(), int(port)
    return None, None
