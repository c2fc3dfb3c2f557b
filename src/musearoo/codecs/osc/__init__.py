"""Open Sound Control without a socket: all types of OSC 1.0 and 1.1, patterns, TCP framings.

`decode` refuses with `OscRefused` whatever is not a packet, and raises nothing else. Decoded
values that have a wrapper (`Double`, `Long` ...) are numbers and strings like any other and
are encoded as they came.
"""

from musearoo.codecs.osc.decoding import decode
from musearoo.codecs.osc.encoding import encode
from musearoo.codecs.osc.framing import FrameReader, Framing, length_frame, slip_frame
from musearoo.codecs.osc.ntp import from_ntp, to_ntp
from musearoo.codecs.osc.patterns import Pattern, compile_pattern, is_pattern
from musearoo.codecs.osc.values import (
    IMMEDIATELY,
    IMPULSE,
    MAXIMUM_ADDRESS,
    MAXIMUM_ARGUMENTS,
    MAXIMUM_DEPTH,
    MAXIMUM_ELEMENTS,
    MAXIMUM_PACKET,
    Argument,
    Bundle,
    Char,
    Double,
    Impulse,
    Long,
    Message,
    Midi,
    OscRefused,
    Packet,
    Rgba,
    Symbol,
    TimeTag,
)

__all__ = [
    "IMMEDIATELY",
    "IMPULSE",
    "MAXIMUM_ADDRESS",
    "MAXIMUM_ARGUMENTS",
    "MAXIMUM_DEPTH",
    "MAXIMUM_ELEMENTS",
    "MAXIMUM_PACKET",
    "Argument",
    "Bundle",
    "Char",
    "Double",
    "FrameReader",
    "Framing",
    "Impulse",
    "Long",
    "Message",
    "Midi",
    "OscRefused",
    "Packet",
    "Pattern",
    "Rgba",
    "Symbol",
    "TimeTag",
    "compile_pattern",
    "decode",
    "encode",
    "from_ntp",
    "is_pattern",
    "length_frame",
    "slip_frame",
    "to_ntp",
]
