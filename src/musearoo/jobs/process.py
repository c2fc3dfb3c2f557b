"""One worker process as the server sees it: started, spoken to, killed, and its end noticed."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, cast

import msgspec
import structlog

from musearoo.jobs import frames
from musearoo.jobs.setup import NATIVE_LINK, WORKER, Link, WorkerSetup, environment

log = structlog.get_logger(__name__)

_STDIN, _STDOUT = 0, 1
# Between the end of a process and the end of its wire, in either order: longer is a fault.
_DRAIN_SECONDS: Final = 0.2


class WorkerCommand(msgspec.Struct, frozen=True, kw_only=True):
    """How the workers of one kind are started."""

    argv: Sequence[str] = WORKER
    link: Link = NATIVE_LINK
    plays: bool = True
    niceness: int = 0
    memory: int = 0
    extra_environment: Mapping[str, str] = msgspec.field(default_factory=dict)
    folder: str | None = None


class Listener(Protocol):
    """Whoever employs workers."""

    def heard(self, frame: frames.FromWorker) -> None:
        """A frame came."""
        ...

    def ended(self, returncode: int | None) -> None:
        """The process is gone and every frame it sent was heard. Called once."""
        ...


class WorkerProcess:
    """A child process and the wire to it.

    A machine that stands still lets a child speak before its start has returned here: whoever
    listens must know this object by then.
    """

    def __init__(self, listener: Listener, loop: asyncio.AbstractEventLoop) -> None:
        self.gone = loop.create_future()
        self._loop = loop
        self._listener = listener
        self._splitter = frames.Splitter(frames.FROM_WORKER_LIMIT)
        self._child: asyncio.SubprocessTransport | None = None
        self._wire: asyncio.WriteTransport | None = None
        self._returncode: int | None = None
        self._exited = self._silent = self._given_up = False

    @property
    def pid(self) -> int:
        """Process id; 0 before the start."""
        return (self._child.get_pid() or 0) if self._child is not None else 0

    def began(self, child: asyncio.SubprocessTransport) -> None:
        """The process runs; from now on it is ours to end."""
        self._child = child
        if self._given_up:
            self.give_up()

    def connected(self, wire: asyncio.WriteTransport) -> None:
        """The wire is there."""
        self._wire = wire

    def give_up(self) -> None:
        """The start failed or was cancelled: leave nothing of it behind."""
        self._given_up = True
        self.kill()
        self.close()
        self.fell_silent()

    def send(self, frame: bytes) -> None:
        """Send an encoded frame; nothing happens if the process is gone."""
        if self._wire is not None and not self._wire.is_closing():
            self._wire.write(frame)

    def kill(self) -> None:
        """End the process, and what it may have started, at once."""
        if self._child is None:
            self._given_up = True  # it may be on its way
        if self._child is None or self._exited:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self.pid, signal.SIGKILL)  # it leads its own session
            else:
                self._child.kill()

    def close(self) -> None:
        """Hang up. A healthy worker ends itself when it finds the wire closed."""
        if self._child is None:
            self._given_up = True
        if self._wire is not None and not self._wire.is_closing():
            self._wire.abort()

    def received(self, content: bytes) -> None:
        """Bytes came over the wire."""
        try:
            bodies = self._splitter.feed(content)
            for body in bodies:
                self._listener.heard(frames.decode_from_worker(body))
        except frames.FrameError as error:
            log.warning("worker.protocol_broken", pid=self.pid, reason=str(error))
            self.kill()

    def fell_silent(self) -> None:
        """The wire is closed: nothing more will come."""
        self._silent = True
        if not self._exited:
            self._loop.call_later(_DRAIN_SECONDS, self.kill)
        self._end_if_over()

    def exited(self, returncode: int | None) -> None:
        """The process is gone."""
        self._exited, self._returncode = True, returncode
        self._loop.call_later(_DRAIN_SECONDS, self.fell_silent)
        self._end_if_over()

    def _end_if_over(self) -> None:
        if not (self._exited and self._silent) or self.gone.done():
            return
        self.close()
        if self._child is not None:
            self._child.close()
        self.gone.set_result(self._returncode)
        self._listener.ended(self._returncode)


async def start_worker(command: WorkerCommand, process: WorkerProcess) -> None:
    """Start a process; it says `Ready` by itself. Raises `OSError` when it cannot be started."""
    loop = asyncio.get_running_loop()
    start = _start_with_socket if command.link == "socket" else _start_with_pipes
    try:
        await start(loop, command, process)
    except BaseException:
        process.give_up()
        raise


async def _start_with_socket(
    loop: asyncio.AbstractEventLoop, command: WorkerCommand, process: WorkerProcess
) -> None:
    ours, theirs = socket.socketpair()
    try:
        ours.setblocking(False)
        wire, _ = await loop.create_unix_connection(lambda: _Wire(process), sock=ours)
        process.connected(wire)
        await loop.subprocess_exec(
            lambda: _Child(process),
            *_argv(command, theirs.fileno()),
            stdin=subprocess.DEVNULL,
            stdout=None,
            stderr=None,
            pass_fds=(theirs.fileno(),),
            **_options(command),
        )
    finally:
        theirs.close()


async def _start_with_pipes(
    loop: asyncio.AbstractEventLoop, command: WorkerCommand, process: WorkerProcess
) -> None:
    await loop.subprocess_exec(
        lambda: _Child(process),
        *_argv(command, -1),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None,
        **_options(command),
    )


def _argv(command: WorkerCommand, descriptor: int) -> list[str]:
    setup = WorkerSetup(
        link=command.link,
        parent=os.getpid(),
        descriptor=descriptor,
        plays=command.plays,
        niceness=command.niceness,
        memory=command.memory,
    )
    return [*command.argv, setup.argument()]


def _options(command: WorkerCommand) -> dict[str, Any]:
    options: dict[str, Any] = {
        "env": environment(os.environ) | dict(command.extra_environment),
        "cwd": command.folder,
    }
    if sys.platform == "win32":
        # Ctrl-C is for the server, and no console window may open.
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        lowered = subprocess.BELOW_NORMAL_PRIORITY_CLASS if command.niceness else 0
        return options | {"creationflags": flags | lowered}
    return options | {"start_new_session": True}


class _Wire(asyncio.Protocol):
    """Our end of the socket pair."""

    def __init__(self, process: WorkerProcess) -> None:
        self._process = process

    def data_received(self, data: bytes) -> None:
        self._process.received(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._process.fell_silent()


class _Child(asyncio.SubprocessProtocol):
    """Notices the end of the process and, where there is no socket, what it says."""

    def __init__(self, process: WorkerProcess) -> None:
        self._process = process
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Casts, because uvloop's transports are of no class of asyncio's.
        self._transport = cast("asyncio.SubprocessTransport", transport)
        wire = self._transport.get_pipe_transport(_STDIN)
        if wire is not None:
            self._process.connected(cast("asyncio.WriteTransport", wire))
        self._process.began(self._transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == _STDOUT:
            self._process.received(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002
        if fd == _STDOUT:
            self._process.fell_silent()

    def process_exited(self) -> None:
        returncode = self._transport.get_returncode() if self._transport is not None else None
        self._process.exited(returncode)
