"""A process that writes without end and says, line by line, what was acknowledged."""

import asyncio
import itertools
import sys
from pathlib import Path

from musearoo.storage.opening import open_store
from tests.contract.making import audit_entry


async def main(url: str, folder: Path, first: int) -> None:
    store = open_store(url, folder)
    numbers = itertools.count(first)
    print("open", flush=True)

    async def write() -> None:
        for number in numbers:
            entry = audit_entry(str(number))
            await store.write(lambda tx, entry=entry: tx.audit.append(entry))  # type: ignore[misc]
            print(number, flush=True)

    await asyncio.gather(*(write() for _ in range(16)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
