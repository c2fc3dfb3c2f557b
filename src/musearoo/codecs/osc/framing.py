"""OSC packets in a stream of bytes: after a length (OSC 1.0) or in SLIP (OSC 1.1)."""

from enum import StrEnum
from typing import Final

from musearoo.codecs.osc.values import MAXIMUM_PACKET, OscRefused

_END: Final = b"\xc0"  # RFC 1055
_ESC: Final = b"\xdb"
_ESC_END: Final = b"\xdb\xdc"
_ESC_ESC: Final = b"\xdb\xdd"


class Framing(StrEnum):
    """How a stream is divided into packets."""

    LENGTH = "length"
    SLIP = "slip"


def length_frame(packet: bytes) -> bytes:
    """The packet after its length in four bytes."""
    return len(packet).to_bytes(4, "big") + packet


def slip_frame(packet: bytes) -> bytes:
    """The packet between two ENDs, as OSC 1.1 asks."""
    return _END + packet.replace(_ESC, _ESC_ESC).replace(_END, _ESC_END) + _END


class FrameReader:
    """One stream. `framing` is None until its first byte told which it is."""

    def __init__(self, maximum: int = MAXIMUM_PACKET) -> None:
        self.framing: Framing | None = None
        self._maximum = maximum
        self._held = bytearray()
        self._searched = 0

    def feed(self, octets: bytes) -> list[bytes]:
        """The packets that these bytes complete.

        Raises `OscRefused` when the stream cannot be read on; close it then.
        """
        self._held += octets
        if self.framing is None:
            if not self._held:
                return []
            self.framing = _detected(self._held[0])
        return self._by_length() if self.framing is Framing.LENGTH else self._by_slip()

    def _by_length(self) -> list[bytes]:
        packets, at = [], 0
        while len(self._held) - at >= 4:
            length = int.from_bytes(self._held[at : at + 4], "big")
            if length % 4 or not 0 < length <= self._maximum:
                raise OscRefused(
                    f"A frame has a multiple of 4 bytes, 4 to {self._maximum}, not {length}."
                )
            if len(self._held) - at - 4 < length:
                break
            packets.append(bytes(self._held[at + 4 : at + 4 + length]))
            at += 4 + length
        del self._held[:at]
        return packets

    def _by_slip(self) -> list[bytes]:
        end = self._held.rfind(_END, self._searched)
        whole = b"" if end < 0 else bytes(self._held[:end])
        del self._held[: end + 1]
        self._searched = len(self._held)
        # Every byte may have been escaped into two.
        if self._searched > 2 * self._maximum:
            raise OscRefused(f"A packet has at most {self._maximum} bytes.")
        return [self._unescaped(frame) for frame in whole.split(_END) if frame]

    def _unescaped(self, frame: bytes) -> bytes:
        if _ESC in frame:
            if frame.count(_ESC) != frame.count(_ESC_END) + frame.count(_ESC_ESC):
                raise OscRefused("A SLIP escape is followed by neither of its two bytes.")
            frame = frame.replace(_ESC_END, _END).replace(_ESC_ESC, _ESC)
        if len(frame) > self._maximum:
            raise OscRefused(f"A packet has at most {self._maximum} bytes.")
        return frame


def _detected(first: int) -> Framing:
    """No frame is so long that its length begins otherwise than with zero."""
    if first == 0:
        return Framing.LENGTH
    if first in b"\xc0/#":
        return Framing.SLIP
    raise OscRefused("A stream of OSC begins with a length below 2**24 or with SLIP's END.")
