"""Time, ids and secrets that a test decides."""

from itertools import count


class CountedIds:
    """Ids in the form of UUIDs that count up."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self) -> str:
        return f"00000000-0000-7000-8000-{next(self._numbers):012x}"


class CountedRandom:
    """Secrets and seeds that count up."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def secret(self) -> str:
        return f"secret-{next(self._numbers):036d}"

    def seed(self) -> int:
        return next(self._numbers)
