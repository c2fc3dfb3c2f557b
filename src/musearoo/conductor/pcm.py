"""The forms of live sound that are taken, and the WAV header of their recording."""

import struct
from typing import Final

import msgspec

from musearoo.codecs.sound_head import AudioKind
from musearoo.domain.errors import InvalidValue

SAMPLE_BYTES: Final = {"pcm_s16le": 2, "pcm_f32le": 4}
CONTAINERS: Final[dict[str, AudioKind]] = {"flac": "flac", "opus": "ogg"}
"""Encoded streams and the file that their bytes make up, one behind the other."""
CODECS: Final = (*SAMPLE_BYTES, *CONTAINERS)
MINIMUM_RATE: Final = 8_000
MAXIMUM_RATE: Final = 48_000
HEADER_BYTES: Final = 58
"""The longest header that `header` writes."""
_PCM, _FLOAT = 1, 3  # WAVE_FORMAT_PCM, WAVE_FORMAT_IEEE_FLOAT


class Form(msgspec.Struct, frozen=True):
    """Interleaved PCM, or a FLAC or Ogg Opus file: `rate` in hertz, one or two channels."""

    codec: str
    rate: int
    channels: int = 1

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise InvalidValue("codec", self.codec, "one of " + ", ".join(CODECS))
        if not MINIMUM_RATE <= self.rate <= MAXIMUM_RATE:
            raise InvalidValue("rate", self.rate, f"{MINIMUM_RATE} to {MAXIMUM_RATE} Hz")
        if self.channels not in (1, 2):
            raise InvalidValue("channels", self.channels, "1 or 2")

    @property
    def container(self) -> AudioKind | None:
        """What file an encoded stream makes up; None for PCM."""
        return CONTAINERS.get(self.codec)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample frame; 1 for encoded streams, which have no such thing."""
        return SAMPLE_BYTES[self.codec] * self.channels if self.container is None else 1


def header(form: Form, size: int) -> bytes:
    """The 44 bytes (58 for floats, which need a `fact` chunk) before `size` bytes of sound."""
    is_float = form.codec == "pcm_f32le"
    sample = SAMPLE_BYTES[form.codec]
    layout = struct.pack(
        "<HHIIHH",
        _FLOAT if is_float else _PCM,
        form.channels,
        form.rate,
        form.rate * form.frame_bytes,
        form.frame_bytes,
        8 * sample,
    )
    extra = b""
    if is_float:
        layout += b"\0\0"
        extra = b"fact" + struct.pack("<II", 4, size // form.frame_bytes)
    chunks = b"fmt " + struct.pack("<I", len(layout)) + layout + extra
    chunks += b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks) + size) + b"WAVE" + chunks
