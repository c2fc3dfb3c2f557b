"""How much of the processor a call takes, and much input for it."""

import os
import random
from collections.abc import Callable, Iterator
from functools import cache
from time import thread_time

TRIES = 30
ORDINARY_SECONDS = 0.00085
"""What `_ordinary` takes where the limits were set: AMD EPYC, Python 3.11."""


def within(seconds: float, work: Callable[[], object]) -> bool:
    """Whether a call can be done in that much processor time, and more on a slower processor.

    It is tried again: the collector may strike, and others share the processor's caches.
    """
    limit = seconds * _slowness()
    return any(_spent(work) < limit for _ in range(TRIES))


@cache
def _slowness() -> float:
    """How many times slower this processor is, at least 1."""
    return max(1.0, min(_spent(_ordinary) for _ in range(TRIES)) / ORDINARY_SECONDS)


def _ordinary() -> int:
    total = 0
    for number in range(20_000):
        total += number ^ (total & 7)
    return total


def _spent(work: Callable[[], object]) -> float:
    began = thread_time()
    work()
    return thread_time() - began


def looks_on() -> bool:
    """Whether this run looks for what is not known yet: much, and at random."""
    return os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"


def dice() -> random.Random:
    """Chance that is the same in each run unless it looks on."""
    return random.Random(None if looks_on() else 20_260_101)


def mutations(seeds: list[bytes], pieces: list[bytes]) -> Iterator[bytes]:
    """Damage to good frames: 20,000 of them, in the fuzz profile a million."""
    chance = dice()
    for _ in range(1_000_000 if looks_on() else 20_000):
        frame = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 4))):
            place = int(chance.random() * (len(frame) + 1))
            match int(chance.random() * 4):
                case 0:
                    frame[place : place + 1] = bytes((int(chance.random() * 256),))
                case 1:
                    frame[place:place] = chance.choice(pieces)
                case 2:
                    del frame[place : place + int(chance.random() * 12)]
                case _:
                    frame += chance.choice(seeds)[place:]
        yield bytes(frame)
