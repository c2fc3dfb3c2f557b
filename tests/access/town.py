"""A small town for the access tests: people with every relation to a project, and its things."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from musearoo.conductor.world import Rules
from musearoo.domain.ids import (
    AnalysisId,
    AssetId,
    CommandId,
    ExportId,
    FamilyId,
    ProjectId,
    UserId,
)
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Actor, Permission
from musearoo.domain.records import AnalysisRecord, Asset, Collaborator
from musearoo.security.ambient import SystemRandom, Uuid7Ids
from tests.doubles.house import PASSWORD, House, house
from tests.waiting import PATIENCE

ORIGIN = Origin("rest", "192.0.2.0/24", "correlation", "test")
RULES = Rules(quotas=False, analyze_wait=0.01, generate_wait=PATIENCE)
MEMBERS = {
    "viewer": frozenset({Permission.VIEW}),
    "editor": frozenset({Permission.VIEW, Permission.EDIT}),
    "player": frozenset({Permission.VIEW, Permission.GENERATE}),
    "exporter": frozenset({Permission.VIEW, Permission.EXPORT}),
    "partner": frozenset(Permission),
}
STRANGERS = ("stranger", "former", "neighbour")
NOBODIES = ("anonymous", "garbled", "expired", "revoked")
PEOPLE = ("owner", *MEMBERS, *STRANGERS)


@dataclass(frozen=True)
class Things:
    """Everything of one project that a route may name."""

    project: str
    generation: str
    take: str
    analysis: str
    export: str
    asset: str
    member: str


@dataclass
class Town:
    """A stored house and who is in it."""

    folder: Path
    tokens: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    things: dict[str, Things] = field(default_factory=dict)


def reopened(folder: Path) -> AbstractAsyncContextManager[House]:
    """The house of the town, in which more can be made."""
    return house(folder, RULES, Uuid7Ids(), SystemRandom())


def build(folder: Path) -> Town:
    """Build the town in a folder and leave it there."""
    return asyncio.run(_build(folder))


async def _build(folder: Path) -> Town:
    town = Town(folder)
    async with reopened(folder) as place:
        actors = {}
        for number, name in enumerate((*PEOPLE, "leaver")):
            actors[name] = await _settle(place, town, name, number)
        await _nobodies(place, town)
        owner = actors["owner"]
        town.things["private"] = await _project(place, town, owner, is_public=False)
        town.things["public"] = await _project(place, town, owner, is_public=True)
        town.things["own"] = await _project(place, town, actors["neighbour"], is_public=False)
        await _members(place, town, actors)
    town.things["missing"] = missing()
    return town


def missing() -> Things:
    """Things that never were."""
    ids = Uuid7Ids()
    return Things(*(ids.new() for _ in range(7)))


async def fresh_project(place: House, owner: Actor, town: Town) -> Things:
    """Another private project of the owner with the same members, to be destroyed."""
    things = await _project(place, town, owner, is_public=False)
    for name, rights in MEMBERS.items():
        await place.world.store.write(
            lambda tx, name=name, rights=rights: tx.projects.put_collaborator(  # type: ignore[misc]
                _collaborator(things.project, town.users[name], rights)
            )
        )
    return things


async def _settle(place: House, town: Town, name: str, number: int) -> Actor:
    origin = msgspec.structs.replace(ORIGIN, source=f"192.0.{number}.0/24")
    login = await place.conductor.accounts.register(
        f"{name}@example.org", f"{name}-person", PASSWORD, origin
    )
    town.tokens[name] = login.access_token
    town.users[name] = login.user.id
    return await place.conductor.gate.actor(login.access_token)


async def _nobodies(place: House, town: Town) -> None:
    accounts = place.conductor.accounts
    other = await accounts.login("owner@example.org", PASSWORD, remember_me=False, origin=ORIGIN)
    await accounts.logout(await place.conductor.gate.actor(other.access_token), ORIGIN)
    town.tokens["revoked"] = other.access_token
    signature = town.tokens["owner"].rpartition(".")[2]
    town.tokens["garbled"] = town.tokens["owner"].removesuffix(signature) + signature[::-1]
    before = place.world.clock.now() - 3600
    owner = UserId(town.users["owner"])
    living = (await accounts.logins(await place.conductor.gate.actor(town.tokens["owner"])))[0]
    expired, _ = place.world.tokens.access(owner, FamilyId(living.id), before)
    town.tokens["expired"] = expired


async def _project(place: House, town: Town, owner: Actor, *, is_public: bool) -> Things:
    conductor = place.conductor
    project = await conductor.projects.create(
        owner, "Riff", None, is_public=is_public, command=None
    )
    generated = await place.generated(owner, project, bars=1)
    export = await conductor.exports.start(
        owner, project, "midi", b"{}", origin=ORIGIN, command=CommandId(f"export-{project}")
    )
    asset = await _upload(place, owner, project)
    analysis = await _analysis(place, owner, project, asset)
    assert generated.take is not None
    return Things(
        project=project,
        generation=generated.id,
        take=generated.take,
        analysis=analysis,
        export=ExportId(export.id),
        asset=asset,
        member=town.users["viewer"],
    )


async def _upload(place: House, owner: Actor, project: ProjectId) -> AssetId:
    key = await place.world.blobs.put(f"a recording of {project}".encode())
    asset = Asset(
        id=AssetId(place.world.ids.new()),
        project=project,
        owner=owner.user,
        kind="upload",
        name="riff.wav",
        media_type="audio/wav",
        created_at=place.world.clock.now(),
        blob=key,
        size=40,
    )
    await place.world.store.write(lambda tx: tx.work.insert_asset(asset))
    return asset.id


async def _analysis(place: House, owner: Actor, project: ProjectId, asset: AssetId) -> AnalysisId:
    record = AnalysisRecord(
        id=AnalysisId(place.world.ids.new()),
        project=project,
        user=owner.user,
        asset=asset,
        depth="quick",
        features=(),
        status="queued",
        created_at=place.world.clock.now(),
    )
    await place.world.store.write(lambda tx: tx.work.insert_analysis(record))
    return record.id


async def _members(place: House, town: Town, actors: dict[str, Actor]) -> None:
    private = ProjectId(town.things["private"].project)
    conductor = place.conductor
    for name, rights in {**MEMBERS, "former": frozenset({Permission.VIEW})}.items():
        invited = await conductor.collaboration.invite(
            actors["owner"], private, f"{name}@example.org", rights, None, origin=ORIGIN
        )
        secret = invited.url.partition("#join=")[2]
        await conductor.collaboration.join(actors[name], secret, origin=ORIGIN)
    await conductor.collaboration.remove(actors["owner"], private, actors["former"].user, ORIGIN)


def _collaborator(project: str, user: str, rights: frozenset[Permission]) -> Collaborator:
    return Collaborator(
        project=ProjectId(project), user=UserId(user), permissions=rights, joined_at=0.0
    )
