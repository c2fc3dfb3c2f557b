"""One TCP connection of a script: first it shows that it knows the secret, then it is heard."""

import asyncio
import hmac
from collections.abc import Sequence
from typing import Final, Protocol, cast

import msgspec

from musearoo.codecs.osc import (
    FrameReader,
    Framing,
    Message,
    OscRefused,
    decode,
    encode,
    length_frame,
)
from musearoo.live.script.token import PROTOCOL, proof

MOST_UNREAD: Final = 4 << 20
"""Bytes that the script has not taken; beyond, nothing more is accepted for it."""
_HELLO: Final = "/musearoo/live/hello"
_LARGEST_HELLO: Final = 512


class Hello(msgspec.Struct, frozen=True):
    """What a script says of itself."""

    live: str
    script: str


class Host(Protocol):
    """Who takes the connections."""

    def admits(self, connection: "Connection", hello: Hello) -> bool:
        """Whether this script becomes the one that is heard."""
        ...

    def heard(self, connection: "Connection", messages: Sequence[Message]) -> None: ...
    def strayed(self, connection: "Connection") -> None:
        """It did not know the secret, or spoke no OSC."""
        ...

    def left(self, connection: "Connection") -> None: ...


class Connection(asyncio.Protocol):
    """Silent towards whoever does not know the secret: not one byte is answered."""

    def __init__(self, host: Host, token: str) -> None:
        self.greeted = False
        self._host = host
        self._token = token
        self._reader = FrameReader(_LARGEST_HELLO)
        self._transport: asyncio.Transport | None = None
        self._deaf = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        self._host.left(self)

    def data_received(self, data: bytes) -> None:
        """Read frames; whatever is no OSC in length-prefixed frames ends the connection."""
        if self._deaf:
            return
        try:
            messages = self._read(data)
            if not self.greeted and messages:
                self._greet(messages[0])
                messages = messages[1:]
            if messages:
                self._host.heard(self, messages)
        except OscRefused:
            self._deaf = True
            self._host.strayed(self)

    def send(self, *messages: Message) -> bool:
        """Send at once; False when the connection is gone or the script has stopped reading."""
        if self._transport is None or self._transport.get_write_buffer_size() > MOST_UNREAD:
            return False
        self._transport.write(b"".join(length_frame(encode(message)) for message in messages))
        return True

    def close(self) -> None:
        """Send what is waiting and close."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._deaf = True
        if self._transport is not None:
            self._transport.abort()

    def _read(self, data: bytes) -> list[Message]:
        messages = []
        for packet in self._reader.feed(data):
            message = decode(packet)
            if not isinstance(message, Message):
                raise OscRefused("A script sends no bundles.")
            messages.append(message)
        if self._reader.framing is Framing.SLIP:
            raise OscRefused("A script sends frames after their length.")
        return messages

    def _greet(self, message: Message) -> None:
        nonce, hello = self._checked(message)
        self.greeted = True
        if not self._host.admits(self, hello):
            self._deaf = True
            self.send(Message("/musearoo/live/busy"))
            self.close()
            return
        self._reader = FrameReader()
        answer = proof(self._token, "server", nonce)
        self.send(Message("/musearoo/live/welcome", (PROTOCOL, answer)))

    def _checked(self, message: Message) -> tuple[str, Hello]:
        match message:
            case Message(
                address=address,
                arguments=(int() as protocol, str() as nonce, str() as shown, *rest),
            ) if address == _HELLO and protocol == PROTOCOL and len(nonce) == 32:
                wanted = proof(self._token, "script", nonce)
                if hmac.compare_digest(wanted.encode(), shown.encode()):
                    live, script = (str(each)[:40] for each in (*rest, "", "")[:2])
                    return nonce, Hello(live, script)
        raise OscRefused("It does not know the secret.")
