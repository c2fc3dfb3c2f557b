"""Speech to words by pocketsphinx in a process of its own: `ports.voice.Recogniser`."""

import asyncio
import contextlib
import importlib.util
import struct
import sys
from asyncio.subprocess import PIPE, Process
from typing import Final

import msgspec

from musearoo.domain.errors import ReducedCapacity, Unavailable, UnsupportedAudio
from musearoo.ports.voice import Speech, Transcript

PATIENCE_SECONDS: Final = 20.0
MAXIMUM_WAITING: Final = 8
_LENGTH: Final = struct.Struct("<I")
_MISSING: Final = (
    "Speech recognition is not installed here: pip install 'musearoo[voice]', "
    "or send the words as text."
)


class _Heard(msgspec.Struct, frozen=True):
    text: str = ""
    seconds: float = 0.0
    refusal: str | None = None


class PocketsphinxRecogniser:
    """Starts the process with the first command; one that hangs or dies is replaced."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience = patience_seconds
        self._process: Process | None = None
        self._lock = asyncio.Lock()
        self._waiting = 0

    @staticmethod
    def is_installed() -> bool:
        """Whether the extra `voice` is there."""
        return importlib.util.find_spec("pocketsphinx") is not None

    async def transcribe(self, speech: Speech) -> Transcript:
        """Recognise a command of at most 15 s."""
        if not self.is_installed():
            raise Unavailable(_MISSING)
        if self._waiting >= MAXIMUM_WAITING:
            raise ReducedCapacity("Too many commands are being heard; try again.", retry_after=1.0)
        self._waiting += 1
        try:
            async with self._lock:
                heard = await self._ask(speech)
        finally:
            self._waiting -= 1
        if heard.refusal is not None:
            raise UnsupportedAudio(f"The command cannot be heard: {heard.refusal}.")
        return Transcript(text=heard.text, seconds=heard.seconds)

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, speech: Speech) -> _Heard:
        content = msgspec.msgpack.encode(speech)
        try:
            async with asyncio.timeout(self._patience):
                process = await self._running()
                assert process.stdin is not None  # noqa: S101
                assert process.stdout is not None  # noqa: S101
                process.stdin.write(_LENGTH.pack(len(content)) + content)
                await process.stdin.drain()
                (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
                answer = await process.stdout.readexactly(length)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            await self.close()
            raise Unavailable("The recogniser gave no answer; try again.") from None
        except BaseException:
            await self.close()  # an answer left in the pipe would be the next one's
            raise
        return msgspec.msgpack.decode(answer, type=_Heard)

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "musearoo.voice.listener", stdin=PIPE, stdout=PIPE
            )
        return self._process
