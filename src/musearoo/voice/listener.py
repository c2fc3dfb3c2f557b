"""The recogniser's own process: commands in on standard input, words out on standard output.

`python -m musearoo.voice.listener`. Frames are u32 length (little endian) and MessagePack.
Strangers' recordings are decoded here, where they can only take this process down.
"""

import io
import struct
import sys
import time
from typing import Any, BinaryIO, Final

import msgspec
import numpy as np

from musearoo.ports.voice import Speech
from musearoo.voice.jsgf import PRONOUNCED, speech_grammar

RATE: Final = 16_000
MAXIMUM_SECONDS: Final = 15.0
DITHER: Final = 0.003
"""Noise that keeps digital silence from derailing the recogniser: 57 % word errors without."""
_LENGTH: Final = struct.Struct("<I")
_MAXIMUM_FRAME: Final = 4 << 20
_MEMORY: Final = 1 << 30


class Heard(msgspec.Struct, frozen=True):
    """The answer: words, or the reason why there are none."""

    text: str = ""
    seconds: float = 0.0
    refusal: str | None = None


def read_frame(source: BinaryIO) -> bytes | None:
    """The next frame, None at the end or where a length lies."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > _MAXIMUM_FRAME:
        return None
    body = source.read(length)
    return body if len(body) == length else None


def frame(content: bytes) -> bytes:
    """A frame of that content."""
    return _LENGTH.pack(len(content)) + content


def samples_of(speech: Speech) -> Any:
    """Mono floats at 16 kHz; raises `ValueError` with a reason for what cannot be used."""
    import soundfile  # noqa: PLC0415
    import soxr  # noqa: PLC0415

    if speech.codec in ("pcm_s16le", "pcm_f32le"):
        kind = "<i2" if speech.codec == "pcm_s16le" else "<f4"
        size = np.dtype(kind).itemsize
        samples = np.frombuffer(speech.audio[: len(speech.audio) // size * size], kind)
        samples = samples.astype(np.float32) / (32768 if kind == "<i2" else 1)
        rate = speech.rate
    else:
        try:
            with soundfile.SoundFile(io.BytesIO(speech.audio)) as file:
                rate = file.samplerate
                frames = int((MAXIMUM_SECONDS + 1) * rate)
                samples = file.read(frames, dtype="float32", always_2d=True).mean(axis=1)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise ValueError("this is no recording that we read") from error
    if not 8000 <= rate <= 192_000:
        raise ValueError(f"{rate} Hz is outside 8000 to 192000")
    if len(samples) > MAXIMUM_SECONDS * rate:
        raise ValueError(f"a command lasts at most {MAXIMUM_SECONDS:g} s")
    samples = np.clip(np.nan_to_num(samples), -1.0, 1.0)
    return samples if rate == RATE else soxr.resample(samples, rate, RATE)


class Listener:
    """The decoder with our grammar."""

    def __init__(self, *, dither: float = DITHER) -> None:
        from pocketsphinx import Decoder  # noqa: PLC0415

        self._decoder = Decoder(lm=None, loglevel="FATAL", samprate=float(RATE))
        self._dither = dither
        for word, phones in PRONOUNCED.items():
            if self._decoder.lookup_word(word) is None:
                self._decoder.add_word(word, phones, True)
        grammar = speech_grammar(lambda word: self._decoder.lookup_word(word) is not None)
        self._decoder.add_jsgf_string("commands", grammar)
        self._decoder.activate_search("commands")

    def hear(self, speech: Speech) -> Heard:
        """Recognise one command."""
        began = time.perf_counter()
        try:
            samples = samples_of(speech)
        except ValueError as error:
            return Heard(refusal=str(error))
        loudest = max(float(np.abs(samples).max(initial=0)), 0.05)
        padded = np.pad(samples * (0.5 / loudest), RATE // 4)
        noise = np.random.default_rng(0).normal(0, self._dither, len(padded))
        sound = np.clip(padded + noise, -1, 1)
        self._decoder.start_utt()
        self._decoder.process_raw((sound * 32767).astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return Heard(found.hypstr if found is not None else "", time.perf_counter() - began)


def main() -> None:
    """Serve until standard input ends."""
    _limit_memory()
    listener = Listener()
    while (content := read_frame(sys.stdin.buffer)) is not None:
        speech = msgspec.msgpack.decode(content, type=Speech)
        sys.stdout.buffer.write(frame(msgspec.msgpack.encode(listener.hear(speech))))
        sys.stdout.buffer.flush()


def _limit_memory() -> None:
    try:
        import resource  # noqa: PLC0415
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


if __name__ == "__main__":
    main()
