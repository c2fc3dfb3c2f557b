"""What a recording says of itself in its first and last bytes, without decoding it.

WAV: RIFF/WAVE (Microsoft and IBM, 1991) and RF64 (EBU 3306); FLAC: RFC 9639 section 8.2;
AIFF: Apple, AIFF-C draft 1991; Ogg: RFC 3533 section 6, Vorbis I section 4.2.2.
"""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

AudioKind = Literal["wav", "flac", "aiff", "ogg", "mp3"]

SNIFFED_BYTES: Final = 64
"""How many bytes from the start of a file `sniff` wants to see."""
HEAD_BYTES: Final = 64 * 1024
TAIL_BYTES: Final = 64 * 1024

SUFFIXES: Final[dict[str, AudioKind]] = {
    ".wav": "wav", ".wave": "wav", ".flac": "flac", ".aif": "aiff", ".aiff": "aiff",
    ".aifc": "aiff", ".ogg": "ogg", ".oga": "ogg", ".mp3": "mp3",
}  # fmt: skip

_BITRATE_BAD, _RATE_BAD = 0b1111, 0b11
_MOST_CHUNKS: Final = 64
_STREAMINFO_END: Final = 26
_VORBIS: Final = b"\x01vorbis"
_PLAIN: Final = (1, 3, 0xFFFE)  # PCM, float, extensible
_BIAS: Final = 16383 + 63  # of AIFF's 80-bit rate, down to the whole number


class SoundHead(msgspec.Struct, frozen=True):
    """Container, and what its header declares; None where only decoding can tell."""

    kind: AudioKind
    channels: int | None = None
    rate: int | None = None
    seconds: float | None = None


def read_head(head: bytes, tail: bytes, size: int) -> SoundHead | None:
    """What the first and last bytes of a file of `size` bytes declare; None is no audio of ours.

    Never raises. A length that the file is too short for is cut to what it can hold.
    """
    kind = sniff(head[:SNIFFED_BYTES])
    if kind is None:
        return None
    readers = {"wav": _wav, "flac": _flac, "aiff": _aiff}
    if kind == "ogg":
        return _ogg(head, tail)
    return readers[kind](head, size) if kind in readers else SoundHead(kind)


def sniff(header: bytes) -> AudioKind | None:
    """The container that `header` begins, or None; never raises."""
    if header[:4] in (b"RIFF", b"RF64", b"BW64") and header[8:12] == b"WAVE":
        return "wav"
    if header[:4] == b"fLaC":
        return "flac"
    if header[:4] == b"FORM" and header[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if header[:4] == b"OggS" and header[4:5] == b"\x00":
        return "ogg"
    if header[:3] == b"ID3" and _is_id3(header):
        return "mp3"
    return "mp3" if _is_mpeg_layer3(header) else None


def agrees(name: str, kind: AudioKind) -> bool:
    """Whether a file name's suffix belongs to the container found."""
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    return SUFFIXES.get(suffix) == kind


def _is_id3(header: bytes) -> bool:
    """ID3v2 (id3.org, 2.4.0 section 3.1): version below 5, size in four 7-bit bytes."""
    return len(header) >= 10 and header[3] < 5 and all(byte < 0x80 for byte in header[6:10])


def _is_mpeg_layer3(header: bytes) -> bool:
    """An MPEG frame header (ISO 11172-3 section 2.4.1.3): sync, layer III, legal rates."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return False
    version, layer = header[1] >> 3 & 0b11, header[1] >> 1 & 0b11
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 0b11
    legal = bitrate not in (0, _BITRATE_BAD) and rate != _RATE_BAD
    return version != 0b01 and layer == 0b01 and legal


def _chunks(head: bytes, order: Literal["little", "big"]) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and declared length of each chunk after the form's twelve bytes."""
    at = 12
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(head):
            return
        length = int.from_bytes(head[at + 4 : at + 8], order)
        yield head[at : at + 4], at + 8, length
        at += 8 + length + length % 2


def _wav(head: bytes, size: int) -> SoundHead:
    channels = rate = seconds = None
    per_second = 0
    for name, start, length in _chunks(head, "little"):
        if name == b"fmt " and len(head) >= start + 14:
            form = int.from_bytes(head[start : start + 2], "little")
            channels = int.from_bytes(head[start + 2 : start + 4], "little")
            rate = int.from_bytes(head[start + 4 : start + 8], "little")
            per_second = int.from_bytes(head[start + 8 : start + 12], "little")
            if form in _PLAIN:  # writers get the rate of bytes wrong, not the size of a frame
                per_second = rate * int.from_bytes(head[start + 12 : start + 14], "little")
        if name == b"data" and per_second:
            seconds = min(length, max(0, size - start)) / per_second
    return SoundHead("wav", channels, rate, seconds)


def _flac(head: bytes, _size: int) -> SoundHead:
    if len(head) < _STREAMINFO_END:
        return SoundHead("flac")
    packed = int.from_bytes(head[18:26], "big")  # rate 20, channels 3, bits 5, frames 36
    rate, frames = packed >> 44, packed & (1 << 36) - 1
    return SoundHead("flac", (packed >> 41 & 0b111) + 1, rate, frames / rate if rate else None)


def _aiff(head: bytes, size: int) -> SoundHead:
    for name, start, _length in _chunks(head, "big"):
        if name != b"COMM" or len(head) < start + 18:
            continue
        channels = int.from_bytes(head[start : start + 2], "big")
        frames = int.from_bytes(head[start + 2 : start + 6], "big")
        power = _BIAS - (int.from_bytes(head[start + 8 : start + 10], "big") & 0x7FFF)
        mantissa = int.from_bytes(head[start + 10 : start + 18], "big")
        rate = mantissa >> power if 0 <= power < 64 else 0
        held = min(frames, size // max(1, channels))
        return SoundHead("aiff", channels, rate, held / rate if rate else None)
    return SoundHead("aiff")


def _ogg(head: bytes, tail: bytes) -> SoundHead:
    at = head.find(_VORBIS, 0, 512)
    if at < 0 or len(head) < at + 16:
        return SoundHead("ogg")
    channels, rate = head[at + 11], int.from_bytes(head[at + 12 : at + 16], "little")
    last = tail.rfind(b"OggS")
    seconds = None
    if rate and last >= 0 and len(tail) >= last + 14:
        frames = int.from_bytes(tail[last + 6 : last + 14], "little", signed=True)
        seconds = frames / rate if frames >= 0 else None
    return SoundHead("ogg", channels, rate, seconds)
