"""Samples to files: WAV by ourselves (a third of the time), the others through libsndfile."""

import io
import zlib
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from musearoo.ports.work import AudioFormat
from musearoo.render.synth import SAMPLE_RATE, Samples

Bits = Literal[16, 24]
SOFTWARE: Final = "MuseAroo"
_CHANNELS: Final = 2
_PCM: Final = 1  # WAVE_FORMAT_PCM
_CHUNK: Final = 16_384  # libsndfile 1.2.2 crashes when one write of Vorbis spans a minute
_OGG_SERIAL: Final = 0x4D757365
_REVERSED: Final = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_ENCODINGS: Final = {"ogg": ("OGG", "VORBIS"), "mp3": ("MP3", "MPEG_LAYER_III")}


def encode(samples: Samples, kind: AudioFormat, *, bits: Bits, title: str) -> bytes:
    """The file with title and origin as tags; the same samples give the same bytes."""
    title = " ".join(title.split())
    if kind == "wav":
        return _wav(samples, bits, title)
    container, subtype = _ENCODINGS.get(kind, ("FLAC", f"PCM_{bits}"))
    octets = _through_libsndfile(samples, container, subtype, title)
    return _with_fixed_serial(octets) if kind == "ogg" else octets


def _wav(samples: Samples, bits: Bits, title: str) -> bytes:
    """RIFF/WAVE (Microsoft and IBM, 1991): format, information list, data."""
    width = bits // 8
    rate = SAMPLE_RATE.to_bytes(4, "little")
    per_second = (SAMPLE_RATE * _CHANNELS * width).to_bytes(4, "little")
    form = (
        bytes((_PCM, 0, _CHANNELS, 0)) + rate + per_second + bytes((_CHANNELS * width, 0, bits, 0))
    )
    tags = _chunk(b"INAM", title.encode()[:255] + b"\0") if title else b""
    tags += _chunk(b"ISFT", SOFTWARE.encode() + b"\0")
    data = _chunk(b"data", _pcm16(samples) if bits == 16 else _pcm24(samples))
    return _chunk(b"RIFF", b"WAVE" + _chunk(b"fmt ", form) + _chunk(b"LIST", b"INFO" + tags) + data)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)


def _pcm16(samples: Samples) -> bytes:
    whole: NDArray[np.int16] = np.empty(samples.shape[::-1], "<i2")
    for channel, own in enumerate(samples):
        whole[:, channel] = np.rint(own * np.float32(32767))
    return whole.tobytes()


def _pcm24(samples: Samples) -> bytes:
    whole = np.rint(samples.T.astype(np.float64) * 8388607).astype("<i4")
    return np.ascontiguousarray(whole).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def _through_libsndfile(samples: Samples, container: str, subtype: str, title: str) -> bytes:
    import soundfile  # noqa: PLC0415 - 20 ms that WAV does not need

    target = io.BytesIO()
    frames = np.ascontiguousarray(samples.T)
    with soundfile.SoundFile(
        target, "w", SAMPLE_RATE, _CHANNELS, subtype, format=container
    ) as file:
        if title:
            file.title = title
        file.software = SOFTWARE
        for start in range(0, len(frames), _CHUNK):
            file.write(frames[start : start + _CHUNK])
    return target.getvalue()


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
    """CRC-32 with the polynomial of zlib, most significant bit first, without inversion."""
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
