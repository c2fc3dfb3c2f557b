"""What the server and its workers say to each other: length-prefixed MessagePack of tagged values.

Each frame is a little-endian u32 length and that many bytes of MessagePack. No pickle:
a worker that was taken over by a hostile file can say nothing but these few values.
This module does no I/O and is small to import, since every worker starts with it.
"""

import struct
from typing import Final, Literal, TypeVar

import msgspec

from musearoo.domain.analysis import Analysis, Depth
from musearoo.domain.engine import Bar, EngineDescription, EngineRun
from musearoo.domain.errors import MuseArooError, PayloadTooLarge
from musearoo.domain.song import Song

TO_WORKER_LIMIT: Final = 32 * 1024 * 1024
FROM_WORKER_LIMIT: Final = 8 * 1024 * 1024
CHUNK: Final = 256 * 1024
T = TypeVar("T")
_LENGTH: Final = struct.Struct("<I")

CANCELLED: Final = "cancelled"
OUT_OF_MEMORY: Final = "out-of-memory"
CRASHED: Final = "crashed"


class FrameError(ValueError):
    """The other side broke the protocol; nothing more it says can be trusted."""


class _Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of everything that travels."""


class PlayTask(_Value, frozen=True, tag="play"):
    """Play a run, bar by bar."""

    run: EngineRun


class AnalyzeTask(_Value, frozen=True, tag="analyze"):
    """Decode and analyse a local file within `cpu_seconds` of processor time."""

    path: str
    depth: Depth
    features: tuple[str, ...]
    maximum_seconds: float
    cpu_seconds: int


class AudioTask(_Value, frozen=True, tag="audio"):
    """Render a song to a whole audio file."""

    song: Song
    format: Literal["wav", "ogg", "flac", "mp3"]


class NotationTask(_Value, frozen=True, tag="notation"):
    """Engrave a song as one SVG picture."""

    song: Song


class WarmTask(_Value, frozen=True, tag="warm"):
    """Touch what the next task will need: "sound", "analysis", or an engine's name."""

    what: str


Task = PlayTask | AnalyzeTask | AudioTask | NotationTask | WarmTask


class Run(_Value, frozen=True, tag="run"):
    """Do a task. A worker is given the next one only after it answered the last."""

    id: int
    task: Task


class Cancel(_Value, frozen=True, tag="cancel"):
    """Stop task `id` at the next bar or report of progress."""

    id: int


ToWorker = Run | Cancel


class Ready(_Value, frozen=True, tag="ready"):
    """The worker has loaded these engines and waits for work; `skipped` says what is broken."""

    pid: int
    engines: tuple[EngineDescription, ...]
    skipped: tuple[str, ...] = ()


class Played(_Value, frozen=True, tag="played"):
    """One bar of a run, as soon as it exists."""

    id: int
    bar: Bar


class Progress(_Value, frozen=True, tag="progress"):
    """How far a task is, 0 to 1; also a sign of life."""

    id: int
    value: float


class Chunk(_Value, frozen=True, tag="chunk"):
    """The next piece of a file that a task makes."""

    id: int
    content: bytes


class Ended(_Value, frozen=True, tag="ended"):
    """A run was played to its end, with this confidence 0-1, in so many seconds of work."""

    confidence: float
    seconds: float


class Analyzed(_Value, frozen=True, tag="analyzed"):
    """An analysis."""

    analysis: Analysis


class Made(_Value, frozen=True, tag="made"):
    """A file of `size` bytes was sent in chunks."""

    size: int


class Warmed(_Value, frozen=True, tag="warmed"):
    """What was to be warm is warm."""


Result = Ended | Analyzed | Made | Warmed


class Done(_Value, frozen=True, tag="done"):
    """A task is complete. `resident` is the worker's memory in bytes, 0 where unknown."""

    id: int
    result: Result
    resident: int = 0


class Failed(_Value, frozen=True, tag="failed"):
    """A task ended without a result; id 0 is the start of the worker itself.

    `code` is an `ErrorCode`, or one of this module's. `traceback` is for the log alone.
    """

    id: int
    code: str
    detail: str
    retry_after: float | None = None
    field: str | None = None
    traceback: str = ""
    resident: int = 0


FromWorker = Ready | Played | Progress | Chunk | Done | Failed

_ENCODER: Final = msgspec.msgpack.Encoder()
_TO_WORKER: "Final[msgspec.msgpack.Decoder[ToWorker]]" = msgspec.msgpack.Decoder(ToWorker)
_FROM_WORKER: "Final[msgspec.msgpack.Decoder[FromWorker]]" = msgspec.msgpack.Decoder(FromWorker)


def encode(value: ToWorker | FromWorker) -> bytes:
    """One frame; raises `PayloadTooLarge` when the receiver would refuse it."""
    body = _ENCODER.encode(value)
    limit = TO_WORKER_LIMIT if isinstance(value, ToWorker) else FROM_WORKER_LIMIT
    if len(body) > limit:
        raise PayloadTooLarge(
            f"This work is {len(body) >> 20} MiB large; at most {limit >> 20} MiB are taken."
        )
    return _LENGTH.pack(len(body)) + body


def decode_to_worker(body: bytes) -> ToWorker:
    """What the server said; raises `FrameError`."""
    return _decode(_TO_WORKER, body)


def decode_from_worker(body: bytes) -> FromWorker:
    """What a worker said; raises `FrameError`."""
    return _decode(_FROM_WORKER, body)


def _decode(decoder: "msgspec.msgpack.Decoder[T]", body: bytes) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, MuseArooError, RecursionError) as error:
        raise FrameError(str(error)) from error


class Splitter:
    """Cuts a stream of bytes into the bodies of frames, however they arrive."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        """Bodies completed by these bytes; raises `FrameError` on one over the limit."""
        self._rest += received
        bodies: list[bytes] = []
        begin = 0
        while (body := self._body_at(begin)) is not None:
            bodies.append(body)
            begin += _LENGTH.size + len(body)
        if begin:
            del self._rest[:begin]
        return bodies

    def _body_at(self, begin: int) -> bytes | None:
        if len(self._rest) - begin < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._rest, begin)
        if length > self._limit:
            raise FrameError(f"a frame of {length} bytes, at most {self._limit}")
        end = begin + _LENGTH.size + length
        if len(self._rest) < end:
            return None
        with memoryview(self._rest) as view:
            return bytes(view[begin + _LENGTH.size : end])
