"""Password rules and Argon2id hashing, bounded and off the event loop."""

import asyncio
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from musearoo.domain.errors import InvalidValue, ReducedCapacity
from musearoo.security.guessing import ENOUGH_BITS, bits

SHORTEST: Final = 12
LONGEST: Final = 128

# OWASP's minimum for Argon2id (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.
MEMORY_KIB: Final = 19_456
PASSES: Final = 2
LANES: Final = 1

_THREADS: Final = 2
_QUEUE: Final = 20
_RETRY_AFTER_SECONDS: Final = 2.0

T = TypeVar("T")


class Argon2Passwords:
    """Implements `ports.security.Passwords`.

    Two hashes run at once and twenty wait; what comes on top gets `ReducedCapacity`, so that a
    flood of logins holds at most two cores and 40 MB.
    """

    def __init__(self, *, threads: int = _THREADS, queue: int = _QUEUE) -> None:
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID
        )
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._places = threading.BoundedSemaphore(threads + queue)
        # Of a password that nobody has: the wrong answer for an unknown user costs the same.
        self._nobody = self._hasher.hash("\0" * LONGEST)

    def check(self, password: str, *, username: str, email: str) -> None:
        """Refuse a weak password with `InvalidValue` that says what to do."""
        check_password(password, username, email)

    async def hash(self, password: str) -> str:
        """Argon2id in PHC form; raises `ReducedCapacity` when too many wait."""
        return await self._run(lambda: self._hasher.hash(_encoded(password)))

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Compare; None, a damaged hash and an impossible password cost the same as a wrong one."""
        return await self._run(lambda: self._matches(password, hashed))

    def close(self) -> None:
        """Let running hashes end and start no more."""
        self._threads.shutdown(cancel_futures=True)

    def _matches(self, password: str, hashed: str | None) -> bool:
        possible = hashed is not None and len(password) <= LONGEST
        given = _encoded(password[:LONGEST])
        try:
            self._hasher.verify(hashed if hashed and possible else self._nobody, given)
        except InvalidHashError:
            return self._matches(password, None)
        except VerificationError:
            return False
        return possible

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise ReducedCapacity(
                "Too many people are logging in at this moment; try again in a few seconds.",
                retry_after=_RETRY_AFTER_SECONDS,
            )
        try:
            future = self._threads.submit(work)
        except RuntimeError:
            self._places.release()
            raise
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)


def check_password(password: str, username: str, email: str) -> None:
    """Refuse what a guesser would find soon, with `InvalidValue` that says what to do.

    12 to 128 characters and no rules of composition (ASVS 5.0, 6.2.1 and 6.2.5); taken as it is
    typed, without trimming. The refusal never repeats the password.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise _refused(f"{len(password)} characters long", f"{SHORTEST} to {LONGEST} characters")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in password):
        raise _refused("not text", "made of characters that can be typed")
    names = [username, email, *re.split(r"[^\w]+|_", f"{username} {email}")]
    if bits(password, names) < ENOUGH_BITS:
        raise _refused(
            "easy to guess from common words, names, years or keyboard patterns",
            "harder to guess, such as four words that have nothing to do with each other",
        )


class _Said:
    """Stands in for the password in the text of a refusal."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _refused(found: str, expected: str) -> InvalidValue:
    return InvalidValue("password", _Said(found), expected)


def _encoded(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
