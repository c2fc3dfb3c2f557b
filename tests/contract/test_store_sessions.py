"""`SessionRows`: session heads and their event log, on both databases."""

import asyncio

import pytest

from musearoo.domain.errors import Conflict, NotFound
from tests.contract.making import SONG, event, project, session, with_song


class TestEvents:
    async def test_log_comes_back_in_order_after_a_number(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.sessions.append([event(2), event(1)]))
        await store.write(lambda tx: tx.sessions.append([event(3, user=None, cause="cmd")]))

        assert [event(1), event(2), event(3, user=None, cause="cmd")] == await store.read(
            lambda tx: tx.sessions.events_after(SONG, 0, 10)
        )
        assert [event(2)] == await store.read(lambda tx: tx.sessions.events_after(SONG, 1, 1))
        assert [] == await store.read(lambda tx: tx.sessions.events_after(SONG, 3, 10))

    async def test_number_taken_twice_conflicts_and_keeps_nothing_of_the_batch(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.sessions.append([event(1), event(2)]))
        with pytest.raises(Conflict):
            await store.write(
                lambda tx: tx.sessions.append([event(3), event(2, body=b"other"), event(4)])
            )

        assert [event(1), event(2)] == await store.read(
            lambda tx: tx.sessions.events_after(SONG, 0, 10)
        )

    async def test_many_at_once_are_all_there_or_none(self, store) -> None:
        """More than go into one statement; in the last of them a number is taken."""
        await with_song(store)
        await store.write(lambda tx: tx.sessions.append([event(n) for n in range(1, 71)]))
        with pytest.raises(Conflict):
            await store.write(
                lambda tx: tx.sessions.append([event(n) for n in [*range(71, 140), 70]])
            )

        assert [event(n) for n in range(1, 71)] == await store.read(
            lambda tx: tx.sessions.events_after(SONG, 0, 1_000)
        )

    async def test_a_swallowed_conflict_still_undoes_the_work(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.sessions.append([event(1)]))

        def careless(tx):
            try:
                tx.sessions.append([event(2), event(1)])
            except Conflict:
                return

        with pytest.raises(Conflict):
            await store.write(careless)
        assert 1 == await store.read(lambda tx: tx.sessions.last_seq(SONG))

    async def test_of_many_who_take_one_number_one_gets_it(self, store) -> None:
        await with_song(store)
        answers = await asyncio.gather(
            *(
                store.write(lambda tx, n=n: tx.sessions.append([event(1, body=b"%d" % n)]))
                for n in range(10)
            ),
            return_exceptions=True,
        )

        assert 1 == answers.count(None)
        won = answers.index(None)
        assert [event(1, body=b"%d" % won)] == await store.read(
            lambda tx: tx.sessions.events_after(SONG, 0, 10)
        )

    async def test_sessions_number_apart(self, store) -> None:
        await with_song(store)

        def fill(tx):
            tx.projects.insert(project("other"))
            tx.sessions.insert(session("other"))
            tx.sessions.append([event(1), event(1, "other"), event(2, "other")])

        await store.write(fill)
        assert (1, 2) == await store.read(
            lambda tx: (tx.sessions.last_seq(SONG), tx.sessions.last_seq("other"))
        )

    async def test_event_without_a_session_is_not_found(self, store) -> None:
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.sessions.append([event(1)]))

    async def test_nothing_appended_is_nothing(self, store) -> None:
        await store.write(lambda tx: tx.sessions.append([]))


class TestHead:
    async def test_head_follows_the_log_and_state_what_was_saved(self, store) -> None:
        await with_song(store)
        assert session() == await store.read(lambda tx: tx.sessions.get(SONG))

        await store.write(lambda tx: tx.sessions.append([event(1), event(2), event(3)]))
        await store.write(lambda tx: tx.sessions.save_state(SONG, "e1", 2, b"s2"))

        assert session(seq=3, state_seq=2, state=b"s2") == await store.read(
            lambda tx: tx.sessions.get(SONG)
        )

    async def test_saved_state_counts_without_a_log(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.sessions.save_state(SONG, "e1", 9, b"s9"))

        assert 9 == await store.read(lambda tx: tx.sessions.last_seq(SONG))

    async def test_older_state_does_not_replace_newer(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.sessions.save_state(SONG, "e1", 9, b"s9"))
        await store.write(lambda tx: tx.sessions.save_state(SONG, "e0", 8, b"s8"))

        head = await store.read(lambda tx: tx.sessions.get(SONG))
        assert session(seq=9, state_seq=9, state=b"s9") == head

    async def test_new_epoch_changes_nothing_else(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.sessions.set_epoch(SONG, "e2"))

        assert session(epoch="e2") == await store.read(lambda tx: tx.sessions.get(SONG))

    async def test_project_has_one_session(self, store) -> None:
        await with_song(store)
        with pytest.raises(Conflict):
            await store.write(lambda tx: tx.sessions.insert(session(epoch="again")))

    async def test_unknown_session_is_none_zero_or_not_found(self, store) -> None:
        assert await store.read(lambda tx: tx.sessions.get(SONG)) is None
        assert 0 == await store.read(lambda tx: tx.sessions.last_seq(SONG))
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.sessions.save_state(SONG, "e1", 1, b""))
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.sessions.set_epoch(SONG, "e1"))
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.sessions.insert(session()))


class TestFinding:
    async def test_last_numbers_of_many_leave_out_what_is_gone(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.sessions.append([event(1), event(2)]))
        assert {SONG: 2} == await store.read(lambda tx: tx.sessions.last_seqs([SONG, "missing"]))
        assert {} == await store.read(lambda tx: tx.sessions.last_seqs([]))

    async def test_last_numbers_of_many_count_heads_without_a_log(self, store) -> None:
        await with_song(store)

        def fill(tx):
            tx.projects.insert(project("other"))
            tx.sessions.insert(session("other"))
            tx.sessions.save_state("other", "e1", 9, b"s9")

        await store.write(fill)
        assert {SONG: 0, "other": 9} == await store.read(
            lambda tx: tx.sessions.last_seqs([SONG, "other"])
        )

    async def test_rows_that_name_a_cause_in_column_or_body(self, store) -> None:
        await with_song(store)
        rows = [
            event(1, at=10.0, cause="c:1"), event(2, at=20.0, cause="c:12"),
            event(3, at=30.0, cause=None, body=b"\xc1..\xa3c:1.."),
        ]  # fmt: skip
        await store.write(lambda tx: tx.sessions.append(rows))

        async def named(cause: str, since: float) -> list[int]:
            found = await store.read(lambda tx: tx.sessions.naming(SONG, cause, since))
            return sorted(row.seq for row in found)

        assert [1, 3] == await named("c:1", 0.0)
        assert [3] == await named("c:1", 25.0)
        assert [] == await named("c:13", 0.0)
