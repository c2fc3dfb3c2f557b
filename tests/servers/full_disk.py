"""A process whose files may not grow for a while: writes are refused, then work again."""

import asyncio
import resource
import sys
from pathlib import Path
from typing import Any

from musearoo.domain.errors import Unavailable
from musearoo.storage.sqlite import SqliteStore


async def main(path: Path) -> None:
    store: Any = SqliteStore(path)
    await store.write(lambda tx: tx.quotas.save({"before": b""}))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    room = path.with_name(path.name + "-wal").stat().st_size + 200_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    kept = {"before"}
    refused = 0
    for turn in range(40):
        names = [f"{turn}-{n}" for n in range(5)]
        writes = [store.write(lambda tx, k=k: tx.quotas.save({k: b"x" * 3000})) for k in names]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        for name, outcome in zip(names, outcomes, strict=True):
            if outcome is None:
                kept.add(name)
            elif isinstance(outcome, Unavailable):
                refused += 1
            else:
                raise AssertionError(repr(outcome))
    assert refused > 0, "the limit was never reached"
    assert kept == set(await store.read(lambda tx: tx.quotas.load())), "acknowledged != stored"
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await store.write(lambda tx: tx.quotas.save({"after": b""}))
    assert kept | {"after"} == set(await store.read(lambda tx: tx.quotas.load()))
    await store.close()
    print("recovered")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
