"""A real worker process with players that behave as a test asks: `python -m tests.doubles.worker`.

`steady` plays four notes a bar. `fragile` does at bar `at` what its parameter `act` says.
Analysis and rendering act on the file name and the song's title in the same way.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from musearoo.app.worker import main
from musearoo.domain.analysis import Analysis
from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar, EngineDescription, EngineParameters, ParameterSpec
from musearoo.domain.errors import Conflict, InvalidValue, UnsupportedAudio
from musearoo.domain.music.note import Note
from musearoo.domain.song import Song
from musearoo.engines.contract import Engine
from musearoo.jobs import frames

ACTS = (
    "play", "die", "die_once", "hang", "hang_once", "slow", "raise", "refuse", "print", "exit",
    "hog", "garbage", "stubborn",
)  # fmt: skip
FOLDER = "MUSEAROO_WORKER_TEST_FOLDER"
BROKEN = "MUSEAROO_WORKER_TEST_BROKEN"
ACTING = "acting"
STUBBORN = "stubborn"
"""The begin of the name of a file that says that a worker hears nothing from now on."""


def tell_that_it_acts() -> None:
    """By a file: what it sends may not leave a process that holds the interpreter."""
    if FOLDER in os.environ:
        (Path(os.environ[FOLDER]) / f"{ACTING}-{os.getpid()}").touch()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)


def hang() -> None:
    time.sleep(3600)


def stubborn() -> None:
    """Hold the GIL in C, as a renderer may: nothing in this process can be noticed meanwhile."""
    sleep = ctypes.PyDLL(None).sleep
    if FOLDER in os.environ:
        (Path(os.environ[FOLDER]) / f"{STUBBORN}-{os.getpid()}").touch()
    sleep(3600)


def once(act: Callable[[], None], name: str) -> None:
    marker = Path(os.environ[FOLDER]) / f"done-{name}"
    if not marker.exists():
        marker.touch()
        act()


def shout() -> None:
    print("python prints", flush=True)
    ctypes.CDLL(None).puts(b"C prints")
    ctypes.CDLL(None).fflush(None)
    os.write(1, b"\xff" * 64)


def hog() -> None:
    HELD.append(bytearray(b"x") * (128 << 20))  # whatever else the process holds


HELD: list[bytearray] = []


def refuse(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def act(name: str, seed: int = 0) -> None:
    """Do what a test asked for; an unknown name does nothing."""
    acts: dict[str, Callable[[], None]] = {
        "die": die,
        "die_once": lambda: once(die, f"die-{seed}"),
        "hang": hang,
        "hang_once": lambda: once(hang, f"hang-{seed}"),
        "slow": lambda: time.sleep(0.05),
        "raise": refuse(ZeroDivisionError("a secret of the inside")),
        "refuse": refuse(InvalidValue("style", "polka", "a style that exists")),
        "conflict": refuse(Conflict("not now")),
        "print": shout,
        "exit": lambda: sys.exit(3),
        "hog": hog,
        "stubborn": stubborn,
    }
    acts.get(name, lambda: None)()


class Steady:
    """Four quarter notes a bar, their pitches from seed and bar."""

    description = EngineDescription(
        name="steady", version="1", title="Steady", default_part="steady", parameters=()
    )

    def begin(self, context: EngineContext, parameters: EngineParameters, seed: int) -> int:
        return seed

    def play_bar(
        self, context: EngineContext, parameters: EngineParameters, seed: int, state: int, bar: int
    ) -> tuple[Bar, int]:
        ticks = context.meter.bar_ticks
        notes = tuple(
            Note(
                id="",
                start=bar * ticks + beat * ticks // 4,
                length=ticks // 8,
                pitch=36 + (state * 7 + bar * 5 + beat) % 48,
                velocity=80,
            )
            for beat in range(4)
        )
        return Bar(bar, notes), state + 1

    def confidence(
        self, context: EngineContext, parameters: EngineParameters, bars: tuple[Bar, ...]
    ) -> int:
        return 750


class Fragile(Steady):
    """As steady, until bar `at`."""

    description = EngineDescription(
        name="fragile",
        version="1",
        title="Fragile",
        default_part="fragile",
        parameters=(
            ParameterSpec(name="act", kind="choice", default="play", choices=ACTS),
            ParameterSpec(name="at", kind="integer", default=0, maximum=255),
        ),
    )

    def play_bar(
        self, context: EngineContext, parameters: EngineParameters, seed: int, state: int, bar: int
    ) -> tuple[Bar, int]:
        name = parameters.choice("act")
        if bar == parameters.whole("at") or name == "slow":
            tell_that_it_acts()
            act(name, seed)
        if name == "garbage" and bar == parameters.whole("at"):
            return Bar(bar, (object(),)), state  # type: ignore[arg-type]
        return super().play_bar(context, parameters, seed, state, bar)


class Stopwatch(Steady):
    """Its one note starts at the monotonic nanosecond at which the run began here."""

    description = EngineDescription(
        name="stopwatch",
        version="1",
        title="Stopwatch",
        default_part="stopwatch",
        parameters=(
            ParameterSpec(name="busy_us", kind="integer", default=0, maximum=10_000_000, unit="us"),
        ),
    )

    def begin(self, context: EngineContext, parameters: EngineParameters, seed: int) -> int:
        return time.monotonic_ns()

    def play_bar(
        self, context: EngineContext, parameters: EngineParameters, seed: int, state: int, bar: int
    ) -> tuple[Bar, int]:
        end = time.monotonic_ns() + parameters.whole("busy_us") * 1000
        while time.monotonic_ns() < end:
            pass
        return Bar(bar, (Note(id="", start=state, length=1, pitch=60, velocity=1),)), state


class TestSkills:
    """Players and tools that misbehave on request."""

    __test__ = False

    def engines(self, skipped: Callable[[str], None] = print) -> Mapping[str, Engine[Any]]:
        if BROKEN in os.environ:
            raise ImportError("a plug-in is broken")
        skipped("kazoo: no such module")
        return {e.description.name: e for e in (Steady(), Fragile(), Stopwatch())}

    def analyze(self, task: frames.AnalyzeTask, progress: Callable[[float], None]) -> Analysis:
        name = Path(task.path).stem
        match name:
            case "noise":
                raise UnsupportedAudio("This is not audio that we read.")
            case "bomb":
                HELD.append(bytearray(8 << 30))
            case "spin":
                while True:
                    pass
            case _:
                for step in range(1, 11):
                    progress(step / 10)
                    act(name)
        return Analysis(depth=task.depth, duration=1.0, tempo=120.0, analyzer=str(os.getpid()))

    def audio(self, song: Song, format: str) -> bytes:  # noqa: A002
        act(song.title)
        size = 9_000_000 if song.title == "long" else 1000
        return (format.encode() + b"-" * size)[:size]

    def notation(self, song: Song) -> bytes:
        act(song.title)
        return f"<svg>{song.title}</svg>".encode()

    def warm(self, what: str) -> None:
        hog()
        if FOLDER in os.environ:
            (Path(os.environ[FOLDER]) / f"warm-{what}-{os.getpid()}").touch()


if __name__ == "__main__":
    main(TestSkills())
