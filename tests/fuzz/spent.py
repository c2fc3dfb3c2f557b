"""How much of the processor a call takes, and much input for it."""

import os
import random
from collections.abc import Callable, Iterator
from time import thread_time

TRIES = 3


def within(seconds: float, work: Callable[[], object]) -> bool:
    """Whether a call can be done in that much processor time; the collector may strike once."""
    return any(_spent(work) < seconds for _ in range(TRIES))


def _spent(work: Callable[[], object]) -> float:
    began = thread_time()
    work()
    return thread_time() - began


def mutations(seeds: list[bytes], pieces: list[bytes]) -> Iterator[bytes]:
    """Seeded damage to good frames: 20,000 of them, in the fuzz profile a million."""
    chance = random.Random(20_260_101)
    count = 1_000_000 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 20_000
    for _ in range(count):
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
