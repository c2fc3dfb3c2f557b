"""What an OSC packet holds, its limits, and the one refusal of reading and writing it."""

from enum import Enum
from typing import ClassVar, Final, TypeAlias

import msgspec

from musearoo.domain.errors import ErrorCode, MuseArooError

MAXIMUM_PACKET: Final = 65_536
"""Bytes in a packet, over any transport; a UDP datagram cannot be longer."""

MAXIMUM_ADDRESS: Final = 255
"""Bytes in an address or an address pattern."""

MAXIMUM_ARGUMENTS: Final = 4_096
"""Type tags in a message, the brackets of arrays included."""

MAXIMUM_DEPTH: Final = 8
"""How deep bundles may lie in bundles, and arrays in arrays."""

MAXIMUM_ELEMENTS: Final = 512
"""Messages and bundles in one packet, counted over all levels."""

IMMEDIATELY: Final = 1
"""The time tag that means now (OSC 1.0, "Temporal Semantics")."""


class OscRefused(MuseArooError):
    """Bytes that are no OSC packet, or values that OSC cannot carry; `detail` says why."""

    code: ClassVar[ErrorCode] = ErrorCode.INVALID_VALUE
    http_status: ClassVar[int] = 422


class Double(float):
    """A number sent in 64 bits (`d`); a plain float is sent in 32 (`f`)."""

    __slots__ = ()

    @property
    def value(self) -> float:
        """The plain number."""
        return float(self)


class Long(int):
    """An integer sent in 64 bits (`h`) even where 32 would do."""

    __slots__ = ()

    @property
    def value(self) -> int:
        """The plain number."""
        return int(self)


class TimeTag(int):
    """A moment as an argument (`t`): 64-bit NTP, as in a bundle's head."""

    __slots__ = ()

    @property
    def value(self) -> int:
        """The plain number."""
        return int(self)


class Char(str):
    """One ASCII character (`c`)."""

    __slots__ = ()

    @property
    def value(self) -> str:
        """The plain text."""
        return str(self)


class Symbol(str):
    """A string that the receiver takes for a symbol (`S`)."""

    __slots__ = ()

    @property
    def value(self) -> str:
        """The plain text."""
        return str(self)


class Rgba(msgspec.Struct, frozen=True):
    """A colour (`r`), each of its parts 0 to 255."""

    red: int
    green: int
    blue: int
    alpha: int = 255


class Midi(msgspec.Struct, frozen=True):
    """A MIDI message (`m`), each byte 0 to 255."""

    port: int
    status: int
    data1: int
    data2: int


class Impulse(Enum):
    """The type of `IMPULSE` (`I`), also called infinitum or bang."""

    IMPULSE = "I"


IMPULSE: Final = Impulse.IMPULSE

# Arrays are tuples. The wrappers of numbers and strings are subclasses of the plain types.
Argument: TypeAlias = (
    "int | float | str | bytes | bool | Rgba | Midi | Impulse | tuple[Argument, ...] | None"
)


class Message(msgspec.Struct, frozen=True, gc=False):
    """An address, or a pattern of addresses, and its arguments."""

    address: str
    arguments: tuple[Argument, ...] = ()


class Bundle(msgspec.Struct, frozen=True, gc=False):
    """Messages and bundles that belong together at a moment (64-bit NTP)."""

    time_tag: int
    elements: "tuple[Message | Bundle, ...]" = ()


Packet: TypeAlias = Message | Bundle


def checked_address(octets: bytes) -> str:
    """An address or a pattern as text; raises `OscRefused`."""
    address = octets.decode("latin-1")
    if not address.startswith("/"):
        raise OscRefused("An OSC address begins with a slash.")
    if len(address) > MAXIMUM_ADDRESS:
        raise OscRefused(f"An OSC address has at most {MAXIMUM_ADDRESS} bytes.")
    if not address.isascii() or not address.isprintable() or " " in address:
        raise OscRefused("An OSC address is of printable ASCII characters without spaces.")
    return address
