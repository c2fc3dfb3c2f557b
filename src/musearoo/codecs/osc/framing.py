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
    """One stream. `framing` is None until its first byte told which it is.

    `refusal` says why the stream cannot be read on, once it cannot; close it then.
    """

    def __init__(self, maximum: int = MAXIMUM_PACKET) -> None:
        self.framing: Framing | None = None
        self.refusal: OscRefused | None = None
        self._maximum = maximum
        self._held = bytearray()
        self._searched = 0

    def feed(self, octets: bytes) -> list[bytes]:
        """The packets that these bytes complete.

        Raises `OscRefused` where the stream cannot be read on. Packets before the fault are
        given first: then `refusal` is set and the next call raises it.
        """
        if self.refusal is not None:
            raise self.refusal
        packets: list[bytes] = []
        self._held += octets
        try:
            self._read_into(packets)
        except OscRefused as refusal:
            self.refusal = refusal
            self._held.clear()
            if not packets:
                raise
        return packets

    def _read_into(self, packets: list[bytes]) -> None:
        if not self._held:
            return
        if self.framing is None:
            self.framing = _detected(self._held[0])
        if self.framing is Framing.LENGTH:
            self._by_length(packets)
        else:
            self._by_slip(packets)

    def _by_length(self, packets: list[bytes]) -> None:
        at = 0
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

    def _by_slip(self, packets: list[bytes]) -> None:
        end = self._held.rfind(_END, self._searched)
        whole = b"" if end < 0 else bytes(self._held[:end])
        del self._held[: end + 1]
        self._searched = len(self._held)
        for frame in whole.split(_END):
            if frame:
                packets.append(self._unescaped(frame))  # noqa: PERF401  (it may refuse midway)
        # Every byte may have been escaped into two.
        if self._searched > 2 * self._maximum:
            raise OscRefused(f"A packet has at most {self._maximum} bytes.")

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
