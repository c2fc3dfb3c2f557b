"""A fake Live with the script installed in it, and the server's link that it connects to."""

import asyncio
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from musearoo.app.tasks import Tasks
from musearoo.live.link import Clip, LiveNote, Mirror, Report
from musearoo.live.script.install import Server, install
from musearoo.live.script.link import ScriptLink, Where
from musearoo.ports.ambient import Clock
from musearoo.security.ambient import SystemClock
from tests.doubles.calm import Quickened
from tests.doubles.fake_live import FakeLive
from tests.doubles.fake_live.song import Song
from tests.doubles.fake_live.surface import install as install_modules
from tests.waiting import until

TOKEN = "t" * 43
LIMITS = {
    "musearoo.live.asking.PATIENCE_SECONDS": 120.0,
    "musearoo.live.hub.ANSWER_SECONDS": 120.0,
    "musearoo.live.script.link.CONFIRM_SECONDS": 120.0,
    "musearoo.live.timekeeping.ANSWER_SECONDS": 120.0,
}
"""What a Live may take on a machine that stands still at times, where that is not the question."""


class Stage:
    """One Live, one link. `reports` is everything that the link has told.

    There are ten heartbeats in a second of `time`.
    """

    def __init__(self, folder: Path, time: Clock | None = None) -> None:
        self.folder = folder
        self.time = time or SystemClock()
        self.clock = Quickened(self.time, 10)
        self.tasks = Tasks()
        self.reports: list[Report] = []
        self.leaving: list[Callable[[], None]] = []
        self.link = self.new_link(0)
        self.live: FakeLive

    def new_link(self, port: int) -> ScriptLink:
        link = ScriptLink(Where(port=port), TOKEN, clock=self.clock, spawn=self.tasks)
        link.listen(self.reports.append)
        return link

    def pair(self, *, port: int | None = None, token: str = TOKEN) -> None:
        """What `musearoo live install` does."""
        install(self.folder, Server("127.0.0.1", port or self.link.port, token), "test")

    def start_live(self, song: Song | None = None) -> FakeLive:
        create = load(self.folder / "MuseAroo")
        self.live = FakeLive(create, song=song, monotonic=self.time.monotonic).start()
        return self.live

    async def here(self) -> Mirror:
        await until(lambda: self.link.mirror.presence == "here", lambda: repr(self.link.mirror))
        return self.link.mirror

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for what must come true, and fail if it does not."""
        await until(holds, lambda: f"it; told lately: {self.reports[-5:]}")

    async def by_hand(self, work: Callable[[], object]) -> None:
        """Do something in Live as its user would."""
        await asyncio.to_thread(self.live.do, work)

    def bridge(self) -> Any:
        return self.live.surface._musearoo

    async def close(self) -> None:
        for leave in self.leaving:
            leave()
        if hasattr(self, "live"):
            await asyncio.to_thread(self.live.stop)
        await self.link.close()
        await self.tasks.close()


def load(folder: Path) -> Callable[[Any], Any]:
    """Import a script's folder as Live does, whatever was imported under its name before."""
    install_modules()
    for known in [name for name in sys.modules if name.split(".")[0] == folder.name]:
        del sys.modules[known]
    sys.path.insert(0, str(folder.parent))
    try:
        create: Callable[[Any], Any] = importlib.import_module(folder.name).create_instance
        importlib.import_module(f"{folder.name}.surface")
    finally:
        sys.path.remove(str(folder.parent))
    return create


def some_notes(count: int) -> tuple[LiveNote, ...]:
    """Notes that differ in every value, none over another of its pitch."""
    return tuple(
        LiveNote(
            pitch=36 + index % 48,
            start=index / 3,
            length=1 / 7 + (index % 5) / 11,
            velocity=1.0 + index % 127,
            mute=index % 17 == 0,
            probability=(index % 9) / 8,
            release_velocity=float(index % 128),
        )
        for index in range(count)
    )


def a_clip(count: int, name: str = "Drums 1") -> Clip:
    return Clip(name=name, length=count / 3 + 1, notes=some_notes(count), color=0x3366CC)


def in_live(notes: Any) -> list[LiveNote]:
    """The notes of a clip in the fake Live, by time."""
    found = [
        LiveNote(
            pitch=note.pitch,
            start=note.start_time,
            length=note.duration,
            velocity=note.velocity,
            mute=note.mute,
            probability=note.probability,
            release_velocity=note.release_velocity,
        )
        for note in notes
    ]
    return sorted(found, key=lambda note: (note.start, note.pitch))
