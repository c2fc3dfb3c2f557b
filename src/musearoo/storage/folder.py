"""The data folder: one process at a time may use it."""

import os
import sys
from pathlib import Path
from typing import Final

from musearoo.domain.errors import Unavailable

DATABASE_NAME: Final = "musearoo.sqlite3"
LOCK_NAME: Final = "musearoo.lock"
# Windows makes a locked byte unreadable, so lock one beyond the process id.
_LOCKED_BYTE: Final = 2**30

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    try:
        import fcntl
    except ImportError:  # a build without it: better unlocked than not at all
        fcntl = None  # type: ignore[assignment]

    def _try_lock(descriptor: int) -> bool:
        if fcntl is not None:
            try:
                # flock, not lockf: it also holds against a second opening in this process.
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
        return True


class FolderLock:
    """Holds a data folder until released or the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Make the folder if needed and take it; raises `Unavailable` when it is in use."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / LOCK_NAME
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _try_lock(self._descriptor):
            self.release()
            raise Unavailable(
                f"Another musearoo process{_holder(path)} uses the data folder {folder}. "
                "Stop it, talk to it over REST, or choose another folder with --data-dir."
            )
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, str(os.getpid()).encode())

    def release(self) -> None:
        """Let others have the folder."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _holder(path: Path) -> str:
    try:
        number = path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
    return f" (process {number})" if number.isdigit() else ""
