"""Read an audio file block by block within limits.

libsndfile can crash on hostile files, so this runs in a child process; the limits hold
on what is decoded, not on what the header promises.
"""

from pathlib import Path

import msgspec
import numpy as np
import soundfile

from musearoo.brain.signal import MAX_CHANNELS, MAX_RATE, MIN_RATE, Floats
from musearoo.codecs.sound_head import SNIFFED_BYTES, agrees, sniff
from musearoo.domain.errors import PayloadTooLarge, UnsupportedAudio

_BLOCK_FRAMES = 1 << 16
_FORMATS = {
    "wav": ("WAV", "WAVEX", "RF64"),
    "flac": ("FLAC",),
    "aiff": ("AIFF",),
    "ogg": ("OGG",),
    "mp3": ("MP3", "MPEG"),
}
_STEREO_RATE = 48000


class DecodeLimits(msgspec.Struct, frozen=True):
    """What a file may hold: length in seconds, channels, and how much of it is read."""

    maximum_seconds: float = 600.0
    maximum_channels: int = MAX_CHANNELS
    read_seconds: float | None = None
    name: str | None = None
    """The name the file was sent under, whose suffix must agree with the content."""


class Decoded(msgspec.Struct, frozen=True):
    """Samples of shape (frames, channels), their rate in Hz, and the file's length."""

    samples: Floats
    rate: int
    seconds: float
    warnings: tuple[str, ...] = ()


def decode(path: str | Path, limits: DecodeLimits | None = None) -> Decoded:
    """Decode a local file; raises `UnsupportedAudio` or `PayloadTooLarge`."""
    limits = limits or DecodeLimits()
    kind = _kind(Path(path), limits.name)
    try:
        with soundfile.SoundFile(str(path)) as file:
            if file.format not in _FORMATS[kind]:
                raise UnsupportedAudio(f"This file looks like {kind} but holds {file.format}.")
            _check_header(file, limits)
            return _read(file, limits)
    except (soundfile.LibsndfileError, RuntimeError, ValueError, OSError) as error:
        raise UnsupportedAudio(
            f"This {kind} file is damaged and cannot be decoded; export it again as WAV or FLAC."
        ) from error


def _kind(path: Path, name: str | None) -> str:
    with path.open("rb") as file:
        header = file.read(SNIFFED_BYTES)
    if not header:
        raise UnsupportedAudio("The file is empty; send a recording of at least half a second.")
    kind = sniff(header)
    if kind is None:
        raise UnsupportedAudio("This is not audio that we read; send WAV, MP3, FLAC, AIFF or OGG.")
    if name is not None and not agrees(name, kind):
        raise UnsupportedAudio(f"The name says otherwise, but the content is {kind}; rename it.")
    return kind


def _check_header(file: soundfile.SoundFile, limits: DecodeLimits) -> None:
    if file.channels > limits.maximum_channels:
        raise PayloadTooLarge(
            f"The file has {file.channels} channels; mix it down to at most "
            f"{limits.maximum_channels}."
        )
    if not MIN_RATE <= file.samplerate <= MAX_RATE:
        raise UnsupportedAudio(
            f"The sample rate is {file.samplerate} Hz; it must be {MIN_RATE} to {MAX_RATE} Hz."
        )
    if limits.read_seconds is None and _declared(file) > limits.maximum_seconds * file.samplerate:
        _refuse_length(limits)


def _declared(file: soundfile.SoundFile) -> int:
    """Frames the header promises; streams without a length promise none."""
    frames = int(file.frames)
    return frames if 0 <= frames < 1 << 40 else 0


def _refuse_length(limits: DecodeLimits) -> None:
    raise PayloadTooLarge(
        f"The recording is longer than {limits.maximum_seconds:g} s; cut out the part you need."
    )


def _read(file: soundfile.SoundFile, limits: DecodeLimits) -> Decoded:
    rate = int(file.samplerate)
    wanted = limits.read_seconds
    stop = int((limits.maximum_seconds if wanted is None else wanted) * rate)
    mix = file.channels > 2 or rate > _STEREO_RATE
    blocks, frames = [], 0
    while frames <= stop:
        block = file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)
        if not len(block):
            break
        frames += len(block)
        blocks.append(block.mean(axis=1, keepdims=True) if mix else block)
    if not frames:
        raise UnsupportedAudio("The file holds no sound; it may have been cut off.")
    if wanted is None and frames > stop:
        _refuse_length(limits)
    samples = np.concatenate(blocks)
    declared = _declared(file)
    warnings: tuple[str, ...] = ()
    if wanted is None and declared > frames + rate // 10:
        warnings = ("the file ends before the length its header promises",)
    seconds = max(declared, frames) / rate if wanted is not None else frames / rate
    return Decoded(samples[:stop] if wanted is not None else samples, rate, seconds, warnings)
