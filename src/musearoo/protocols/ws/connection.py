"""One connection to a session, without a socket: messages in, frames into its outbox."""

from collections import deque
from collections.abc import Callable
from typing import Any, Final

import structlog
from msgspec.structs import replace

from musearoo.codecs.ws import (
    MAXIMUM_FIRST_FRAME,
    MAXIMUM_FRAME,
    AudioRecord,
    AuthExpiring,
    CloseCode,
    CursorMoved,
    CursorPosition,
    ErrorMessage,
    FrameFault,
    FrameRefused,
    GoingAway,
    Heartbeat,
    Incoming,
    NoteRecord,
    Outgoing,
    ParameterChange,
    Present,
    Reconnected,
    SessionJoin,
    SessionLeave,
    UserPresence,
    decode,
    encode,
    may_resume,
)
from musearoo.codecs.ws.outgoing import (
    CursorMovedData,
    ErrorData,
    ExpiringData,
    GoingAwayData,
    ReconnectedData,
)
from musearoo.conductor.eager import begin
from musearoo.conductor.room_entrance import Guest, ends_visit
from musearoo.conductor.sequencer import Sequencer
from musearoo.domain.errors import ErrorCode, MuseArooError, TooManyRequests
from musearoo.domain.origin import Origin, cut_address
from musearoo.protocols.ws import acting, answers, joining, records, turning
from musearoo.protocols.ws.door import Door
from musearoo.protocols.ws.frames import text_frame
from musearoo.protocols.ws.handshake import Arrival
from musearoo.protocols.ws.outbox import Outbox
from musearoo.protocols.ws.pacing import Bucket
from musearoo.protocols.ws.room import Room, coalesced, snapshot_of
from musearoo.protocols.ws.sound import Sound

log = structlog.get_logger(__name__)

_LANE: Final = 256
_FAULT_COST: Final = 10.0
_IMMEDIATE = (Heartbeat, CursorPosition, UserPresence, SessionLeave)


