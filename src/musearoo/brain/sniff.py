"""Tell an audio container by its first bytes, whatever its name says."""

from typing import Final, Literal

AudioKind = Literal["wav", "flac", "aiff", "ogg", "mp3"]

HEADER_BYTES: Final = 64
"""How many bytes from the start of a file `sniff` wants to see."""

SUFFIXES: Final[dict[str, AudioKind]] = {
    ".wav": "wav", ".wave": "wav", ".flac": "flac", ".aif": "aiff", ".aiff": "aiff",
    ".aifc": "aiff", ".ogg": "ogg", ".oga": "ogg", ".mp3": "mp3",
}  # fmt: skip

_BITRATE_BAD, _RATE_BAD = 0b1111, 0b11


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
