"""The fake Live with a script that speaks OSC: our double, and AbletonOSC where it is given."""

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from musearoo.app.tasks import Tasks
from musearoo.codecs.osc import Message
from musearoo.live.abletonosc import AbletonOscLink
from musearoo.live.link import LiveLink, Report
from musearoo.live.script.install import Server, install
from musearoo.live.script.link import ScriptLink, Where
from musearoo.live.wire import Address
from musearoo.ports.ambient import Clock
from musearoo.ports.tasks import Spawn
from tests.application.live.script.stage import LIMITS, TOKEN, load
from tests.doubles.calm import CalmClock, Quickened
from tests.doubles.fake_live import FakeLive
from tests.doubles.fake_live.host import abletonosc
from tests.doubles.osc_surface import osc_surface
from tests.doubles.ports import quiet_port
from tests.waiting import until

CHECKOUT = "MUSEAROO_ABLETONOSC"


@pytest.fixture(params=["double", "genuine"])
def script(request: pytest.FixtureRequest) -> str:
    """Which script runs in the fake Live."""
    return _present(request.param)


A_LOOK = 0.8
"""Seconds in which a link has looked at everything: there are four heartbeats in one."""


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in LIMITS.items():
        monkeypatch.setattr(name, seconds)


class Stage:
    """A Live that can be started and quit, on ports of its own; it and we share one `time`."""

    def __init__(self, script: str) -> None:
        self.time = CalmClock()
        self.clock = Quickened(self.time, 4)
        self.script = script
        self.listen, self.reply = quiet_port(), quiet_port()
        self.live: FakeLive | None = None

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self.listen, self.reply)

    def start(self, **settings: Any) -> FakeLive:
        """Start Live anew."""
        self.quit()
        self.live = FakeLive(self._create(), monotonic=self.time.monotonic, **settings).start()
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
        self.time = CalmClock()
        self.clock = Quickened(self.time, 4)
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
        create = load(self.folder / "MuseAroo")
        self.live = FakeLive(create, monotonic=self.time.monotonic, **settings).start()
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
    stage: Stage,
) -> AsyncIterator[tuple[AbletonOscLink, list[Report]]]:
    """A link to it, with everything it reports."""
    tasks, reports = Tasks(), []  # type: ignore[var-annotated]
    link = stage.link(stage.clock, tasks)
    link.listen(reports.append)
    await link.open()
    try:
        yield link, reports
    finally:
        await link.close()
        await tasks.close()


async def here(link: LiveLink) -> None:
    """Wait until Live is there."""
    await until(lambda: link.mirror.presence == "here", lambda: repr(link.mirror))


async def all_read(link: LiveLink) -> None:
    """Wait until Live has read all that was sent, what was sent again for no answer too."""
    if isinstance(link, AbletonOscLink):
        question = Message("/live/song/get/tempo", ("all read",))
        await link._asking.confirm(question, accepts=lambda told: "all read" in told.arguments)
