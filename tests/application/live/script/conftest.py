"""The stage: a link on a free port and a fake Live whose script was installed for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.application.live.script.stage import Stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """The link listens; Live is not started yet."""
    stage = Stage(tmp_path)
    await stage.link.open()
    stage.pair()
    yield stage
    await stage.close()


@pytest.fixture
async def playing(stage: Stage) -> Stage:
    """Live is there, and all of it is known."""
    stage.start_live()
    await stage.here()
    return stage
