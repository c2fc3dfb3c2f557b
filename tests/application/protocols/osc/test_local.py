"""Local mode: what runs on this machine plays in the session that its owner opened."""

from musearoo.domain.events import GenerationCompleted, ParameterSet
from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.permissions import Actor
from musearoo.protocols.osc.options import LOCAL_PEERS
from tests.doubles.house import ORIGIN
from tests.doubles.osc_stage import Device, Stage


async def owner_of(stage: Stage) -> Actor:
    login = await stage.place.conductor.accounts.login_local(ORIGIN)
    return await stage.place.conductor.gate.actor(login.access_token)


async def opened(stage: Stage) -> tuple[Actor, ProjectId, Device]:
    """The owner with a project open, and a program on this machine."""
    owner = await owner_of(stage)
    project = await stage.place.project(owner)
    await stage.place.conductor.pairings.opened(owner, SessionId(project))
    return owner, project, stage.device("127.0.0.1")


async def test_a_parameter_is_set_and_told(local: Stage) -> None:
    """The founding document's first message: a value arrives, and the one in force comes back."""
    _, project, device = await opened(local)
    device.send("/musearoo/drums/complexity", 0.7)
    value = await device.hears("/musearoo/drums/complexity/echo")
    assert round(float(value[0]), 6) == 0.7  # type: ignore[arg-type]
    owner = await local.place.conductor.sessions.open(SessionId(project))
    assert owner.state.parameters == {"drums/complexity": 0.7}


async def test_a_take_is_played_and_told(local: Stage) -> None:
    """`/musearoo/generate/drums 0.7 funk` plays with these values and answers when it is there."""
    owner, project, device = await opened(local)
    device.send("/musearoo/generate/drums", 0.7, "funk")
    confidence, milliseconds, take = await device.hears("/musearoo/drums/generated")
    assert 0 < float(confidence) <= 1  # type: ignore[arg-type]
    assert isinstance(milliseconds, int)
    state = (await local.place.conductor.sessions.open(SessionId(project))).state
    assert state.parts["drums"].selected == take
    assert state.parameters == {}  # a request never changes the project's values
    events = await local.events(owner, project)
    assert any(isinstance(each, GenerationCompleted) and each.take_id == take for each in events)


async def test_nothing_open_is_said(local: Stage) -> None:
    """Without an open session the sender is told so, in the contract's word."""
    device = local.device("127.0.0.1")
    device.send("/musearoo/drums/complexity", 0.7)
    code, text = await device.hears("/musearoo/error")
    assert code == "no_session"
    assert "open one" in str(text)


async def test_the_latest_session_counts(local: Stage) -> None:
    """Whoever opens another session plays there from then on."""
    owner, first, device = await opened(local)
    device.send("/musearoo/drums/complexity", 0.1)
    await device.hears("/musearoo/drums/complexity/echo")
    second = await local.place.project(owner, "Another")
    await local.place.conductor.pairings.opened(owner, SessionId(second))
    device.send("/musearoo/bass/complexity", 0.9)
    await device.hears("/musearoo/bass/complexity/echo")
    kept = [type(each) for each in await local.events(owner, first)]
    assert kept == [ParameterSet]
    assert [type(each) for each in await local.events(owner, second)] == [ParameterSet]


async def test_the_network_stays_outside(local: Stage) -> None:
    """Local mode opens nothing to other machines, nor to another person's session."""
    await opened(local)
    other = await local.place.person("other")
    theirs = await local.place.project(other)
    await local.place.conductor.pairings.opened(other, SessionId(theirs))
    stranger, here = local.device("192.0.2.9"), local.device("127.0.0.1", 9100)
    stranger.send("/musearoo/drums/complexity", 0.7)
    here.send("/musearoo/drums/intensity", 0.2)
    await here.hears("/musearoo/drums/intensity/echo")
    assert await local.events(other, theirs) == []
    assert not stranger.heard


async def test_feedback_goes_where_a_program_listens(local: Stage) -> None:
    """`/musearoo/hello PORT` moves feedback to that port and tells every value in force."""
    _, _, device = await opened(local)
    device.send("/musearoo/drums/complexity", 0.7)
    await device.hears("/musearoo/drums/complexity/echo")
    elsewhere = local.device("127.0.0.1", 9001, listens=9002)
    device.send("/musearoo/hello", 9002.0)  # Pure Data has no integers
    value = await elsewhere.hears("/musearoo/drums/complexity/echo")
    assert round(float(value[0]), 6) == 0.7  # type: ignore[arg-type]
    assert await elsewhere.hears("/musearoo/session/key/echo") == ("C major",)


async def test_a_listener_follows_to_the_next_session(local: Stage) -> None:
    """Who said hello and only listens hears the session that was opened last, from its start."""
    owner, _, device = await opened(local)
    device.send("/musearoo/hello")
    await device.hears("/musearoo/session/key/echo")
    second = await local.place.project(owner, "Another")
    await local.place.do(
        owner, second, "set_parameter", {"path": "session/key", "value": "E minor"}
    )
    await local.place.conductor.pairings.opened(owner, SessionId(second))
    assert await device.hears("/musearoo/session/key/echo", 2) == ("E minor",)


async def test_a_deleted_project_is_no_session(local: Stage) -> None:
    """What played there is told so, and other sessions go on."""
    owner, project, device = await opened(local)
    device.send("/musearoo/drums/complexity", 0.25)
    await device.hears("/musearoo/drums/complexity/echo")
    await local.place.conductor.projects.delete(owner, project, ORIGIN)
    device.send("/musearoo/drums/complexity", 0.5)
    assert (await device.hears("/musearoo/error"))[0] == "no_session"


async def test_programs_of_this_machine_are_bounded(local: Stage) -> None:
    """A script that sends from a new port each time takes no room; who listens keeps its own."""
    _, _, listener = await opened(local)
    listener.send("/musearoo/hello")
    await listener.hears("/musearoo/session/key/echo")
    for port in range(20_000, 20_200):
        local.device("127.0.0.1", port).send("/musearoo/drums/complexity", 0.25)
    assert len(local.door.peers) == LOCAL_PEERS
    assert local.door.peers.known(listener.source) is not None
    await listener.hears("/musearoo/drums/complexity/echo")


async def test_silence_ends_feedback(local: Stage) -> None:
    """A source on this machine that has gone quiet is forgotten, so that no port hears for ever."""
    _, _, device = await opened(local)
    device.send("/musearoo/ping")
    await device.hears("/musearoo/pong")
    peers = local.door.peers
    assert len(peers) == 1
    peers.sweep(local.door.clock.monotonic() + 31)
    assert len(peers) == 0
