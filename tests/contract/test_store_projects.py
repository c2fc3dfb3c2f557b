"""`ProjectRows`: projects and the people in them, on both databases."""

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.errors import Conflict, InvalidValue, NotFound
from musearoo.domain.permissions import Permission
from musearoo.domain.records import ProjectFacts
from musearoo.storage.projects import LONGEST_SEARCH, containing, folded
from tests.contract.making import (
    ANN,
    BOB,
    SONG,
    access,
    analysis,
    asset,
    audit_entry,
    collaborator,
    event,
    export,
    generation,
    invitation,
    job,
    project,
    take,
    user,
    with_song,
)

replace = msgspec.structs.replace


class TestProjects:
    async def test_project_comes_back_as_it_was_stored(self, store) -> None:
        await store.write(lambda tx: tx.accounts.insert(user("ann")))
        full = project("song", description="in 7/8, 100 %", is_public=True, version=3)
        await store.write(lambda tx: tx.projects.insert(full))

        assert full == await store.read(lambda tx: tx.projects.get(access()))

    async def test_same_id_twice_conflicts(self, store) -> None:
        await with_song(store)
        with pytest.raises(Conflict):
            await store.write(lambda tx: tx.projects.insert(project("song", owner="bob")))

    async def test_project_of_an_unknown_account_is_not_found(self, store) -> None:
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.projects.insert(project()))

    async def test_update_keeps_owner_and_time_of_creation(self, store) -> None:
        await with_song(store)
        changed = project(
            "song", owner="bob", name="Later", description="d", is_public=True, version=2,
            created_at=5.0, updated_at=6.0, last_accessed_at=7.0,
        )  # fmt: skip
        await store.write(lambda tx: tx.projects.update(access(), changed))

        assert replace(changed, owner="ann", created_at=100.0) == await store.read(
            lambda tx: tx.projects.get(access())
        )

    async def test_of_two_updates_to_one_version_the_second_conflicts(self, store) -> None:
        await with_song(store)
        first, second = (project("song", name=name, version=2) for name in ("first", "second"))
        answers = await asyncio.gather(
            store.write(lambda tx: tx.projects.update(access(), first)),
            store.write(lambda tx: tx.projects.update(access(), second)),
            return_exceptions=True,
        )

        assert answers[0] is None
        assert isinstance(answers[1], Conflict)
        stored = await store.read(lambda tx: tx.projects.get(access()))
        assert "first" == stored.name

    async def test_update_of_a_missing_project_is_not_found(self, store) -> None:
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.projects.update(access(), project("song", version=2)))

    async def test_access_to_one_project_reaches_no_other(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.projects.insert(project("other", owner="bob")))
        await store.write(
            lambda tx: tx.projects.update(access("song"), project("other", name="x", version=2))
        )

        other = await store.read(lambda tx: tx.projects.get(access("other", "bob")))
        assert "other" == other.name

    async def test_facts_tell_owner_publicity_and_rights(self, store) -> None:
        await with_song(store)
        rights = (Permission.VIEW, Permission.GENERATE)
        await store.write(
            lambda tx: tx.projects.put_collaborator(collaborator("bob", "song", *rights))
        )

        assert ProjectFacts(ANN, False, frozenset(rights)) == await store.read(
            lambda tx: tx.projects.facts(SONG, BOB)
        )
        assert ProjectFacts(ANN, False, frozenset()) == await store.read(
            lambda tx: tx.projects.facts(SONG, ANN)
        )
        assert await store.read(lambda tx: tx.projects.facts("none", ANN)) is None


