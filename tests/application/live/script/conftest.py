"""The stage: a link on a free port and a fake Live whose script was installed for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.application.live.script.stage import LIMITS, Stage
from tests.doubles.calm import CalmClock


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in LIMITS.items():
        monkeypatch.setattr(name, seconds)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """The link listens; Live is not started yet."""
    stage = Stage(tmp_path, CalmClock())
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