class Connection:
    """From the first message to the last.

    `hang_up(code, reason)` ends the WebSocket, `ping` sends one of its own. `hold(True)` asks
    it to read no further while much is to be carried out; `hold(False)` takes that back.
    """

    def __init__(
        self,
        door: Door,
        arrival: Arrival,
        *,
        wake: Callable[[], None],
        hang_up: Callable[[int, str], None],
        hold: Callable[[bool], None] = lambda _held: None,
        ping: Callable[[], None] = lambda: None,
    ) -> None:
        self.door = door
        self.arrival = arrival
        self.binary = arrival.binary
        self.outbox = Outbox(wake, self._coalesced)
        self.name = door.conductor.world.ids.new()
        self.instance = self.name
        self.origin = Origin("ws", cut_address(arrival.address), self.name, arrival.client)
        self.guest: Guest | None = None  # until it has joined
        self.room: Room | None = None
        self.present = Present(connection=self.name, sender=0, user_id="")
        self.over = False
        self._hang_up = hang_up
        self._hold = hold
        self.ping = ping
        self._sound: Sound | None = None  # few play
        self._lane: deque[Incoming] = deque()
        self._working = False
        self._held = False
        self.token = ""
        self.counter = 0
        now = door.clock.monotonic()
        self._began = self._heard = self._pinged = now
        self._renewal_asked = False
        options = door.options
        self._bucket = Bucket(options.messages_per_second, options.burst, now)
        door.connections.add(self)

    # Coming in

    def receive_text(self, payload: bytes) -> None:
        """A text message of the client."""
        if self.over:
            return
        self._heard = self.door.clock.monotonic()
        try:
            message = decode(payload, MAXIMUM_FRAME if self.guest else MAXIMUM_FIRST_FRAME)
        except FrameRefused as refusal:
            self._faulty(refusal)
        else:
            self.take(message)

    def receive_binary(self, payload: bytes) -> None:
        """A binary frame of the client: records, if it speaks them."""
        if self.over:
            return
        self._heard = self.door.clock.monotonic()
        if not self.binary or self.room is None:
            detail = "Binary frames need musearoo.v3.bin, and session_join first."
            self._faulty(FrameRefused(FrameFault.MALFORMED, detail))
            return
        try:
            for each in records.messages(payload, self.room.handles, self.instance):
                if isinstance(each, AudioRecord | NoteRecord):
                    self.sound.take(each)
                else:
                    self.take(each)
        except FrameRefused as refusal:
            self._faulty(refusal)

    def take(self, message: Incoming) -> None:
        """One message that could be read."""
        if self.guest is None:
            self._first(message)
            return
        if message.session_id is not None and message.session_id != self.guest.session:
            self.error("not-found", "This connection is in another session.", message.message_id)
            return
        late = self._bucket.take(1.0, self._heard)
        if type(message) is ParameterChange:
            if not turning.turn(self, message):
                self._enqueue(message)
        elif isinstance(message, _IMMEDIATE):
            self._at_once(message, late=late)
        elif late:
            refusal = TooManyRequests("Messages come too fast.", retry_after=late)
            self.refuse(refusal, message.message_id)
        else:
            self._enqueue(message)

    def _first(self, message: Incoming) -> None:
        if self._lane or self._working or not isinstance(message, SessionJoin):
            self.error("unauthenticated", "Send session_join first.", message.message_id)
            self.end(CloseCode.EXPIRED, "join first")
            return
        self._enqueue(message)

    def _enqueue(self, message: Incoming) -> None:
        if isinstance(message, ParameterChange) and len(self._lane) >= _LANE // 2:
            acting.supersede(self, self._lane, message)
        self._lane.append(message)
        if len(self._lane) > _LANE and not self._held:
            self._held = True
            self._hold(True)
        if not self._working:
            self._working = True
            begin(self._work(), self.door.conductor.world.spawn, name="ws.work")

    async def _work(self) -> None:
        try:
            while self._lane and not self.over:
                message = self._lane.popleft()
                if self._held and len(self._lane) < _LANE // 4:
                    self._held = False
                    self._hold(False)
                work = self._carry_out(message)
                if acting.takes_long(message):
                    begin(work, self.door.conductor.world.spawn, name="ws.aside")
                else:
                    await work
        finally:
            self._working = False

    async def _carry_out(self, message: Incoming) -> None:
        try:
            if isinstance(message, SessionJoin):
                await joining.join(self, message)
            else:
                await acting.carry_out(self, message)
        except MuseArooError as refusal:
            self.refuse(refusal, message.message_id)
        except FrameRefused as refusal:
            self.error(refusal.code, refusal.detail, refusal.reply_to or message.message_id)
        except Exception:  # nothing of ours may reach a client in words
            log.exception("ws.message_failed", type=type(message).__name__)
            self.error(ErrorCode.INTERNAL, "This went wrong on our side.", message.message_id)

    def start_over(self, owner: Sequencer, reason: str) -> None:
        """Send the whole state, before any event that follows it."""
        room = self.room
        if self.guest is None or room is None or self.over:
            return
        state, undo = snapshot_of(owner, self.guest.actor.user, self.door.clock.now())
        data = ReconnectedData(
            status="snapshot", epoch=room.epoch, seq=room.seq, state=state, undo=undo, reason=reason
        )
        self.outbox.start_over(text_frame(encode(Reconnected(data=data, **self.envelope()))))

    # What needs no order

    def _at_once(self, message: Incoming, *, late: float) -> None:
        match message:
            case Heartbeat():
                answers.beat(self, message)
            case SessionLeave():
                self.end(CloseCode.NORMAL, "left")
            case CursorPosition() if not late:
                self._cursor(message)
            case UserPresence(data=data) if not late and self.room is not None:
                device = data.device or self.present.device
                self.present = replace(self.present, status=data.status, device=device)
                self.room.changed(self)

    def _cursor(self, message: CursorPosition) -> None:
        if self.room is None:
            return
        at = message.data
        data = CursorMovedData(
            connection=self.name, bar=at.bar, beat=at.beat, pitch=at.pitch, track=at.track
        )
        moved = CursorMoved(data=data, **self.envelope())
        self.room.tell(moved, ("cursor_position", self.name), but=self)

    # Time, rights, the end

    def tick(self, now: float) -> None:
        """Once a second: deadlines."""
        options = self.door.options
        if self.guest is None:
            if now - self._began > options.join_seconds:
                self.end(CloseCode.EXPIRED, "join in time")
            return
        if self.outbox.overflows or self.outbox.expired(now):
            self.end(CloseCode.SLOW, "too slow")
        elif now - self._heard > options.silence_seconds:
            self.end(CloseCode.GOING_AWAY, "silence")
        elif now > self.guest.expires_at + options.renew_grace_seconds:
            self.end(CloseCode.EXPIRED, "login not renewed")
        elif now > self.guest.expires_at - options.renew_before_seconds:
            self._ask_for_renewal(self.guest.expires_at - now)

    def wants_ping(self, now: float) -> bool:
        """Whether a protocol ping is due (proxies cut what is silent for a minute)."""
        if now - self._pinged < self.door.options.ping_seconds:
            return False
        self._pinged = now
        return True

    def heard(self) -> None:
        """Something came, if only a pong."""
        self._heard = self.door.clock.monotonic()

    def _ask_for_renewal(self, seconds: float) -> None:
        if self._renewal_asked:
            return
        self._renewal_asked = True
        data = ExpiringData(expires_in=max(0.0, seconds))
        self.send(AuthExpiring(data=data, **self.envelope()))

    def renewed(self, guest: Guest) -> None:
        """The login behind this connection was renewed."""
        self._renewal_asked = False
        self.guest = guest
        self.door.entrance.kept(self.token, guest)

    async def recheck(self) -> None:
        """Look up anew what this guest may do; whoever may not even view is out at once."""
        if self.guest is None or self.room is None or self.over:
            return
        try:
            guest = await self.door.entrance.rechecked(self.guest, self.origin, self.token)
        except MuseArooError as refusal:
            self.door.entrance.void(self.token)
            self.refuse(refusal, None)
            self.end(*ends_visit(refusal))
            return
        if guest.permissions != self.guest.permissions:
            self.guest = guest
            self.room.changed(self, joining.rights(guest))

    def replaced(self) -> None:
        """The same connection came back on another socket."""
        self.token = ""
        self.end(CloseCode.REPLACED, "replaced")

    def go_away(self) -> None:
        """Ask the client to come back later; the socket closes soon."""
        options = self.door.options
        spread = (self.present.sender * 37) % 500
        data = GoingAwayData(
            in_ms=round(1000 * options.drain_seconds), after_ms=spread, reason="restart"
        )
        self.send(GoingAway(data=data, **self.envelope()))

    @property
    def sound(self) -> Sound:
        """What this connection plays."""
        if self._sound is None:
            self._sound = Sound(self)
        return self._sound

    @property
    def busy(self) -> bool:
        """Whether messages that came are still being carried out."""
        return self._working

    def end(self, code: int, reason: str) -> None:
        """Close from our side."""
        if not self.over:
            self.gone(clean=not may_resume(code))
            self._hang_up(code, reason)

    def gone(self, *, clean: bool) -> None:
        """The socket is closed, or about to be."""
        if self.over:
            return
        self.over = True
        self.door.connections.discard(self)
        self._lane.clear()
        if self.guest is None:
            return
        users, user = self.door.users, self.guest.actor.user
        users[user] -= 1
        if not users[user]:
            del users[user]
        if clean:
            self.door.entrance.void(self.token)
        else:
            self.door.entrance.left(self.token, self.counter)
        if self.room is not None and self.room.members.get(self.name) is self:
            self.room.leave(self, away_seconds=None if clean else self.door.options.away_seconds)
            if clean and self._sound is not None:
                self.door.conductor.world.spawn(self._sound.leave(), name="ws.sound_ends")
        self._sound = None

    def send(self, message: Outgoing) -> None:
        """A small message for this client alone."""
        self.say(text_frame(encode(message)))

    def say(self, frame: bytes) -> None:
        """A frame for this client alone, behind what the room has told so far."""
        if self.room is not None:
            self.room.fan.flush()
        self.outbox.control(frame)

    def error(self, code: str, detail: str, reply_to: str | None, after: float = 0) -> None:
        """Tell the client what was refused, and nobody else."""
        data = ErrorData(code=code, detail=detail, reply_to=reply_to, retry_after=after or None)
        self.send(ErrorMessage(cause=reply_to, data=data, **self.envelope()))

    def refuse(self, refusal: MuseArooError, reply_to: str | None) -> None:
        """Tell the client of a refusal in the conductor's words."""
        self.error(refusal.code, refusal.detail, reply_to, refusal.retry_after or 0)

    def _faulty(self, refusal: FrameRefused) -> None:
        self.error(refusal.code, refusal.detail, refusal.reply_to)
        if self.guest is None:
            self.end(CloseCode.EXPIRED, "join first")
        elif self._bucket.take(_FAULT_COST, self._heard) > 0:
            self.end(CloseCode.ABUSE, "too many faulty messages")

    def is_new(self, message_id: str | None) -> bool:
        """Whether an id cannot have come before: `<connection>:<counter>`, counting up."""
        number = records.counter_of(message_id, self.name) if message_id is not None else None
        if number is None or number <= self.counter:
            return False
        self.counter = number
        return True

    def envelope(self) -> dict[str, Any]:
        """The fields that every message to this client has."""
        guest = self.guest
        return {
            "session_id": guest.session if guest is not None else "",
            "timestamp": self.door.clock.now(),
            "user_id": guest.actor.user if guest is not None else None,
        }

    def _coalesced(self, first: int, last: int) -> bytes:
        session = self.guest.session if self.guest is not None else ""
        return coalesced(session, self.door.clock.now(), first, last)  # type: ignore[arg-type]
