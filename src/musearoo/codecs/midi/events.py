"""The bytes of single events in a track chunk (SMF 1.0, "Track Chunks" and "Meta-Events")."""

import unicodedata
from typing import Final

NOTE_OFF: Final = 0x80
NOTE_ON: Final = 0x90
CONTROL: Final = 0xB0
PROGRAM: Final = 0xC0

TEXT: Final = 0x01
COPYRIGHT: Final = 0x02
TRACK_NAME: Final = 0x03
MARKER: Final = 0x06
PORT: Final = 0x21
END_OF_TRACK: Final = 0x2F
TEMPO: Final = 0x51
METER: Final = 0x58
KEY: Final = 0x59

LONGEST_TEXT: Final = 120
MAXIMUM_VARIABLE: Final = 0x0FFFFFFF  # four bytes of seven bits


def variable(value: int) -> bytes:
    """A variable-length quantity: seven bits a byte, the high bit on all but the last."""
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(value & 0x7F | 0x80)
    return bytes(reversed(octets))


def meta(kind: int, payload: bytes) -> bytes:
    return bytes((0xFF, kind)) + variable(len(payload)) + payload


def text(kind: int, words: str) -> bytes:
    """A text event in ASCII: readers disagree on every byte above 127."""
    return meta(kind, ascii_text(words).encode("ascii"))


def ascii_text(words: str) -> str:
    """`words` without accents and control characters; what has no ASCII form becomes "?"."""
    if words.isascii() and words.isprintable():
        return words[:LONGEST_TEXT].strip()
    kept = []
    for letter in unicodedata.normalize("NFKD", words.replace("♯", "#").replace("♭", "b")):
        if unicodedata.combining(letter):
            continue
        kept.append(letter if " " <= letter <= "~" else "?" if letter.isprintable() else " ")
        if len(kept) == LONGEST_TEXT:
            break
    return "".join(kept).strip()


def track(setup: list[bytes], timed: list[tuple[int, bytes]], notes: list[int], end: int) -> bytes:
    """A track chunk: `setup` at tick 0, `timed` in rising order, packed notes, end at `end`.

    A packed note event is `tick << 24 | status << 16 | pitch << 8 | velocity`, so
    that sorting numbers puts note-offs before note-ons of the same tick.
    """
    body = bytearray()
    for event in setup:
        body += b"\0" + event
    now = 0
    for tick, event in timed:
        body += _delta(tick - now) + event
        now = tick
    notes.sort()
    for packed in notes:
        tick = packed >> 24
        delta, now = tick - now, tick
        if delta < 128:  # one byte of time and three of event in one stroke
            body += (delta << 24 | packed & 0xFFFFFF).to_bytes(4, "big")
        else:
            body += _delta(delta) + (packed & 0xFFFFFF).to_bytes(3, "big")
    body += _delta(end - now) + meta(END_OF_TRACK, b"")
    return b"MTrk" + len(body).to_bytes(4, "big") + bytes(body)


def _delta(ticks: int) -> bytes:
    """A delta time; a wait beyond four bytes is bridged by empty text events."""
    bridge = b""
    while ticks > MAXIMUM_VARIABLE:
        bridge += variable(MAXIMUM_VARIABLE) + meta(TEXT, b"")
        ticks -= MAXIMUM_VARIABLE
    return bridge + variable(ticks)
