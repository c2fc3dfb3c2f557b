"""One stream of live sound: its place in time, its gaps, and what waits to be written."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from musearoo.codecs.sound_head import SNIFFED_BYTES, sniff
from musearoo.conductor.pcm import Form
from musearoo.conductor.sessions import Ack
from musearoo.domain.errors import Conflict, InvalidValue, ReducedCapacity
from musearoo.domain.ids import AnalysisId, AssetId
from musearoo.domain.permissions import Access, Actor
from musearoo.ports.store import Received
from musearoo.ports.voice import Ear, Pulse

PENDING_BYTES: Final = 512 << 10
"""What may wait for the disk, for each stream; beyond that sound is dropped."""
GAP_SECONDS: Final = 30.0
"""The longest gap that is filled; sound further ahead is refused."""
MAXIMUM_CHUNK: Final = 64 << 10
_NO_GAPS: Final = "an encoded stream has no gaps"
_ZEROS: Final = bytes(32 << 10)


def _nothing() -> None:
    return


class Tally(msgspec.Struct):
    """What came and what did not, in sample frames (and records dropped)."""

    frames: int = 0
    missing: int = 0
    late: int = 0
    dropped: int = 0


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a stream ended. Frames are sample frames.

    `seconds` is the recording's length, None where only decoding can tell.
    """

    ack: Ack
    stream: int
    seconds: float | None
    missing: int
    late: int
    dropped: int
    asset_id: AssetId | None = None
    analysis_id: AnalysisId | None = None


class Stream:
    """One stream, from its start to its end. `told` hears how it is being played."""

    def __init__(self, number: int, form: Form, actor: Actor, access: Access) -> None:
        self.number = number
        self.form = form
        self.actor = actor
        self.access = access
        self.tally = Tally()
        self.began_at = self.heard_at = 0.0
        self.longest = float("inf")  # seconds from its beginning
        self.pulse: Pulse | None = None
        self.told: Callable[[Pulse], None] | None = None
        self.ear: Ear | None = None
        self.unguide: Callable[[], None] = _nothing
        self.room = 0  # bytes, set before the first sound
        self.recording: asyncio.Task[Received | None] | None = None
        self.ending: asyncio.Task[Ended] | None = None
        self._waiting: deque[bytes | int] = deque()
        self._pending = 0
        self._kept = 0
        self._taken = 0
        self._wake = asyncio.Event()
        self._closed = False

    @property
    def expected(self) -> int:
        """The sample frame that should come next."""
        return self.tally.frames

    @property
    def position(self) -> int:
        """Where the next piece belongs: a sample frame, of encoded streams a byte."""
        return self._taken if self.form.container is not None else self.expected

    @property
    def full(self) -> bool:
        """Whether it has reached what the tier allows, in bytes or in time."""
        if self.heard_at - self.began_at > self.longest:
            return True
        encoded = self.form.container is not None
        size = self._taken if encoded else self.expected * self.form.frame_bytes
        return size >= self.room

    def feed(self, sound: bytes, position: int | None, now: float) -> None:
        """Take sound that begins at a sample frame (None: right behind the last).

        Of encoded streams `position` is the byte; raises `ReducedCapacity` where it must wait.
        """
        if self._closed:
            raise Conflict("This stream has ended; start another.")
        whole = len(sound) - len(sound) % self.form.frame_bytes
        if not 0 < len(sound) <= MAXIMUM_CHUNK or whole != len(sound):
            expected = f"whole sample frames of {self.form.frame_bytes} bytes, at most 64 KiB"
            raise InvalidValue("audio_data", len(sound), expected)
        if len(sound) > self.form.rate * self.form.frame_bytes:
            raise InvalidValue("audio_data", len(sound), "at most one second")
        self.heard_at = now
        if self.form.container is not None:
            self._append(sound, position)
            return
        sound = self._in_place(sound, position)
        if sound:
            self.tally.frames += len(sound) // self.form.frame_bytes
            self._keep(sound)
            self._listen(sound)

    def close(self) -> None:
        """Take no more."""
        self._closed = True
        self._wake.set()

    async def sound(self) -> AsyncIterator[bytes]:
        """What was fed, with silence in the gaps, until the stream is closed."""
        while self._waiting or not self._closed:
            while self._waiting:
                piece = self._waiting.popleft()
                if isinstance(piece, bytes):
                    self._pending -= len(piece)
                    yield piece
                else:
                    for begin in range(0, piece, len(_ZEROS)):
                        yield _ZEROS[: min(len(_ZEROS), piece - begin)]
            self._wake.clear()
            if not self._closed:
                await self._wake.wait()

    def _append(self, piece: bytes, position: int | None) -> None:
        """Take the next bytes of an encoded stream, unread; `position` counts bytes.

        What came already is dropped. Nothing can stand for a gap, so it is refused.
        """
        position = self._taken if position is None else position
        if position > self._taken:
            raise InvalidValue("position", position, f"{self._taken}: {_NO_GAPS}")
        known = min(self._taken - position, len(piece))
        self.tally.late += known
        piece = piece[known:]
        if not self._taken and sniff(piece[:SNIFFED_BYTES]) != self.form.container:
            expected = f"bytes that begin a {self.form.container} file"
            raise InvalidValue("audio_data", piece[:4].hex(), expected)
        if self._pending + len(piece) > PENDING_BYTES:
            raise ReducedCapacity("The disk is slower than this; send it again.", retry_after=0.2)
        if piece:
            self._taken += len(piece)
            self._keep(piece)

    def _in_place(self, sound: bytes, position: int | None) -> bytes:
        """The sound from where it is new; what is missing before it becomes silence."""
        if position is None or position == self.expected:
            return sound
        if position < self.expected:
            known = min(self.expected - position, len(sound) // self.form.frame_bytes)
            self.tally.late += known
            return sound[known * self.form.frame_bytes :]
        gap = position - self.expected
        if gap > GAP_SECONDS * self.form.rate:
            raise InvalidValue("position", position, f"at most {GAP_SECONDS:g} s ahead")
        self.tally.missing += gap
        self.tally.frames += gap
        self._silence(gap * self.form.frame_bytes)
        return sound

    def _keep(self, sound: bytes) -> None:
        if self.recording is None or self.recording.done():
            return
        sound = sound[: self._share(len(sound))]
        if self._pending + len(sound) > PENDING_BYTES:
            self.tally.dropped += 1
            self._wait_for_silence(len(sound))
            return
        self._waiting.append(sound)
        self._pending += len(sound)
        self._wake.set()

    def _share(self, size: int) -> int:
        """How many of these bytes the recording still has room for."""
        share = min(size, self.room - self._kept)
        self._kept += share
        return share

    def _silence(self, size: int) -> None:
        if self.recording is not None:
            self._wait_for_silence(self._share(size))

    def _wait_for_silence(self, size: int) -> None:
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, int):
            self._waiting[-1] = last + size
        else:
            self._waiting.append(size)
        self._wake.set()

    def _listen(self, sound: bytes) -> None:
        pulse = self.ear.hear(sound) if self.ear is not None else None
        if pulse is not None:
            self.pulse = pulse
            if self.told is not None:
                self.told(pulse)
