"""How much of the processor a call takes, and much input for it."""

import os
import random
from collections.abc import Callable, Iterator
from time import thread_time

TRIES = 10


def within(seconds: float, work: Callable[[], object]) -> bool:
    """Whether a call can be done in that much processor time; the collector may strike once."""
    return any(_spent(work) < seconds for _ in range(TRIES))


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
