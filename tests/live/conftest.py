"""The fake Live with a script that speaks OSC: our double, and AbletonOSC where it is given."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from musearoo.app.tasks import Tasks
from musearoo.live.abletonosc import AbletonOscLink
from musearoo.live.link import LiveLink, Report
from musearoo.live.script.install import Server, install
from musearoo.live.script.link import ScriptLink, Where
from musearoo.live.wire import Address
from musearoo.ports.ambient import Clock
from musearoo.ports.tasks import Spawn
from musearoo.security.ambient import SystemClock
from tests.application.live.script.stage import TOKEN, load
from tests.doubles.fake_live import FakeLive
from tests.doubles.fake_live.host import abletonosc
from tests.doubles.osc_surface import osc_surface

CHECKOUT = "MUSEAROO_ABLETONOSC"
PATIENCE = 20.0


@pytest.fixture(params=["double", "genuine"])
def script(request: pytest.FixtureRequest) -> str:
    """Which script runs in the fake Live."""
    return _present(request.param)


class BriskClock(SystemClock):
    """Real time, in which one sleeps a quarter: four heartbeats in a second."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 4)


A_LOOK = 0.8
"""Seconds in which a link with such a clock has looked at everything."""


class Stage:
    """A Live that can be started and quit, on ports of its own."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.listen, self.reply = _free_port(), _free_port()
        self.live: FakeLive | None = None

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self.listen, self.reply)

    def start(self, **settings: Any) -> FakeLive:
        """Start Live anew."""
        self.quit()
        self.live = FakeLive(self._create(), **settings).start()
        return self.live

    def quit(self) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None

    def _create(self) -> Callable[[Any], Any]:
        if self.script == "double":
            return osc_surface(listen=self.listen, reply=self.reply)
        folder = Path(os.environ[CHECKOUT])
        return abletonosc(folder, listen=self.listen, reply=self.reply)

    def link(self, clock: Clock, spawn: Spawn) -> AbletonOscLink:
        """A new link to it."""
        return AbletonOscLink(self.address, clock=clock, spawn=spawn)


class ScriptStage:
    """A Live with our own script, which connects to the link that was made last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.live: FakeLive | None = None
        self._link: ScriptLink

    def link(self, clock: Clock, spawn: Spawn) -> ScriptLink:
        self._link = ScriptLink(Where(port=0), TOKEN, clock=clock, spawn=spawn)
        return self._link

    def start(self, **settings: Any) -> FakeLive:
        """Start Live anew, with the script installed."""
        self.quit()
        install(self.folder, Server("127.0.0.1", self._link.port, TOKEN), "test")
        self.live = FakeLive(load(self.folder / "MuseAroo"), **settings).start()
        return self.live

    def quit(self) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None


Way = Stage | ScriptStage


@pytest.fixture(params=["double", "genuine", "script"])
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    """A Live by each of the ways into it."""
    if request.param == "script":
        stage: Way = ScriptStage(tmp_path / "Remote Scripts")
    else:
        stage = Stage(_present(request.param))
    yield stage
    stage.quit()


def _present(script: str) -> str:
    if script == "genuine" and not os.environ.get(CHECKOUT):
        pytest.skip(f"{CHECKOUT} names no checkout of AbletonOSC: its genuine code was not tried")
    return script


@pytest.fixture
def stage(script: str) -> Iterator[Stage]:
    """A Live that is not running yet."""
    stage = Stage(script)
    yield stage
    stage.quit()


@contextlib.asynccontextmanager
async def linked(
    stage: Stage, clock: Clock | None = None
) -> AsyncIterator[tuple[AbletonOscLink, list[Report]]]:
    """A link to it, with everything it reports."""
    tasks, reports = Tasks(), []  # type: ignore[var-annotated]
    link = stage.link(clock or BriskClock(), tasks)
    link.listen(reports.append)
    await link.open()
    try:
        yield link, reports
    finally:
        await link.close()
        await tasks.close()


async def until(true: Callable[[], object], what: str = "") -> None:
    """Wait until something holds."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  (what is waited for lies in Live's thread)
            await asyncio.sleep(0.01)


async def here(link: LiveLink) -> None:
    """Wait until Live is there."""
    await until(lambda: link.mirror.presence == "here")


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
