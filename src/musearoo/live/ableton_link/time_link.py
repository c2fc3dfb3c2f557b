"""Link as a way to time: what the Link process reports, and what is asked of it."""

from collections.abc import Callable

from msgspec.structs import replace

from musearoo.domain.errors import Unavailable
from musearoo.live.ableton_link.peer import Report as PeerReport
from musearoo.live.ableton_link.peer import Request
from musearoo.live.ableton_link.process import LinkProcess
from musearoo.live.link import (
    BeatReported,
    Listener,
    Mirror,
    PlayingReported,
    PresenceChanged,
    Report,
    TempoReported,
    same,
)
from musearoo.ports.ambient import Clock
from musearoo.ports.tasks import Spawn


class LinkTime:
    """Implements `live.link.TimeLink`. Link knows no key and no meter; nobody confirms."""

    def __init__(self, clock: Clock, spawn: Spawn, command: tuple[str, ...] | None = None) -> None:
        self._clock = clock
        given = {} if command is None else {"command": command}
        self._process = LinkProcess(spawn, self._heard, self._ended, **given)
        self._listeners: list[Listener] = []
        self._mirror = Mirror()

    @property
    def mirror(self) -> Mirror:
        return self._mirror

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def open(self) -> None:
        """Start the Link process; raises `Unavailable` where the extra is not installed."""
        await self._process.start()

    async def close(self) -> None:
        await self._process.close()

    async def set_tempo(self, bpm: float) -> None:
        self._ask(Request(tempo=bpm))

    async def set_signature(self, numerator: int, denominator: int) -> None:
        """Link has none."""

    async def set_key(self, root: int, scale: str) -> None:
        """Link has none."""

    async def play(self, beat: float | None = None) -> None:
        self._ask(Request(playing=True, beat=beat))

    async def stop(self) -> None:
        self._ask(Request(playing=False))

    async def locate(self, beat: float) -> None:
        self._ask(Request(beat=beat))

    def _ask(self, request: Request) -> None:
        if not self._process.ask(request):
            raise Unavailable("The Link process has ended; start the server anew.")

    def _heard(self, report: PeerReport) -> None:
        before = self._mirror
        at = self._clock.monotonic() - max(0.0, self._clock.now() - report.at)
        self._mirror = replace(
            before, presence="here", version=f"{report.peers} peers", tempo=report.tempo,
            playing=report.playing, beat=report.beat, beat_at=at,
        )  # fmt: skip
        if before.presence != "here":
            self._tell(PresenceChanged("here"))
        if not same(before.tempo, report.tempo):
            self._tell(TempoReported(report.tempo))
        if before.playing != report.playing:
            self._tell(PlayingReported(report.playing, report.beat))
        # Before beat 0 peers count in until they share a phase: no music yet.
        if report.playing and report.beat >= 0:
            self._tell(BeatReported(report.beat, at))

    def _ended(self) -> None:
        self._mirror = Mirror()
        self._tell(PresenceChanged("gone"))

    def _tell(self, report: Report) -> None:
        for listener in tuple(self._listeners):
            listener(report)
