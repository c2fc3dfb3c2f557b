"""liblo, the C library that most OSC programs of Linux are built on, where it is installed."""

import ctypes
import ctypes.util
import struct
from typing import Any

TYPES = "ifsbhdtScmTFNI"
_NAME = ctypes.util.find_library("lo")
LIBRARY: Any = ctypes.CDLL(_NAME) if _NAME else None

if LIBRARY is not None:
    LIBRARY.lo_message_deserialise.restype = ctypes.c_void_p
    LIBRARY.lo_message_deserialise.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)
    ]  # fmt: skip
    LIBRARY.lo_message_get_types.restype = ctypes.c_char_p
    LIBRARY.lo_message_get_types.argtypes = [ctypes.c_void_p]
    LIBRARY.lo_message_get_argv.restype = ctypes.POINTER(ctypes.c_void_p)
    LIBRARY.lo_message_get_argv.argtypes = [ctypes.c_void_p]
    LIBRARY.lo_message_free.argtypes = [ctypes.c_void_p]
    LIBRARY.lo_pattern_match.argtypes = [ctypes.c_char_p, ctypes.c_char_p]

_NATIVE = {"i": "=i", "f": "=f", "h": "=q", "d": "=d", "c": "=B", "m": "=4B", "t": "=II"}


def read(packet: bytes) -> list[tuple[str, Any]] | None:
    """The arguments with their types as liblo reads them, or None where it refuses."""
    result = ctypes.c_int()
    message = LIBRARY.lo_message_deserialise(packet, len(packet), ctypes.byref(result))
    if not message:
        return None
    try:
        tags = LIBRARY.lo_message_get_types(message).decode("latin-1")
        places = LIBRARY.lo_message_get_argv(message)
        return [(tag, _value(tag, places[number])) for number, tag in enumerate(tags)]
    finally:
        LIBRARY.lo_message_free(message)


def matches(name: str, pattern: str) -> bool:
    return bool(LIBRARY.lo_pattern_match(name.encode(), pattern.encode()))


def _value(tag: str, place: Any) -> Any:
    if tag in "TFNI":
        return None
    if tag in "sS":
        return ctypes.string_at(place)
    if tag == "b":
        (length,) = struct.unpack("=i", ctypes.string_at(place, 4))
        return ctypes.string_at(place + 4, length)
    native = struct.Struct(_NATIVE[tag])
    values = native.unpack(ctypes.string_at(place, native.size))
    return values[0] if len(values) == 1 else values
