"""How a worker is to be started: its command line, and the one argument the worker reads."""

import os
import sys
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

# -P: the folder the server was started in must not be able to shadow a module.
WORKER: Final = (sys.executable, "-P", "-m", "musearoo.app.worker")
ONE_THREAD: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
_SECRET_WORDS: Final = ("SECRET", "TOKEN", "PASSWORD", "PASSWD", "DATABASE_URL", "DSN", "_KEY")

Link = Literal["socket", "pipe"]
# Windows has neither Unix sockets in asyncio nor descriptors that a child inherits by number.
NATIVE_LINK: Final[Link] = "socket" if os.name == "posix" else "pipe"


class WorkerSetup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a worker must know before it says that it is ready.

    `parent` is the server's process id. `plays` loads the engines. `niceness` lowers
    priority, 0 to 19. `memory` limits address space in bytes, 0 for no limit.
    """

    link: Link
    parent: int
    descriptor: int = -1
    plays: bool = True
    niceness: int = 0
    memory: int = 0

    def argument(self) -> str:
        """The setup as the worker's command line carries it."""
        return msgspec.json.encode(self).decode()


def read_setup(argument: str) -> WorkerSetup:
    """The setup from the command line; raises `msgspec.ValidationError`."""
    return msgspec.json.decode(argument, type=WorkerSetup)


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """The environment of a worker: one thread per numeric library, and none of our secrets.

    Workers read files of strangers, so what they cannot see they cannot give away.
    """
    kept = {name: value for name, value in base.items() if not _is_ours(name)}
    return kept | dict.fromkeys(ONE_THREAD, "1")


def _is_ours(name: str) -> bool:
    upper = name.upper()
    if upper.startswith("MUSEAROO_"):
        return not upper.startswith("MUSEAROO_WORKER_")
    return any(word in upper for word in _SECRET_WORDS)
