"""Housekeeping: old answers and leftover files go, everything else stays."""

import os
import time
from functools import partial
from pathlib import Path

from musearoo.app.housekeeping import tidy
from musearoo.conductor.repeats import KEPT_SECONDS
from musearoo.domain.ids import CommandId, UserId
from musearoo.domain.records import Answer
from musearoo.ports.store import Transaction
from musearoo.storage.blobs import LocalBlobs
from tests.doubles.house import house


async def test_answers_live_a_day_and_leftover_files_an_hour(tmp_path: Path) -> None:
    """A day-old answer and a file that nothing refers to are removed; young ones are not."""
    async with house(tmp_path) as place:
        ada = await place.person("ada")
        now = time.time()
        blobs = place.world.blobs
        assert isinstance(blobs, LocalBlobs)
        old, young = await blobs.put(b"old leftover"), await blobs.put(b"young leftover")
        os.utime(blobs.path(old) or "", (now - 7200, now - 7200))
        for command, age in (("old", KEPT_SECONDS + 60), ("young", 60.0)):
            await place.world.store.write(partial(_put, ada.user, command, now - age))
        await tidy(place.world.store, blobs, now)
        left = [
            await place.world.store.read(partial(_found, ada.user, command))
            for command in ("old", "young")
        ]
        assert left == [False, True]
        kept = [os.path.exists(blobs.path(key) or "") for key in (old, young)]  # noqa: ASYNC240, PTH110
        assert kept == [False, True]


def _put(user: UserId, command: str, at: float, tx: Transaction) -> None:
    answer = Answer(user=user, command=CommandId(command), body_hash="h", body=b"{}", created_at=at)
    tx.answers.put(answer)


def _found(user: UserId, command: str, tx: Transaction) -> bool:
    return tx.answers.find(user, CommandId(command), 0) is not None
