"""Plain frames: whole, masked, unfragmented messages, which are nearly all that clients send.

They are taken apart here in one step. Everything else, and every fault, is left to the RFC 6455
core of `websockets`, which never sees a plain frame and is always given whole frames.
"""

from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without a compiler
    from websockets.utils import apply_mask

TEXT: Final = 0x81  # FIN, opcode 1 (RFC 6455 §5.2)
BINARY: Final = 0x82
_MASKED: Final = 0x80
_SHORT: Final = 126
_LONG: Final = 127

Plain = tuple[int, bytes, int]


def plain_frame(data: bytes, at: int, most: int) -> Plain | None:
    """First byte, payload and end of the plain frame at `at`; None for anything else.

    Also None for a frame that is cut off, has more than `most` bytes of payload, or says its
    length in more bytes than it needs.
    """
    head = at + 6
    if len(data) < head or data[at] not in (TEXT, BINARY):
        return None
    size = data[at + 1] - _MASKED
    if size == _SHORT:
        head = at + 8
        size = data[at + 2] << 8 | data[at + 3]
        if size < _SHORT:
            return None
    elif size < 0 or size == _LONG:
        return None
    end = head + size
    if end > len(data) or size > most:
        return None
    return data[at], apply_mask(data[head:end], data[head - 4 : head]), end


def frame_size(data: bytes, at: int) -> int | None:
    """The bytes of the frame at `at`, header included; None if that cannot be read yet."""
    left = len(data) - at
    if left < 2:
        return None
    size = data[at + 1] & 127
    extra = {_SHORT: 2, _LONG: 8}.get(size, 0)
    if left < 2 + extra:
        return None
    if extra:
        size = int.from_bytes(data[at + 2 : at + 2 + extra], "big")
    return 2 + extra + (4 if data[at + 1] & _MASKED else 0) + size
