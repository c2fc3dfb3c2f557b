"""The Link process: requests come on standard input, reports go to standard output, as JSON lines.

Run as `python -m musearoo.live.ableton_link.peer` by `process.py`. Nothing of the server is in this
process, and nothing of Link in the server's. Times are UNIX seconds, beats are quarter notes.
"""

import importlib
import queue
import sys
import threading
import time
from typing import Any, Final, Protocol

import msgspec

QUANTUM: Final = 4.0
_LOOK_SECONDS: Final = 0.01
_REPEAT_SECONDS: Final = 1.0


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the server wants of the Link session; None leaves a thing as it is.

    With `beat`, that beat is to fall at `at` (now without it), on the phase that peers share.
    """

    tempo: float | None = None
    playing: bool | None = None
    beat: float | None = None
    at: float | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How the Link session stands: `beat` at the time `at`, and how many others are in it."""

    tempo: float
    playing: bool
    beat: float
    at: float
    peers: int

    def differs(self, other: "Report | None") -> bool:
        """Whether more than time has passed between the two."""
        return other is None or self.facts() != other.facts()

    def facts(self) -> tuple[object, ...]:
        """All but the passing of time."""
        return self.tempo, self.playing, self.peers, self.beat >= 0


class LinkSession(Protocol):
    """A Link session as `LinkPeer` drives it."""

    def report(self) -> Report:
        """How it stands now."""
        ...

    def carry_out(self, request: Request) -> None:
        """Ask the session for something."""
        ...


class LinkPeer:
    """A peer of the Link sessions on this network, through the LinkPython bindings."""

    def __init__(self, tempo: float = 120.0) -> None:
        library: Any = importlib.import_module("link")
        self._link = library.Link(tempo)
        self._link.startStopSyncEnabled = True
        self._link.enabled = True

    def report(self) -> Report:
        """How it stands now; the tempo without the rounding errors of microseconds a beat."""
        state, now = self._link.captureSessionState(), self._link.clock().micros()
        return Report(
            tempo=round(state.tempo(), 3),
            playing=state.isPlaying(),
            beat=state.beatAtTime(now, QUANTUM),
            at=time.time(),
            peers=self._link.numPeers(),
        )

    def carry_out(self, request: Request) -> None:
        """Ask the session for something; others in it may ask otherwise a moment later."""
        state, now = self._link.captureSessionState(), self._link.clock().micros()
        moment = now if request.at is None else now + round(1e6 * (request.at - time.time()))
        if request.tempo is not None:
            state.setTempo(request.tempo, now)
        if request.beat is not None and request.playing is not None:
            state.setIsPlayingAndRequestBeatAtTime(request.playing, moment, request.beat, QUANTUM)
        elif request.playing is not None:
            state.setIsPlaying(request.playing, moment)
        elif request.beat is not None:
            state.requestBeatAtTime(request.beat, moment, QUANTUM)
        self._link.commitSessionState(state)


def take_part(session: LinkSession) -> None:
    """Report and obey until standard input ends: then the server is gone."""
    decoder = msgspec.json.Decoder(Request)
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    last: Report | None = None
    while True:
        report = session.report()
        if report.differs(last) or (last is not None and report.at - last.at >= _REPEAT_SECONDS):
            last = report
            sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
            sys.stdout.buffer.flush()
        try:
            line = lines.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue
        if not line:
            return
        session.carry_out(decoder.decode(line))


def _listen(lines: "queue.SimpleQueue[bytes]") -> None:
    """Pipes cannot be waited for with a timeout on every system, so a thread reads."""
    while line := sys.stdin.buffer.readline():
        lines.put(line)
    lines.put(b"")


if __name__ == "__main__":
    take_part(LinkPeer())
