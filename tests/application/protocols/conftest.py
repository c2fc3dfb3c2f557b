"""A house and its door, shared by the tests of a module."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from musearoo.conductor.world import Rules
from tests.doubles.house import ORIGIN, PASSWORD, House, house
from tests.doubles.rest_door import client, door


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with house(tmp_path_factory.mktemp("house"), Rules(quotas=False)) as built:
        yield built


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def token(place: House) -> str:
    login = await place.conductor.accounts.register("ada@example.org", "ada", PASSWORD, ORIGIN)
    return login.access_token


@pytest_asyncio.fixture(loop_scope="module")
async def http(place: House, token: str) -> AsyncIterator[httpx.AsyncClient]:
    async with client(door(place), token) as opened:
        yield opened
