"""A server that only keeps its workers busy: `python -m tests.doubles.worker_server ACT FOLDER`.

Prints the process ids of its workers as soon as they work, then waits to be killed.
"""

import asyncio
import sys
from pathlib import Path

from musearoo.app.tasks import Tasks
from tests.doubles.pools import command, fragile, patient, running
from tests.doubles.worker import ACTING
from tests.waiting import until

PIDS = "pids"


async def serve(act: str, folder: Path) -> None:
    tasks, run = Tasks(), fragile(act, bars=200)
    async with running(patient(command(folder))) as pool:
        await asyncio.gather(*(crew.manned() for crew in pool.crews() if crew.plan.size))
        for lane in ("interactive", "durable"):
            tasks(pool.play(run, lane=lane, on_bar=lambda _bar: None), name="play")
        await until(lambda: len(list(folder.glob(f"{ACTING}-*"))) == 2, "two that act")
        print(PIDS, *(pid for crew in pool.crews() for pid in crew.pids), flush=True)
        await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
