"""Opening a store: the data folder's lock, URLs, versions of SQLite."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from musearoo.domain.errors import InvalidValue, Unavailable
from musearoo.storage.folder import DATABASE_NAME, LOCK_NAME, FolderLock
from musearoo.storage.opening import open_store
from musearoo.storage.sqlite import check_version
from tests.contract.making import ANN, user
from tests.waiting import PATIENCE

HOLDER = """
import sys, pathlib
from musearoo.storage.folder import FolderLock
lock = FolderLock(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


class TestFolderLock:
    def test_second_holder_is_refused_with_what_to_do(self, tmp_path: Path) -> None:
        first = FolderLock(tmp_path)
        with pytest.raises(Unavailable, match=rf"process {os.getpid()}\b.*--data-dir"):
            FolderLock(tmp_path)
        first.release()
        FolderLock(tmp_path).release()

    def test_another_process_is_refused_until_the_holder_is_killed(self, tmp_path: Path) -> None:
        """The lock ends with its process, however it ends; a file left behind locks nobody out."""
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert b"held" == holder.stdout.readline().strip()
        with pytest.raises(Unavailable, match=f"process {holder.pid}"):
            FolderLock(tmp_path)

        holder.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        holder.wait(PATIENCE)
        holder.stdin.close()
        holder.stdout.close()
        assert (tmp_path / LOCK_NAME).exists()
        FolderLock(tmp_path).release()

    def test_missing_folder_is_made_for_its_owner_alone(self, tmp_path: Path) -> None:
        FolderLock(tmp_path / "new" / "folder").release()
        if os.name == "posix":
            assert 0o700 == (tmp_path / "new" / "folder").stat().st_mode & 0o777


class TestOpen:
    async def test_open_store_holds_the_folder_until_closed(self, tmp_path: Path) -> None:
        store = await asyncio.to_thread(open_store, None, tmp_path)
        with pytest.raises(Unavailable, match="Another musearoo process"):
            await asyncio.to_thread(open_store, None, tmp_path)
        await store.close()
        again = await asyncio.to_thread(open_store, None, tmp_path)
        await again.close()

    async def test_embedded_database_lies_in_the_folder_and_keeps_its_rows(
        self, tmp_path: Path
    ) -> None:
        store = await asyncio.to_thread(open_store, None, tmp_path)
        await store.write(lambda tx: tx.accounts.insert(user()))
        await store.close()
        assert {DATABASE_NAME, LOCK_NAME} == _names(tmp_path)

        again = await asyncio.to_thread(open_store, None, tmp_path)
        assert user() == await again.read(lambda tx: tx.accounts.get(ANN))
        await again.close()

    @pytest.mark.parametrize("name", ["100% a?b #1", "Größe 音", "a&b=c;d", "file:x"])
    async def test_folder_may_have_any_name(self, tmp_path: Path, name: str) -> None:
        store = await asyncio.to_thread(open_store, None, tmp_path / name)
        await store.write(lambda tx: tx.accounts.insert(user()))
        assert user() == await store.read(lambda tx: tx.accounts.get(ANN))
        await store.close()

        assert {DATABASE_NAME, LOCK_NAME} == _names(tmp_path / name)
        assert {name} == _names(tmp_path)

    async def test_rows_survive_opening_anew(self, database: str, tmp_path: Path) -> None:
        for expected in (None, user()):
            store = await asyncio.to_thread(open_store, database, tmp_path / "data")
            assert expected == await store.read(lambda tx: tx.accounts.get(ANN))
            if expected is None:
                await store.write(lambda tx: tx.accounts.insert(user()))
            await store.close()

    @pytest.mark.parametrize(
        "url", ["mysql://u:secret@h/d", "sqlite://", "nonsense", "postgresql://u:secret@h"]
    )
    def test_other_urls_are_refused_without_their_password(self, url: str, tmp_path: Path) -> None:
        with pytest.raises(InvalidValue, match="postgresql://") as refusal:
            open_store(url, tmp_path)
        assert "secret" not in refusal.value.detail
        FolderLock(tmp_path).release()

    def test_unreachable_server_is_unavailable_and_the_folder_free(self, tmp_path: Path) -> None:
        url = f"postgresql://nobody@/none?host={tmp_path}"
        with pytest.raises(Unavailable):
            open_store(url, tmp_path)
        FolderLock(tmp_path).release()

    def test_missing_driver_names_the_extra(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delitem(sys.modules, "musearoo.storage.postgres", raising=False)
        monkeypatch.setitem(sys.modules, "psycopg", None)
        with pytest.raises(Unavailable, match=r"musearoo\[postgres\]"):
            open_store("postgresql://u@h/d", tmp_path)

    def test_opening_needs_no_module_that_windows_lacks(self, tmp_path: Path) -> None:
        script = (
            "import sys\n"
            "for name in ('fcntl', 'resource', 'uvloop'): sys.modules[name] = None\n"
            "import asyncio, pathlib\n"
            "from musearoo.storage.opening import open_store\n"
            "async def main():\n"
            "    store = open_store(None, pathlib.Path(sys.argv[1]))\n"
            "    await store.write(lambda tx: tx.quotas.save({'a': b''}))\n"
            "    await store.close()\n"
            "asyncio.run(main())\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)], timeout=4 * PATIENCE, check=False
        )
        assert 0 == done.returncode


class TestVersion:
    @pytest.mark.parametrize(
        ("version", "writers", "fine"),
        [
            ((3, 36, 9), 1, False),
            ((3, 37, 0), 1, True),
            ((3, 51, 2), 1, True),
            ((3, 51, 2), 2, False),
            ((3, 51, 3), 2, True),
            ((4, 0, 0), 2, True),
        ],
    )
    def test_version_with_the_reset_bug_has_one_writer(
        self, version: tuple[int, int, int], writers: int, fine: bool
    ) -> None:
        if fine:
            check_version(version, writers=writers)
            return
        with pytest.raises(Unavailable, match="SQLite 3"):
            check_version(version, writers=writers)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