class TestList:
    async def test_own_and_shared_last_accessed_first_with_total(self, store) -> None:
        await with_song(store)

        def fill(tx):
            for n in range(5):
                tx.projects.insert(project(f"p{n}", last_accessed_at=200.0 + n // 2))
            tx.projects.insert(project("his", owner="bob", last_accessed_at=999.0))
            tx.projects.insert(project("shared", owner="bob", last_accessed_at=50.0))
            tx.projects.put_collaborator(collaborator("ann", "shared"))
            tx.projects.touch(access("song"), 300.0)

        await store.write(fill)

        async def page(limit: int, offset: int) -> tuple[list[str], int]:
            rows, total = await store.read(
                lambda tx: tx.projects.list_for(ANN, search=None, limit=limit, offset=offset)
            )
            return [row.id for row in rows], total

        everything = ["song", "p4", "p3", "p2", "p1", "p0", "shared"]
        assert (everything, 7) == await page(100, 0)
        assert (everything[2:4], 7) == await page(2, 2)
        assert ([], 7) == await page(2, 7)

    @pytest.mark.parametrize(
        ("search", "found"),
        [
            ("100%", ["percent"]),
            ("a_b", ["underscore"]),
            ("\\", ["backslash"]),
            ("STRASSE", ["sharp s"]),
            ("éTÉ", ["accents"]),
            ("e\u0301te\u0301", ["accents"]),
            ("in the description", ["described"]),
            ("%", ["percent"]),
            ("", ["accents", "backslash", "described", "percent", "sharp s", "underscore"]),
            ("nowhere", []),
        ],
    )
    async def test_search_is_literal_and_folds_case_in_any_script(
        self, store, search: str, found: list[str]
    ) -> None:
        names = {
            "percent": "100% funk",
            "underscore": "a_b",
            "backslash": "back\\slash",
            "sharp s": "Straße",
            "accents": "Été",
            "described": "axb",
        }

        def fill(tx):
            tx.accounts.insert(user("ann"))
            for name, text in names.items():
                words = "In The Description" if name == "described" else None
                tx.projects.insert(project(name, name=text, description=words))

        await store.write(fill)
        rows, total = await store.read(
            lambda tx: tx.projects.list_for(ANN, search=search, limit=100, offset=0)
        )
        assert (found, len(found)) == (sorted(row.id for row in rows), total)

    async def test_endless_search_is_refused(self, store) -> None:
        longest = "%" * LONGEST_SEARCH
        rows, _ = await store.read(
            lambda tx: tx.projects.list_for(ANN, search=longest, limit=1, offset=0)
        )
        assert [] == rows
        with pytest.raises(InvalidValue):
            await store.read(
                lambda tx: tx.projects.list_for(ANN, search=longest + "%", limit=1, offset=0)
            )

    async def test_renaming_changes_what_is_found(self, store) -> None:
        await with_song(store)
        await store.write(
            lambda tx: tx.projects.update(access(), project("song", name="Blues", version=2))
        )

        def found(tx, word):
            return tx.projects.list_for(ANN, search=word, limit=9, offset=0)[1]

        assert (1, 0) == await store.read(lambda tx: (found(tx, "bluES"), found(tx, "song")))

    @given(st.text(), st.text())
    def test_pattern_escapes_whatever_is_searched(self, around: str, wanted: str) -> None:
        """A pattern without its escapes is the folded text between two wildcards."""
        pattern = containing(wanted)
        plain = pattern[1:-1].replace("\\%", "%").replace("\\_", "_").replace("\\\\", "\\")
        assert folded(wanted) == plain
        assert folded(wanted) in folded(around) + folded(wanted)


class TestPeople:
    async def test_collaborators_come_with_their_accounts_in_order_of_joining(self, store) -> None:
        await with_song(store)

        def fill(tx):
            tx.accounts.insert(user("cy"))
            tx.projects.put_collaborator(replace(collaborator("bob"), joined_at=9.0))
            tx.projects.put_collaborator(replace(collaborator("cy"), joined_at=8.0))

        await store.write(fill)
        people = await store.read(lambda tx: tx.projects.collaborators(access()))
        assert [user("cy"), user("bob")] == [account for _, account in people]
        assert [8.0, 9.0] == [member.joined_at for member, _ in people]

    async def test_granting_again_changes_rights_and_keeps_the_time(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.projects.put_collaborator(collaborator("bob")))
        again = replace(collaborator("bob", "song", Permission.EDIT), joined_at=77.0)
        await store.write(lambda tx: tx.projects.put_collaborator(again))

        people = await store.read(lambda tx: tx.projects.collaborators(access()))
        assert [replace(again, joined_at=5.0)] == [member for member, _ in people]

    async def test_removal_tells_whether_there_was_somebody(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.projects.put_collaborator(collaborator("bob")))

        assert await store.write(lambda tx: tx.projects.remove_collaborator(access(), BOB)) is True
        assert await store.write(lambda tx: tx.projects.remove_collaborator(access(), BOB)) is False
        assert await store.read(lambda tx: tx.projects.collaborators(access())) == []

    async def test_invitation_is_accepted_once(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.projects.insert_invitation(invitation()))
        assert invitation() == await store.read(lambda tx: tx.projects.invitation("hash of inv"))

        answers = await asyncio.gather(
            *(store.write(lambda tx: tx.projects.accept_invitation("inv", 4.0)) for _ in range(5))
        )
        assert [True, False, False, False, False] == answers
        assert replace(invitation(), accepted_at=4.0) == await store.read(
            lambda tx: tx.projects.invitation("hash of inv")
        )


class TestDelete:
    async def test_project_takes_everything_along_and_leaves_audit(self, store) -> None:
        await with_song(store)

        def fill(tx):
            tx.projects.put_collaborator(collaborator("bob"))
            tx.projects.insert_invitation(invitation())
            tx.sessions.append([event(1), event(2)])
            tx.work.insert_asset(asset())
            tx.work.insert_analysis(analysis())
            tx.work.insert_generation(generation())
            tx.work.insert_take(take())
            tx.work.insert_export(export())
            tx.jobs.enqueue(job())
            tx.audit.append(audit_entry("project.delete"))

        def look(tx):
            return [
                tx.projects.facts(SONG, ANN),
                tx.projects.invitation("hash of inv"),
                tx.sessions.get(SONG),
                tx.work.asset("asset"),
                tx.work.analysis("analysis"),
                tx.work.generation("generation"),
                tx.work.take("take"),
                tx.work.export("export"),
                tx.jobs.get("job"),
            ]

        await store.write(fill)
        assert None not in await store.read(look)
        assert ["blob of asset"] == await store.write(lambda tx: tx.projects.delete(access()))

        assert [None] * 9 == await store.read(look)
        assert [] == await store.read(lambda tx: tx.sessions.events_after(SONG, 0, 10))
        assert [audit_entry("project.delete")] == await store.read(lambda tx: tx.audit.latest(9))
        assert await store.read(lambda tx: tx.accounts.get(ANN)) == user("ann")

    async def test_blobs_in_use_elsewhere_are_not_answered(self, store) -> None:
        await with_song(store)

        def fill(tx):
            tx.projects.insert(project("other", owner="bob"))
            tx.work.insert_asset(asset("a", blob="alone"))
            tx.work.insert_asset(asset("b", blob="alone"))
            tx.work.insert_asset(asset("c", blob="shared"))
            tx.work.insert_asset(asset("d", "other", blob="shared"))
            tx.work.insert_asset(asset("e", blob=None))

        await store.write(fill)
        assert ["alone"] == await store.write(lambda tx: tx.projects.delete(access()))

    async def test_second_delete_is_not_found(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.projects.delete(access()))
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.projects.delete(access()))
        with pytest.raises(NotFound):
            await store.read(lambda tx: tx.projects.get(access()))
