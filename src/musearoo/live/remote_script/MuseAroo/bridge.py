"""The conversation with the server, a few milliseconds of it whenever Live gives us a turn."""

from __future__ import annotations

import time
from typing import Any, Callable

from . import pairing
from .journal import fault, note
from .mirror import Mirror
from .osc import Message, Refused, decode, encode
from .requests import Requests
from .wire import FULL, Lost, Wire

VERSION = "1.0"
BUDGET_SECONDS = 0.005  # of one turn; what is left waits for the next
_FIRST_DELAY = 0.25
_LONGEST_DELAY = 5.0
_CONNECT_SECONDS = 3.0
_WELCOME_SECONDS = 5.0
_SILENCE_SECONDS = 15.0  # the server asks for a sign of life each second


class Bridge:
    """Connects to the server, again and again, and lets it see and change the set."""

    def __init__(self, song: Any, live_version: str, show: Callable[[str], None]) -> None:
        self._song = song
        self._live_version = live_version
        self._show = show
        self._shown = ""
        self._mirror: Mirror | None = None
        self._requests: Requests | None = None
        self._wire: Wire | None = None
        self._server: pairing.Server | None = None
        self._nonce = ""
        self._welcomed = False
        self._heard = 0.0
        self._retry = 0.0
        self._delay = _FIRST_DELAY

    def turn(self) -> None:
        """Do what can be done now; never raises, since that would stop Live's timer for good."""
        now = time.monotonic()
        try:
            self._converse(now, time.perf_counter() + BUDGET_SECONDS)
        except Lost as loss:
            self._drop(now, str(loss))
        except Exception:  # noqa: BLE001
            fault("live.turn_failed")
            self._drop(now, "a fault in the script")

    def close(self) -> None:
        """Say good-bye: no listener and no socket stays."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        if self._mirror is not None:
            self._mirror.close()
            self._mirror = None

    def _converse(self, now: float, end: float) -> None:
        if self._wire is None:
            if now >= self._retry:
                self._connect(now)
            return
        fresh = not self._wire.connected
        self._wire.poll()
        if not self._wire.connected:
            _require(now - self._heard < _CONNECT_SECONDS, "the server does not answer")
            return
        if fresh:
            self._greet(now, self._wire)
        self._listen(now, end, self._wire)
        patience = _SILENCE_SECONDS if self._welcomed else _WELCOME_SECONDS
        _require(now - self._heard < patience, "the server is silent")
        if self._welcomed:
            self._tell(now, end, self._wire)
        self._wire.flush()

    def _connect(self, now: float) -> None:
        try:
            self._server = pairing.read()
        except pairing.Unpaired as missing:
            note("live.unpaired", str(missing))
            self._tell_user("MuseAroo: run `musearoo live install` to pair with the server")
            self._retry = now + _LONGEST_DELAY
            return
        self._heard = now
        self._welcomed = False
        self._wire = Wire(self._server.host, self._server.port)

    def _greet(self, now: float, wire: Wire) -> None:
        assert self._server is not None  # noqa: S101
        self._nonce = pairing.nonce()
        self._heard = now
        proof = pairing.proof(self._server.token, "script", self._nonce)
        hello = (pairing.PROTOCOL, self._nonce, proof, self._live_version, VERSION)
        wire.send(encode(Message("/musearoo/live/hello", hello)))

    def _listen(self, now: float, end: float, wire: Wire) -> None:
        answers = self._requests.read_back() if self._requests is not None else []
        for answer in answers:
            wire.send(encode(answer))
        while wire.inbox:
            self._heard = now
            self._take(_decoded(wire.inbox.popleft()), wire)
            if time.perf_counter() >= end:
                return

    def _take(self, message: Message, wire: Wire) -> None:
        if not self._welcomed:
            self._take_welcome(message)
        elif self._requests is not None:
            answer = self._requests.take(message)
            if answer is not None:
                wire.send(encode(answer))

    def _take_welcome(self, message: Message) -> None:
        assert self._server is not None  # noqa: S101
        if message.address == "/musearoo/live/busy":
            raise Lost("another Live is connected to the server")
        expected = pairing.proof(self._server.token, "server", self._nonce)
        proof = message.arguments[1] if len(message.arguments) == 2 else None
        known = isinstance(proof, str) and pairing.same(proof, expected)
        _require(message.address == "/musearoo/live/welcome" and known, "not our server")
        self._welcomed = True
        self._delay = _FIRST_DELAY
        if self._mirror is None:
            self._mirror = Mirror(self._song)
            self._requests = Requests(self._song, self._mirror)
        self._mirror.begin()
        note("live.connected", f"{self._server.host}:{self._server.port}")
        self._tell_user("MuseAroo: connected")

    def _tell(self, now: float, end: float, wire: Wire) -> None:
        mirror = self._mirror
        assert mirror is not None  # noqa: S101
        while mirror.step(now) and time.perf_counter() < end:
            pass
        while wire.waiting < FULL:
            message = mirror.speak(now)
            if message is None:
                return
            wire.send(encode(message))
            if time.perf_counter() >= end:
                return

    def _tell_user(self, text: str) -> None:
        """Write into Live's status bar, where other scripts and Live itself write too."""
        if text != self._shown:
            self._shown = text
            self._show(text)

    def _drop(self, now: float, reason: str) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        if self._requests is not None:
            self._requests.forget()
        if self._welcomed:
            self._tell_user("MuseAroo: the server is gone; waiting for it")
        elif self._nonce:
            self._tell_user("MuseAroo: not accepted; if it stays so, run `musearoo live install`")
        self._welcomed = False
        self._nonce = ""
        note("live.disconnected", reason)
        self._retry = now + self._delay
        self._delay = min(_LONGEST_DELAY, self._delay * 2)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Lost(otherwise)


def _decoded(packet: bytes) -> Message:
    try:
        return decode(packet)
    except Refused as refusal:
        msg = f"the server sent what is no OSC: {refusal}"
        raise Lost(msg) from None
