"""Each command through every door gives the same answers and the same events, number by number."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from musearoo.codecs.events import envelope
from musearoo.conductor.world import Rules
from musearoo.domain.analysis import Analysis
from musearoo.domain.commands import COMMANDS
from musearoo.domain.ids import AnalysisId, AssetId, GenerationId, ProjectId, UserId
from musearoo.domain.permissions import Access, Grant, Permission
from musearoo.domain.records import AnalysisRecord, Asset
from tests.doubles.clock import SteppedClock
from tests.doubles.house import ORIGIN, PASSWORD, House, house
from tests.parity.doors import DOORS, Answer, Door, Wish
from tests.parity.script import SCRIPT, Memory, Step
from tests.waiting import PATIENCE

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass
class Performance:
    """What came of the script at one door."""

    answers: list[Answer] = field(default_factory=list)
    repeats: list[Answer] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)


async def perform(folder: Path, way: Callable[[], Door]) -> Performance:
    clock, done, memory = SteppedClock(), Performance(), Memory()
    async with house(folder, Rules(quotas=False), clock=clock) as place:
        login = await place.conductor.accounts.register("ann@example.org", "ann", PASSWORD, ORIGIN)
        actor = await place.conductor.gate.actor(login.access_token)
        project = await place.project(actor)
        memory["given"] = {"analysis": await _analysis(place, actor.user, project)}
        door = way()
        await door.open(place, actor, login.access_token, project)
        for number, step in enumerate(SCRIPT.steps):
            wish = Wish(step.name, step.args(memory), f"step:{number}", step.at)
            answer = await door.send(wish)
            memory[str(number)] = answer.ack or {}
            done.answers.append(answer)
            if wish.args.get("quality_target") != "quality":  # that is a job, and none is done here
                await _ended(place, answer)
            done.repeats.append(await door.send(wish))
            await clock.advance(0.3)
        await door.close()
        access = Access(Grant(project, actor.user, frozenset(Permission)))
        _, events = await place.conductor.sessions.events(access, epoch=None, after=0, limit=1_000)
        done.events = [msgspec.to_builtins(envelope(event)) for event in events]
    return done


async def _ended(place: House, answer: Answer) -> None:
    generation = (answer.ack or {}).get("generation_id")
    if generation is not None:
        await place.conductor.performance.ended(GenerationId(generation), PATIENCE)


async def _analysis(place: House, owner: UserId, project: ProjectId) -> str:
    world = place.world
    asset = Asset(
        id=AssetId(world.ids.new()), project=project, owner=owner, kind="upload",
        name="riff.wav", media_type="audio/wav", created_at=world.clock.now(),
    )  # fmt: skip
    heard = Analysis(depth="quick", duration=4.0, tempo=100.0, beats=(0.0, 0.6, 1.2, 1.8))
    record = AnalysisRecord(
        id=AnalysisId(world.ids.new()), project=project, user=owner, asset=asset.id,
        depth="quick", features=(), status="completed", created_at=world.clock.now(),
        result=msgspec.json.encode(heard),
    )  # fmt: skip
    await world.store.write(lambda tx: tx.work.insert_asset(asset))
    await world.store.write(lambda tx: tx.work.insert_analysis(record))
    return record.id


def same_names(told: object) -> Any:
    """The same with ids named in the order in which they came."""
    names: dict[str, str] = {}
    text = json.dumps(told, default=msgspec.to_builtins)
    return json.loads(_UUID.sub(lambda found: names.setdefault(found[0], f"id-{len(names)}"), text))


@pytest.fixture(scope="module")
def performances(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Performance]:
    return {
        name: asyncio.run(perform(tmp_path_factory.mktemp("parity"), way))
        for name, way in DOORS.items()
    }


def test_the_script_has_every_command() -> None:
    """A new command fails here until the script does it, and until a door refuses it once."""
    assert set(COMMANDS) == {step.name for step in SCRIPT.steps}
    assert set(COMMANDS) == {step.name for step in SCRIPT.steps if step.refused is None}


@pytest.mark.parametrize("door", DOORS)
def test_each_step_ends_as_the_script_says(performances: dict[str, Performance], door: str) -> None:
    """What should be done is done, and a refusal has its code."""
    ended = [answer.refused for answer in performances[door].answers]
    wanted = [step.refused for step in SCRIPT.steps]
    assert [] == [
        (number, SCRIPT.steps[number].name, was, should)
        for number, (was, should) in enumerate(zip(ended, wanted, strict=True))
        if was != should
    ]


@pytest.mark.parametrize("door", [name for name in DOORS if name != "rest"])
def test_answers_and_events_are_those_of_rest(
    performances: dict[str, Performance], door: str
) -> None:
    """The same list of events with the same numbers, and the same acknowledgements."""
    here, rest = performances[door], performances["rest"]
    for mine, theirs in zip(same_names(here.events), same_names(rest.events), strict=False):
        assert theirs == mine
    assert len(rest.events) == len(here.events) > len(SCRIPT.steps) - 10
    assert same_names([a.ack for a in rest.answers]) == same_names([a.ack for a in here.answers])
    assert [a.refused for a in rest.answers] == [a.refused for a in here.answers]


@pytest.mark.parametrize("door", DOORS)
def test_a_repeat_is_answered_alike_and_done_once(
    performances: dict[str, Performance], door: str
) -> None:
    """Sent twice with one id, a command has one cause in the events and one answer."""
    done = performances[door]
    for step, first, again in zip(SCRIPT.steps, done.answers, done.repeats, strict=True):
        assert first == again, step.name
    caused = [event["cause"] for event in done.events if event.get("cause")]
    made = {cause: caused.count(cause) for cause in caused}
    several = _of_several(SCRIPT.steps)
    assert {1} == {count for cause, count in made.items() if cause not in several}


def _of_several(steps: list[Step]) -> set[str]:
    """The causes of more than one event.

    A generation is followed by its bars, another tempo while the transport plays by its place.
    """
    playing = {"generate", "regenerate", "adopt_analysis", "undo"}
    return {f"step:{number}" for number, step in enumerate(steps) if step.name in playing}
