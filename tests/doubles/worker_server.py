"""A server that only keeps its workers busy: `python -m tests.doubles.worker_server ACT FOLDER`.

Prints the process ids of its workers as soon as they work, then waits to be killed.
"""

import asyncio
import sys
from pathlib import Path

from musearoo.app.tasks import Tasks
from tests.doubles.pools import command, fragile, running, settings

PIDS = "pids"


async def serve(act: str, folder: Path) -> None:
    tasks = Tasks()
    patient = settings(command(folder), interactive_patience=600.0, durable_patience=600.0)
    run = fragile(act, at=1, bars=200)
    async with running(patient) as pool:
        await asyncio.gather(*(crew.manned() for crew in pool.crews() if crew.plan.size))
        for lane in ("interactive", "durable"):
            begun = asyncio.Event()
            tasks(pool.play(run, lane=lane, on_bar=lambda _bar, b=begun: b.set()), name="play")
            await begun.wait()
        await asyncio.sleep(0.2)  # the bar of the act is being played by now, and never heard
        print(PIDS, *(pid for crew in pool.crews() for pid in crew.pids), flush=True)
        await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
