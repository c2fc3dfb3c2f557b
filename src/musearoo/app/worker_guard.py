"""What a worker does before anything else: it must never outlive, disturb or starve the server."""

import contextlib
import faulthandler
import os
import signal
import sys
from pathlib import Path
from typing import Final

from musearoo.jobs.setup import WorkerSetup

_PR_SET_PDEATHSIG: Final = 1  # prctl(2)
_STDIN, _STDOUT, _STDERR = 0, 1, 2
_OPEN_FILES: Final = 64


def guard(setup: WorkerSetup) -> None:
    """Tie this process to its server and its limits; raises `SystemExit` if the server is gone."""
    _die_with_the_server(setup.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then hangs up
    faulthandler.enable(file=_STDERR)
    if setup.niceness and hasattr(os, "nice"):
        os.nice(setup.niceness)
    _go_first_when_memory_ends()
    if setup.memory:
        _limit_all(setup.memory)


def _die_with_the_server(parent: int) -> None:
    """On Linux the kernel sees to it; elsewhere the end of the wire does (`worker_wire`)."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415  (3 ms that other systems need not pay)

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The server may have died before the line above. Windows keeps the old parent's id.
    if os.name == "posix" and os.getppid() != parent:
        raise SystemExit("the server that started this worker is gone")


def _go_first_when_memory_ends() -> None:
    """Let Linux end a worker, which can be replaced, and not the server (proc(5))."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def private_descriptors(setup: WorkerSetup) -> tuple[int, int]:
    """Descriptors to read from and write to, out of reach of libraries that print.

    C libraries write to descriptor 1 behind Python's back, so from here on it is the log.
    """
    if setup.link == "socket":
        read = write = setup.descriptor
        os.set_inheritable(read, False)
    else:
        read, write = os.dup(_STDIN), os.dup(_STDOUT)
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415

            msvcrt.setmode(read, os.O_BINARY)
            msvcrt.setmode(write, os.O_BINARY)
    empty = os.open(os.devnull, os.O_RDWR)
    os.dup2(empty, _STDIN)
    try:
        os.dup2(_STDERR, _STDOUT)
    except OSError:  # a service may run without any
        os.dup2(empty, _STDOUT)
        os.dup2(empty, _STDERR)
    os.close(empty)
    return read, write


def _limit_all(memory: int) -> None:
    """Limit address space and open files, and leave no core file, where the system can."""
    with contextlib.suppress(ImportError):
        import resource  # noqa: PLC0415  (POSIX only)

        limits = {"RLIMIT_AS": memory, "RLIMIT_NOFILE": _OPEN_FILES, "RLIMIT_CORE": 0}
        for name, limit in limits.items():
            with contextlib.suppress(AttributeError, ValueError, OSError):
                resource.setrlimit(getattr(resource, name), (limit, limit))


def limit_processor(seconds: int) -> None:
    """Let this process use `seconds` more of processor time before SIGXCPU ends it."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  (POSIX only)

        used = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        limit = int(used.ru_utime + used.ru_stime) + 1 + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


def resident_bytes() -> int:
    """Memory this process holds now; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123  (Path costs ten times more)
            return int(statm.read().split()[1]) * _PAGE
    except OSError:
        return _resident_peak()


def _resident_peak() -> int:
    """The peak stands in for the present on macOS, which tells no other without extra packages."""
    try:
        import resource  # noqa: PLC0415  (POSIX only)
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


_PAGE: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
