"""Samples to files through libsndfile: WAV, FLAC, Ogg Vorbis and MP3."""

import io
import zlib
from typing import Final, Literal

import numpy as np
import soundfile

from musearoo.ports.work import AudioFormat
from musearoo.render.synth import SAMPLE_RATE, Samples

Bits = Literal[16, 24]
SOFTWARE: Final = "MuseAroo"
_CHUNK: Final = 16_384  # libsndfile 1.2.2 crashes when one write of Vorbis spans a minute
_OGG_SERIAL: Final = 0x4D757365
_REVERSED: Final = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def encode(samples: Samples, kind: AudioFormat, *, bits: Bits, title: str) -> bytes:
    """The file with title and origin as tags; the same samples give the same bytes."""
    container, subtype = {
        "wav": ("WAV", f"PCM_{bits}"),
        "flac": ("FLAC", f"PCM_{bits}"),
        "ogg": ("OGG", "VORBIS"),
        "mp3": ("MP3", "MPEG_LAYER_III"),
    }[kind]
    target = io.BytesIO()
    interleaved = np.ascontiguousarray(samples.T)
    with soundfile.SoundFile(target, "w", SAMPLE_RATE, 2, subtype, format=container) as file:
        if title.strip():
            file.title = title
        file.software = SOFTWARE
        for start in range(0, len(interleaved), _CHUNK):
            file.write(interleaved[start : start + _CHUNK])
    octets = target.getvalue()
    return _with_fixed_serial(octets) if kind == "ogg" else octets


def _with_fixed_serial(octets: bytes) -> bytes:
    """Replace the random serial number of an Ogg stream (RFC 3533, section 6)."""
    patched = bytearray(octets)
    start = 0
    while start < len(patched):
        segments = patched[start + 26]
        size = 27 + segments + sum(patched[start + 27 : start + 27 + segments])
        patched[start + 14 : start + 18] = _OGG_SERIAL.to_bytes(4, "little")
        patched[start + 22 : start + 26] = bytes(4)
        checksum = _ogg_checksum(bytes(patched[start : start + size]))
        patched[start + 22 : start + 26] = checksum.to_bytes(4, "little")
        start += size
    return bytes(patched)


def _ogg_checksum(page: bytes) -> int:
    """CRC-32 with the polynomial of zlib, but most significant bit first and without inversion."""
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
