"""Many OSC devices, one AbletonOSC: their messages go through us, its answers to whom they are for.

AbletonOSC answers only the last who spoke, looks at its socket ten times a second and loses what
its buffer cannot hold. So messages leave paced, each in its own datagram (an error in Live ends
only that one), and what devices listen to is asked for again when Live has restarted.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from musearoo.codecs.osc import Message, OscRefused, Pattern, compile_pattern, encode, is_pattern
from musearoo.domain.errors import InvalidValue, TooManyRequests, Unavailable
from musearoo.live.abletonosc import AbletonOscLink
from musearoo.live.link import PresenceChanged, Report
from musearoo.live.reading import ASKED, LISTENED
from musearoo.ports.ambient import Clock
from musearoo.ports.hub import Deliver
from musearoo.ports.tasks import Spawn

AT_ONCE: Final = 50
EVERY_SECONDS: Final = 0.05
"""Live's buffer on Linux holds 256 datagrams, for the 100 ms between two looks."""
MAXIMUM_WAITING: Final = 1_000
MAXIMUM_LISTENED: Final = 256
ANSWER_SECONDS: Final = 3.0
_FORBIDDEN: Final = ("/live/api/", "/live/startup", "/live/error")
_TO_ALL: Final = ("/live/error", "/live/startup")
_INDICES: Final = {"track": 1, "scene": 1, "clip": 2, "clip_slot": 2, "device": 2}
_START, _STOP, _GET = "/start_listen/", "/stop_listen/", "/get/"

Arguments = tuple[Any, ...]


class _Question(msgspec.Struct, frozen=True):
    """What a device asked, and until when (monotonic) an answer is for it."""

    address: str
    pattern: Pattern | None
    indices: Arguments
    until: float


class _Peer:
    def __init__(self, deliver: Deliver) -> None:
        self.deliver = deliver
        self.listens: set[tuple[str, Arguments]] = set()
        self.asks: deque[_Question] = deque(maxlen=MAXIMUM_LISTENED)


class Hub:
    """Implements `ports.hub.LiveHub` over the link to AbletonOSC."""

    def __init__(self, link: AbletonOscLink, *, clock: Clock, spawn: Spawn) -> None:
        self._link = link
        self._clock = clock
        self._spawn = spawn
        self._peers: dict[str, _Peer] = {}
        self._waiting: deque[Message] = deque()
        self._sending = False
        link.tap = self._heard
        link.listen(self._reported)

    def join(self, peer: str, deliver: Deliver) -> None:
        self._peers[peer] = _Peer(deliver)

    def leave(self, peer: str) -> None:
        gone = self._peers.pop(peer, None)
        for key in gone.listens if gone is not None else ():
            self._stop(key)

    def forward(self, peer: str, address: str, arguments: Arguments) -> None:
        known = self._peers[peer]
        if self._link.mirror.presence == "gone":
            raise Unavailable("Ableton Live is not there; start it, with AbletonOSC selected.")
        if not address.startswith("/live/") or address.startswith(_FORBIDDEN):
            raise InvalidValue("address", address, "an address of AbletonOSC for devices")
        message = Message(address, arguments)
        _checked(message)
        if len(self._waiting) >= MAXIMUM_WAITING:
            raise TooManyRequests("Messages come faster than Live reads them; send fewer.")
        if _START in address:
            self._start(known, address, arguments)
        elif _STOP in address:
            key = (address.replace(_STOP, _GET), arguments)
            known.listens.discard(key)
            self._stop(key)
            return
        else:
            self._ask(known, address, arguments)
        self._send(message)

    # --- listening and asking -----------------------------------------------------------------

    def _start(self, peer: _Peer, address: str, arguments: Arguments) -> None:
        if len(peer.listens) >= MAXIMUM_LISTENED:
            raise TooManyRequests(f"At most {MAXIMUM_LISTENED} listeners a device; stop one.")
        peer.listens.add((address.replace(_START, _GET), arguments))

    def _stop(self, key: tuple[str, Arguments]) -> None:
        """Stop a listener of Live that nobody needs any more, ourselves included."""
        if key in _own() or any(key in peer.listens for peer in self._peers.values()):
            return
        if key[0] != "/live/track/get/playing_slot_index":
            self._send(Message(key[0].replace(_GET, _STOP, 1), key[1]))

    def _ask(self, peer: _Peer, address: str, arguments: Arguments) -> None:
        count = _INDICES.get(address.split("/")[2], 0) if address.count("/") > 2 else 0
        pattern = compile_pattern(address) if is_pattern(address) else None
        until = self._clock.monotonic() + ANSWER_SECONDS
        peer.asks.append(_Question(address, pattern, arguments[:count], until))

    def _send(self, message: Message) -> None:
        """Queue a message; what devices listen to is bounded by itself."""
        self._waiting.append(message)
        if not self._sending:
            self._sending = True
            self._spawn(self._keep_sending(), name="live.hub")

    async def _keep_sending(self) -> None:
        while self._waiting:
            for _ in range(min(AT_ONCE, len(self._waiting))):
                self._link.wire.send(self._waiting.popleft())
            await self._clock.sleep(EVERY_SECONDS)
        self._sending = False

    # --- what Live says -----------------------------------------------------------------------

    def _heard(self, message: Message) -> None:
        ours = bool(message.arguments) and message.arguments[-1] == ASKED
        for peer in tuple(self._peers.values()):
            if not ours and self._is_for(peer, message):
                peer.deliver(message.address, message.arguments)

    def _is_for(self, peer: _Peer, message: Message) -> bool:
        answered = self._answers(peer, message)
        return answered or message.address in _TO_ALL or _listens(peer, message)

    def _answers(self, peer: _Peer, message: Message) -> bool:
        now = self._clock.monotonic()
        while peer.asks and peer.asks[0].until < now:
            peer.asks.popleft()
        for question in peer.asks:
            if question.pattern is not None:
                if question.pattern.matches(message.address):
                    return True  # and perhaps many more
            elif question.address == message.address and _begins(message, question.indices):
                peer.asks.remove(question)
                return True
        return False

    def _reported(self, report: Report) -> None:
        """Live is there, perhaps anew: listen for the devices again."""
        if isinstance(report, PresenceChanged) and report.presence == "here":
            for address, arguments in {
                key for peer in self._peers.values() for key in peer.listens
            }:
                self._send(Message(address.replace(_GET, _START, 1), arguments))


def _own() -> Iterator[tuple[str, Arguments]]:
    return ((f"/live/song/get/{name}", ()) for name in LISTENED)


def _listens(peer: _Peer, message: Message) -> bool:
    return any(
        message.address in {address, f"{address}_string"} and _begins(message, arguments)
        for address, arguments in peer.listens
    )


def _begins(message: Message, arguments: Arguments) -> bool:
    return message.arguments[: len(arguments)] == arguments


def _checked(message: Message) -> None:
    try:
        encode(message)
    except OscRefused as refusal:
        raise InvalidValue(
            "arguments", message.address, f"such as OSC carries: {refusal}"
        ) from None
