"""Work done outside the server's process: engines, analysis, sound, notation."""

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from musearoo.domain.analysis import Analysis, Depth
from musearoo.domain.engine import Bar, EngineDescription, EngineRun
from musearoo.domain.song import Song

Lane = Literal["interactive", "durable"]
AudioFormat = Literal["wav", "ogg", "flac", "mp3"]


class Performed(msgspec.Struct, frozen=True):
    """A run was played: the engine's confidence 0-1, how long it worked, and waited before."""

    confidence: float
    seconds: float
    waited: float = 0.0


class Cancel(Protocol):
    """Tells running work to stop."""

    @property
    def requested(self) -> bool: ...
    def on_request(self, callback: Callable[[], None]) -> None:
        """Call `callback` when cancellation is asked for (at once if it was)."""
        ...


class EnginePool(Protocol):
    """Warm processes that play. A worker that dies costs one retry; a hung one is replaced."""

    def engines(self) -> tuple[EngineDescription, ...]:
        """Every installed engine, by name."""
        ...

    def describe(self, engine: str) -> EngineDescription:
        """One engine; raises `InvalidValue` that lists the names."""
        ...

    async def play(
        self,
        run: EngineRun,
        *,
        lane: Lane,
        on_bar: Callable[[Bar], None],
        cancel: Cancel | None = None,
        drop_after: float | None = None,
        player: str = "",
    ) -> Performed:
        """Play a run; bars arrive in order.

        Of those that wait, each `player`'s first goes before anyone's second.
        `drop_after` (monotonic seconds) refuses with `ReducedCapacity` at dequeue
        what can no longer be in time. Raises `Conflict` when cancelled,
        `Unavailable` when the engine fails twice.
        """
        ...

    def queued(self, player: str = "") -> int:
        """Interactive work that runs, or would be begun before the next of this player."""
        ...

    def idle(self) -> int:
        """Interactive workers with nothing to do."""
        ...

    def workers(self) -> int:
        """Interactive workers in all."""
        ...

    def warm(self, engine: str) -> None:
        """Hint that this engine will be wanted soon."""
        ...


class Analyzer(Protocol):
    """BrainAroo behind a process with limits on memory and time."""

    async def analyze(
        self,
        path: str,
        *,
        depth: Depth,
        features: tuple[str, ...],
        maximum_seconds: float,
        on_progress: Callable[[float], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Analysis:
        """Decode and analyse a local file.

        Raises `UnsupportedAudio`, `PayloadTooLarge` or `Unavailable`.
        """
        ...


class Renderer(Protocol):
    """Notes to sound and to pictures."""

    async def audio(self, song: Song, *, format: AudioFormat, lane: Lane) -> bytes:  # noqa: A002
        """A stereo mix as a whole audio file."""
        ...

    async def notation(self, song: Song, *, lane: Lane) -> bytes:
        """The score as one SVG picture (UTF-8)."""
        ...


class Exporter(Protocol):
    """One export format: a pure function of the song."""

    @property
    def format(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def suffix(self) -> str: ...
    def export(self, song: Song) -> bytes:
        """The whole file; the same song gives the same bytes."""
        ...


class Jobs(Protocol):
    """The durable lane: what is enqueued in a transaction is run after it."""

    def wake(self) -> None:
        """Say that a job was enqueued."""
        ...

    def cancel(self, job: str) -> None:
        """Stop a job that runs here (its cancel request is already stored)."""
        ...
