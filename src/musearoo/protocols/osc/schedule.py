"""Bundles with a time tag in the future, held in bounds until their time.

A late bundle runs at once. A bundle inside another runs with it, or later if its own tag is
later, never earlier. What cannot wait is refused as a whole, before any of it has run.
"""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from typing import Final, TypeAlias

import msgspec

from musearoo.codecs.osc import IMMEDIATELY, Bundle, Message, OscRefused, Packet, from_ntp
from musearoo.ports.ambient import Clock
from musearoo.ports.tasks import Spawn
from musearoo.protocols.osc.source import Counts, Source

AHEAD_SECONDS: Final = 60.0
"""How far in the future a time tag may lie; beyond it, two clocks disagree."""

MAXIMUM_PENDING: Final = 10_000
"""Bundles that wait, of all sources together."""

MAXIMUM_PENDING_OF_ONE: Final = 1_000
"""Bundles that wait, of one source."""

MAXIMUM_PENDING_BYTES: Final = 4_194_304
"""Bytes, as they came, of all that waits; as objects they take up to ten times as much."""

MAXIMUM_PENDING_BYTES_OF_ONE: Final = 524_288
"""Bytes, as they came, of what waits for one source."""

TURN_SECONDS: Final = 0.002
"""How long due bundles may keep the event loop before others have their turn."""

_LONGEST_SLEEP: Final = 1.0  # seconds; the wall clock may be set while we sleep

Run: TypeAlias = Callable[[Source, tuple[Message, ...]], None]


class _Waiting(msgspec.Struct, frozen=True):
    source: Source
    messages: tuple[Message, ...]
    size: int


class _Held(msgspec.Struct):
    bundles: int = 0
    size: int = 0


class Scheduler:
    """Runs messages when they are due. `run` must not raise."""

    def __init__(self, run: Run, counts: Counts, *, clock: Clock, spawn: Spawn) -> None:
        self._run = run
        self._counts = counts
        self._clock = clock
        self._spawn = spawn
        self._numbers = count()
        self._heap: list[tuple[float, int, _Waiting]] = []
        self._all = _Held()
        self._held: dict[Source, _Held] = {}
        self._timer: asyncio.Task[None] | None = None
        self._target = 0.0

    def __len__(self) -> int:
        return len(self._heap)

    def take(self, source: Source, packet: Packet, size: int) -> None:
        """Run a packet of `size` bytes now or hold it; raises `OscRefused`."""
        if isinstance(packet, Message):
            self._run(source, (packet,))
            return
        now = self._clock.now()
        groups: dict[float, list[Message]] = {}
        self._divide(packet, 0.0, now, groups)
        present = groups.pop(0.0, None)
        if groups:
            share = size // len(groups) + 1
            self._check(source, groups, now, share)
            self._hold(source, groups, share)
        if present:
            self._run(source, tuple(present))

    def forget(self, source: Source) -> None:
        """Drop what waits for a source."""
        if self._held.pop(source, None) is None:
            return
        for _, _, waiting in self._heap:
            if waiting.source == source:
                self._all.bundles -= 1
                self._all.size -= waiting.size
        self._heap = [entry for entry in self._heap if entry[2].source != source]
        heapq.heapify(self._heap)

    def close(self) -> None:
        """Drop everything."""
        self._heap.clear()
        self._held.clear()
        self._all = _Held()
        if self._timer is not None:
            self._timer.cancel()

    def _divide(
        self, bundle: Bundle, floor: float, now: float, groups: dict[float, list[Message]]
    ) -> None:
        """The messages by the UNIX time they are due; 0 is now."""
        due = floor
        if bundle.time_tag > IMMEDIATELY:  # some send 0 for now
            moment = from_ntp(bundle.time_tag)
            self._counts.late += moment < now
            due = max(floor, moment if moment > now else 0.0)
        for element in bundle.elements:
            if isinstance(element, Message):
                groups.setdefault(due, []).append(element)
            else:
                self._divide(element, due, now, groups)

    def _check(
        self, source: Source, groups: dict[float, list[Message]], now: float, share: int
    ) -> None:
        if max(groups) > now + AHEAD_SECONDS:
            raise OscRefused(
                f"The time tag lies {max(groups) - now:.0f} s ahead, at most {AHEAD_SECONDS:.0f} "
                "are held; set the sender's clock."
            )
        own, number, size = self._held.get(source, _Held()), len(groups), share * len(groups)
        if (
            own.bundles + number > MAXIMUM_PENDING_OF_ONE
            or own.size + size > MAXIMUM_PENDING_BYTES_OF_ONE
            or self._all.bundles + number > MAXIMUM_PENDING
            or self._all.size + size > MAXIMUM_PENDING_BYTES
        ):
            raise OscRefused("Too many bundles wait for their time; send them nearer to it.")

    def _hold(self, source: Source, groups: dict[float, list[Message]], share: int) -> None:
        self._counts.held += len(groups)
        for held in (self._all, self._held.setdefault(source, _Held())):
            held.bundles += len(groups)
            held.size += share * len(groups)
        for due, messages in groups.items():
            waiting = _Waiting(source, tuple(messages), share)
            heapq.heappush(self._heap, (due, next(self._numbers), waiting))
        self._arm()

    def _arm(self) -> None:
        """One timer, for the earliest."""
        due = self._heap[0][0]
        if self._timer is not None and not self._timer.done():
            if self._target <= due:
                return
            self._timer.cancel()
        self._target = due
        self._timer = self._spawn(self._wait(), name="osc.schedule")

    async def _wait(self) -> None:
        while self._heap:
            due = self._heap[0][0]
            ahead = due - self._clock.now()
            if ahead > 0:
                self._target = due
                await self._clock.sleep(min(ahead, _LONGEST_SLEEP))
            else:
                self._target = 0.0
                self._run_due()
                await asyncio.sleep(0)

    def _run_due(self) -> None:
        now, end = self._clock.now(), self._clock.monotonic() + TURN_SECONDS
        while self._heap and self._heap[0][0] <= now:
            _, _, waiting = heapq.heappop(self._heap)
            self._let_go(waiting)
            self._run(waiting.source, waiting.messages)
            if self._clock.monotonic() > end:
                return

    def _let_go(self, waiting: _Waiting) -> None:
        own = self._held[waiting.source]
        for held in (self._all, own):
            held.bundles -= 1
            held.size -= waiting.size
        if not own.bundles:
            del self._held[waiting.source]
