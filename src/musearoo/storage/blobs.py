"""Content-addressed files in the data folder: the key is the SHA-256 of the content.

A blob appears under its name whole or not at all, and is on disk when its key is answered.
"""

import asyncio
import hashlib
import os
import secrets
import string
import threading
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from musearoo.domain.errors import InvalidValue, NotFound, PayloadTooLarge, Unavailable
from musearoo.ports.store import Received

_HEX: Final = frozenset(string.digits + "abcdef")
_KEY_LENGTH: Final = 64
# A thread's round trip costs as much as hashing some 50 KiB.
_WRITE_BYTES: Final = 256 * 1024
# Between storing a blob and the commit that refers to it.
CLAIM_SECONDS: Final = 600.0
SWEEP_AGE_SECONDS: Final = 3600.0


class LocalBlobs:
    """`Blobs` in a folder: `ab/cd/abcd...` below it, files being received in `incoming`.

    File work runs in threads. One process at a time may use the folder (see `FolderLock`).
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder if needed and clear what a crash left in `incoming`."""
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        for leftover in self._incoming.iterdir():
            leftover.unlink(missing_ok=True)
        self._lock = threading.Lock()
        self._claimed: dict[str, float] = {}

    async def put(self, content: bytes) -> str:
        return await asyncio.to_thread(self._put, content)

    async def adopt(self, path: str, key: str) -> None:
        await asyncio.to_thread(self._adopt, Path(path), key)

    async def get(self, key: str) -> bytes:
        try:
            return await asyncio.to_thread(self._place(key).read_bytes)
        except FileNotFoundError:
            raise NotFound("file") from None

    def path(self, key: str) -> str | None:
        return str(self._place(key))

    def temporary(self) -> str:
        return str(self._incoming / secrets.token_hex(16))

    async def receive(self, chunks: AsyncIterable[bytes], *, maximum: int) -> Received:
        incoming = _Incoming(Path(self.temporary()), maximum)
        try:
            async for chunk in chunks:
                if incoming.take(chunk):
                    await asyncio.to_thread(incoming.write)
            await asyncio.to_thread(incoming.finish)
        except BaseException:
            incoming.discard()
            raise
        return Received(str(incoming.path), incoming.key, incoming.size)

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._delete, key)

    async def sweep(self, referenced: Callable[[str], Awaitable[bool]]) -> int:
        """Remove blobs over an hour old that nothing refers to; answers how many.

        They are left by crashes between a blob and its commit, or a commit and its deletes.
        """
        removed = 0
        for key in await asyncio.to_thread(self._old_keys, time.time() - SWEEP_AGE_SECONDS):
            if not await referenced(key):
                await self.delete(key)
                removed += 1
        return removed

    def _put(self, content: bytes) -> str:
        key = hashlib.sha256(content).hexdigest()
        if self._claim(key, len(content)):
            return key
        incoming = _Incoming(Path(self.temporary()), len(content))
        try:
            incoming.take(content)
            incoming.finish()
            with _disk():
                self._move(incoming.path, key)
        except Unavailable:
            incoming.discard()
            raise
        return key

    def _adopt(self, path: Path, key: str) -> None:
        if path.parent != self._incoming:
            raise InvalidValue("path", path.name, "one that `temporary` gave")
        try:
            with _disk():
                if self._claim(key, path.stat().st_size):
                    path.unlink()
                    return
                _sync_file(path)
                self._move(path, key)
        except Unavailable:
            path.unlink(missing_ok=True)
            raise

    def _move(self, path: Path, key: str) -> None:
        place = self._place(key)
        fresh = [folder for folder in (place.parent, place.parent.parent) if not folder.exists()]
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)
        for folder in (place.parent, *(made.parent for made in fresh)):
            _sync_folder(folder)

    def _claim(self, key: str, size: int) -> bool:
        """Whether the blob is there already; if so, keep it from a delete on its way."""
        now = time.monotonic()
        with self._lock:
            try:
                if self._place(key).stat().st_size != size:
                    return False
            except FileNotFoundError:
                return False
            self._claimed = {k: until for k, until in self._claimed.items() if until > now}
            self._claimed[key] = now + CLAIM_SECONDS
            return True

    def _delete(self, key: str) -> None:
        place = self._place(key)
        with self._lock:
            if self._claimed.get(key, 0.0) <= time.monotonic():
                place.unlink(missing_ok=True)

    def _old_keys(self, before: float) -> list[str]:
        files = self._folder.glob("??/??/*")
        return sorted(file.name for file in files if file.stat().st_mtime < before)

    def _place(self, key: str) -> Path:
        if len(key) != _KEY_LENGTH or not _HEX.issuperset(key):
            raise NotFound("file")
        return self._folder / key[:2] / key[2:4] / key


class _Incoming:
    """A file being written: collects small chunks, counts and hashes."""

    def __init__(self, path: Path, maximum: int) -> None:
        self.path = path
        self.size = 0
        self._maximum = maximum
        self._hash = hashlib.sha256()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self._discarded = False

    @property
    def key(self) -> str:
        """SHA-256 (hex) of what was written."""
        return self._hash.hexdigest()

    def take(self, chunk: bytes) -> bool:
        """Accept a chunk; True when enough waits to be written."""
        self.size += len(chunk)
        if self.size > self._maximum:
            raise PayloadTooLarge(f"The file is larger than {self._maximum / 1e6:g} MB.")
        self._waiting.append(chunk)
        self._waiting_bytes += len(chunk)
        return self._waiting_bytes >= _WRITE_BYTES

    def write(self) -> None:
        """Write what waits."""
        content = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        self._hash.update(content)
        with self._lock, _disk():
            if not self._discarded:
                with self.path.open("ab") as file:
                    file.write(content)

    def finish(self) -> None:
        """Write the rest and make it durable."""
        self.write()
        with self._lock, _disk():
            if not self._discarded:
                _sync_file(self.path)

    def discard(self) -> None:
        """Leave nothing, even if the caller was cancelled while a thread writes."""
        with self._lock:
            self._discarded = True
            self.path.unlink(missing_ok=True)


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise NotFound("file") from None
    except OSError as error:
        raise Unavailable(f"The file could not be stored ({error.strerror}).") from error


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder; NTFS journals its entries
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
