"""Exports leave the event loop free."""

import threading
from pathlib import Path

from musearoo.conductor.world import Rules
from musearoo.domain.song import Song
from tests.doubles.house import ORIGIN, house


class Threads:
    """An exporter that notes where it runs."""

    format, media_type, suffix = "midi", "audio/midi", ".mid"

    def __init__(self) -> None:
        self.seen: list[threading.Thread] = []

    def export(self, song: Song) -> bytes:
        self.seen.append(threading.current_thread())
        return song.title.encode()


class TestWriting:
    async def test_a_long_song_does_not_hold_up_the_loop(self, tmp_path: Path) -> None:
        """Half a second of writing is not done where everyone else is served."""
        async with house(tmp_path, Rules(quotas=False)) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            record = await place.generated(ada, project)
            threads = Threads()
            place.world.exporters["midi"] = threads  # type: ignore[index]
            await place.conductor.exports.start(
                ada, project, "midi", b"{}", origin=ORIGIN, command=None
            )
            job = await place.world.store.write(
                lambda tx: tx.jobs.claim("me", place.world.clock.now(), 10.0, ("export",))
            )
            assert job is not None
            await place.conductor.exports.perform(job, lambda _share: None, None)  # type: ignore[arg-type]
            await place.conductor.songs.take_as("midi", record.take)  # type: ignore[arg-type]
            assert len(threads.seen) == 2
            assert threading.main_thread() not in threads.seen
