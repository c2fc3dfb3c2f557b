from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from musearoo.conductor.world import Rules
from musearoo.protocols.osc.options import OscOptions
from tests.doubles.calm import CalmClock
from tests.doubles.house import house
from tests.doubles.osc_stage import Stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A door that only paired devices can use."""
    async with house(tmp_path, clock=CalmClock()) as place:
        made = Stage(place)
        yield made
        made.door.close()


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Stage]:
    """A door in local mode."""
    rules = Rules(local_mode=True, quotas=False)
    async with house(tmp_path, rules, clock=CalmClock()) as place:
        made = Stage(place, OscOptions(local_mode=True))
        yield made
        made.door.close()
