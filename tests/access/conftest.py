"""The town of the access tests, built once for each process and copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.access.town import Town, build


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    yield build(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def town(built: Town, tmp_path: Path) -> Town:
    """A copy to change at will."""
    shutil.copytree(built.folder, tmp_path, dirs_exist_ok=True)
    return built
