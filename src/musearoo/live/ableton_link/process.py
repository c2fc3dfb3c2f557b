"""Starts the Link process, writes requests to it, and hears its reports."""

import asyncio
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

import msgspec
import structlog

from musearoo.domain.errors import Unavailable
from musearoo.live.ableton_link.peer import Report, Request
from musearoo.ports.tasks import Spawn

log = structlog.get_logger(__name__)

_MODULE: Final = "musearoo.live.ableton_link.peer"
_REPORT: Final = msgspec.json.Decoder(Report)
_END_SECONDS: Final = 2.0
_LONGEST_LINE: Final = 4_096


class LinkProcess:
    """The Link process of this server. `heard` gets every report, `ended` is called at its end."""

    def __init__(
        self,
        spawn: Spawn,
        heard: Callable[[Report], None],
        ended: Callable[[], None],
        *,
        command: tuple[str, ...] = (sys.executable, "-m", _MODULE),
    ) -> None:
        self._spawn = spawn
        self._heard = heard
        self._ended = ended
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether requests reach it."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it; raises `Unavailable` where the extra is not installed."""
        if find_spec("link") is None and self._command[-1] == _MODULE:
            raise Unavailable(
                "Ableton Link needs an extra, whose library is under the GPL: "
                "pip install 'musearoo[link]'."
            )
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
        )
        self._reading = self._spawn(self._read(self._process), name="link.read")

    def ask(self, request: Request) -> bool:
        """Write a request; False when the process is gone."""
        if self._process is None or self._process.stdin is None or not self.running:
            return False
        self._process.stdin.write(msgspec.json.encode(request) + b"\n")
        return True

    async def close(self) -> None:
        """Let it end; a process that does not within two seconds is killed."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=_END_SECONDS)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        while line := await process.stdout.readline():
            try:
                self._heard(_REPORT.decode(line))
            except msgspec.DecodeError:
                log.warning("link.unreadable")
        if self._process is process:
            log.warning("link.ended", code=await process.wait())
            self._ended()
