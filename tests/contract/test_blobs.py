"""`Blobs` over a local folder."""

import asyncio
import hashlib
import os
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.errors import InvalidValue, NotFound, PayloadTooLarge, Unavailable
from musearoo.ports.store import Blobs
from musearoo.storage import blobs as module
from musearoo.storage.blobs import LocalBlobs
from tests.waiting import until


def key_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def chunked(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await asyncio.sleep(0)
        yield chunk


def damage(blobs: Blobs, key: str) -> None:
    path = blobs.path(key)
    assert path is not None
    Path(path).write_bytes(b"ri")


def content_of(path: str) -> bytes | None:
    return Path(path).read_bytes() if Path(path).exists() else None


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def blobs(folder: Path) -> LocalBlobs:
    return LocalBlobs(folder)


class TestPut:
    async def test_content_comes_back_under_its_hash(self, blobs: Blobs) -> None:
        for content in (b"", b"riff", bytes(range(256)) * 5000):
            assert key_of(content) == await blobs.put(content)
            assert content == await blobs.get(key_of(content))

    async def test_same_content_is_kept_once(self, blobs: LocalBlobs, folder: Path) -> None:
        keys = await asyncio.gather(*(blobs.put(b"riff") for _ in range(10)))
        assert {key_of(b"riff")} == set(keys)
        assert [folder / keys[0][:2] / keys[0][2:4] / keys[0]] == files(folder)

    async def test_damaged_file_is_replaced(self, blobs: LocalBlobs) -> None:
        key = await blobs.put(b"riff")
        damage(blobs, key)
        await blobs.put(b"riff")
        assert b"riff" == await blobs.get(key)

    async def test_blob_and_its_name_are_on_disk_before_the_answer(
        self, blobs: LocalBlobs, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The content is synced before the rename, every new folder entry after it."""
        done: list[str] = []
        _recorded(monkeypatch, module, "_sync_file", lambda path: done.append("file"))
        _recorded(monkeypatch, module, "_sync_folder", lambda path: done.append(path.name))
        _recorded(monkeypatch, Path, "replace", lambda path, new: done.append("name"))

        key = await blobs.put(b"riff")
        assert ["file", "name"] == done[:2]
        assert {key[2:4], key[:2], folder.name} == set(done[2:])

    async def test_refusing_disk_is_unavailable_and_leaves_nothing(
        self, blobs: LocalBlobs, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_: Path) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(module, "_sync_file", full)
        with pytest.raises(Unavailable, match="No space left"):
            await blobs.put(b"riff")
        with pytest.raises(Unavailable):
            await blobs.receive(chunked(b"riff"), maximum=100)
        assert [] == files(folder)

    async def test_work_happens_off_the_event_loop(
        self, blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        threads: set[int] = set()
        _recorded(monkeypatch, module, "_sync_file", lambda _: threads.add(threading.get_ident()))
        await blobs.put(b"riff")
        received = await blobs.receive(chunked(b"x"), maximum=9)
        await blobs.adopt(received.path, received.key)
        assert threads
        assert threading.get_ident() not in threads


class TestKeys:
    @pytest.mark.parametrize(
        "key",
        ["", "a", "../../etc/passwd", "A" * 64, "g" * 64, "0" * 63, "0" * 65, "0" * 63 + "\n"],
    )
    async def test_what_is_no_key_is_not_found(self, blobs: Blobs, key: str) -> None:
        with pytest.raises(NotFound):
            await blobs.get(key)
        with pytest.raises(NotFound):
            blobs.path(key)
        with pytest.raises(NotFound):
            await blobs.delete(key)

    @given(key=st.text())
    def test_no_text_leads_out_of_the_folder(self, tmp_path_factory, key: str) -> None:
        base = tmp_path_factory.getbasetemp() / "blobs"
        try:
            path = LocalBlobs(base).path(key)
        except NotFound:
            return
        assert path is not None
        assert Path(path).resolve().is_relative_to(base.resolve())

    async def test_unknown_key_is_not_found(self, blobs: Blobs) -> None:
        with pytest.raises(NotFound):
            await blobs.get(key_of(b"never stored"))


class TestReceive:
    async def test_stream_is_written_hashed_and_counted(self, blobs: LocalBlobs) -> None:
        chunks = [os.urandom(n) for n in (1, 70_000, 0, 300_000, 5)]
        whole = b"".join(chunks)
        received = await blobs.receive(chunked(*chunks), maximum=len(whole))

        assert (key_of(whole), len(whole)) == (received.key, received.size)
        assert whole == content_of(received.path)
        await blobs.adopt(received.path, received.key)
        assert whole == await blobs.get(received.key)
        assert content_of(received.path) is None

    async def test_empty_stream_is_an_empty_file(self, blobs: LocalBlobs) -> None:
        received = await blobs.receive(chunked(), maximum=0)
        await blobs.adopt(received.path, received.key)
        assert b"" == await blobs.get(key_of(b""))

    async def test_one_byte_too_many_is_refused_and_leaves_nothing(
        self, blobs: LocalBlobs, folder: Path
    ) -> None:
        endless = (b"x" * 100_000 for _ in range(10**9))

        async def stream() -> AsyncIterator[bytes]:
            for chunk in endless:
                yield chunk

        with pytest.raises(PayloadTooLarge, match="1 MB"):
            await blobs.receive(stream(), maximum=1_000_000)
        assert [] == files(folder)

    async def test_maximum_is_exact(self, blobs: LocalBlobs, folder: Path) -> None:
        received = await blobs.receive(chunked(b"12345", b"67890"), maximum=10)
        assert 10 == received.size
        with pytest.raises(PayloadTooLarge):
            await blobs.receive(chunked(b"12345", b"67890", b"1"), maximum=10)
        assert [Path(received.path)] == files(folder)

    async def test_broken_stream_leaves_nothing(self, blobs: LocalBlobs, folder: Path) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"x" * 300_000
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await blobs.receive(broken(), maximum=10**9)
        assert [] == files(folder)

    async def test_cancelled_reception_leaves_nothing(
        self, blobs: LocalBlobs, folder: Path
    ) -> None:
        async def forever() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 300_000
                await asyncio.sleep(0)

        for _ in range(20):
            reception = asyncio.ensure_future(blobs.receive(forever(), maximum=10**12))
            await asyncio.sleep(0.005)
            reception.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reception
        await until(lambda: not files(folder), "a thread to tidy up")

    async def test_only_files_received_here_are_adopted(
        self, blobs: LocalBlobs, tmp_path: Path
    ) -> None:
        secret = tmp_path / "secret"
        secret.write_bytes(b"s")
        with pytest.raises(InvalidValue):
            await blobs.adopt(str(secret), key_of(b"s"))
        with pytest.raises(NotFound):
            await blobs.adopt(blobs.temporary(), key_of(b"s"))
        assert secret.exists()

    def test_leftovers_of_a_crash_are_cleared(self, blobs: LocalBlobs, folder: Path) -> None:
        Path(blobs.temporary()).write_bytes(b"half")
        LocalBlobs(folder)
        assert [] == files(folder)


class TestDelete:
    async def test_deleted_blob_is_gone_and_deleting_again_is_fine(self, blobs: Blobs) -> None:
        key = await blobs.put(b"riff")
        await blobs.delete(key)
        await blobs.delete(key)
        with pytest.raises(NotFound):
            await blobs.get(key)

    async def test_delete_on_its_way_spares_what_was_stored_again(self, blobs: Blobs) -> None:
        """One project is deleted while another, not committed yet, uploads the same file."""
        key = await blobs.put(b"riff")
        assert key == await blobs.put(b"riff")
        await blobs.delete(key)
        assert b"riff" == await blobs.get(key)

    async def test_sweep_removes_what_is_old_and_not_referenced(
        self, blobs: LocalBlobs, folder: Path
    ) -> None:
        kept, lost, young = [await blobs.put(word) for word in (b"kept", b"lost", b"young")]
        for key in (kept, lost):
            path = blobs.path(key)
            assert path is not None
            os.utime(path, (1.0, 1.0))

        async def referenced(key: str) -> bool:
            return key == kept

        assert 1 == await blobs.sweep(referenced)
        assert {kept, young} == {path.name for path in files(folder)}


def _recorded(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, record: Callable[..., object]
) -> None:
    """Let a function tell of each call before it does its work."""
    original = getattr(owner, name)

    def told(*arguments: Any) -> Any:
        record(*arguments)
        return original(*arguments)

    monkeypatch.setattr(owner, name, told)
