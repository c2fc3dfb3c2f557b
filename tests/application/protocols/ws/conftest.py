from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from musearoo.protocols.ws.door import Door
from tests.application.protocols.ws.room_doubles import Hall
from tests.doubles.calm import StoppedClock
from tests.doubles.house import house


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with house(tmp_path, clock=StoppedClock()) as place:
        yield Hall(place, Door(place.conductor))
