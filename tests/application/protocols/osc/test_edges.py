"""Edges of the OSC door: its own port, values that came late, devices that pair again or left."""

from pathlib import Path

from musearoo.codecs.osc import Message, encode
from musearoo.conductor.world import Rules
from musearoo.domain.ids import SessionId
from musearoo.domain.permissions import Actor
from musearoo.ports.hub import Deliver
from musearoo.ports.leading import LiveStatus
from musearoo.ports.osc import Source
from musearoo.protocols.osc.bucket import Bucket
from musearoo.protocols.osc.options import LANE, LOCAL_SECONDS, OscOptions
from tests.doubles.clock import SteppedClock
from tests.doubles.house import ORIGIN, house
from tests.doubles.osc_stage import Device, Stage
from tests.waiting import until


async def at_home(stage: Stage) -> tuple[Actor, SessionId, Device]:
    """The local owner, the session that they opened, and a program on this machine."""
    conductor = stage.place.conductor
    login = await conductor.accounts.login_local(ORIGIN)
    owner = await conductor.gate.actor(login.access_token)
    session = SessionId(await stage.place.project(owner))
    await conductor.pairings.opened(owner, session)
    return owner, session, stage.device("127.0.0.1")


async def played_out(stage: Stage, clock: SteppedClock) -> None:
    """Let time pass until all that was sent has been carried out."""

    async def is_idle() -> bool:
        await clock.advance(0.01)
        return stage.is_idle

    await until(is_idle, "the end of all work")


async def test_the_server_does_not_talk_to_itself(local: Stage) -> None:
    """A program that names the server's own port for its answers is told, at its own."""
    _, _, device = await at_home(local)
    device.send("/musearoo/hello", 8765)
    assert (await device.hears("/musearoo/error"))[0] == "invalid_value"
    device.send("/musearoo/hello")
    await device.hears("/musearoo/drums/complexity/echo")
    assert all(source.port == device.source.port for source, _ in local.sent)
    own = Source("udp", "127.0.0.1", 8765)
    assert not local.door.admit(own, encode(Message("/musearoo/note/1", (60, 100))))


async def test_pairing_with_the_servers_own_port_is_no_loop(local: Stage) -> None:
    """A code that comes with the server's port from this machine pairs the port it came from."""
    owner, session, device = await at_home(local)
    code, _ = await local.place.conductor.pairings.code(owner, session, origin=ORIGIN)
    device.send("/musearoo/pair", code, 8765)
    await device.hears("/musearoo/pair")


async def test_a_value_that_waits_does_not_undo_a_later_one(tmp_path: Path) -> None:
    """Too fast, then slower: the last value counts, not the one that had to wait."""
    clock = SteppedClock()
    async with house(tmp_path, clock=clock) as place:
        stage = Stage(place)
        ana = await place.person("ana")
        project = await place.project(ana)
        device = await stage.paired(ana, project)
        await clock.advance(1)
        for _ in range(200):
            device.send("/musearoo/drums/complexity", 0.125)
        device.send("/musearoo/drums/complexity", 0.25)  # beyond the pace
        await clock.advance(0.003)
        device.send("/musearoo/drums/complexity", 0.75)
        await played_out(stage, clock)
        state = (await place.conductor.sessions.open(SessionId(project))).state
        assert state.parameters == {"drums/complexity": 0.75}
        stage.door.close()


async def test_a_connection_may_pair_again(stage: Stage) -> None:
    """A second code takes a TCP device to another session and leaves its connection open."""
    ana = await stage.place.person("ana")
    device = stage.device()
    device.source = device.listens = Source("tcp", "192.0.2.7", 9001, 1)
    stage.adopt(device)
    await stage.paired(ana, await stage.place.project(ana), device)
    other = await stage.place.project(ana)
    code, _ = await stage.place.conductor.pairings.code(ana, SessionId(other), origin=ORIGIN)
    device.send("/musearoo/pair", code)
    await device.hears("/musearoo/pair", 2)
    assert stage.closed == []
    device.send("/musearoo/ping")
    assert await device.hears("/musearoo/pong") == (other,)
    (report,) = stage.door.monitored(ana.user).sources
    assert report.session_id == SessionId(other)


class Hub:
    """Somewhere that messages to Live go, and who joined it."""

    def __init__(self) -> None:
        self.joined: set[str] = set()

    def join(self, peer: str, deliver: Deliver) -> None:
        self.joined.add(peer)

    def leave(self, peer: str) -> None:
        self.joined.discard(peer)

    def forward(self, peer: str, address: str, arguments: tuple[object, ...]) -> None:
        assert peer in self.joined, (address, arguments)


class BoundLive:
    """A Live that is bound to a session."""

    def __init__(self, session: SessionId) -> None:
        self.hub = Hub()
        self._session = session

    def status(self) -> LiveStatus:
        return LiveStatus(way="AbletonOSC", presence="here", session_id=self._session)


async def test_who_left_is_no_client_of_live(local: Stage) -> None:
    """The hub to Live forgets a device with its pairing, even if Live never answers it."""
    _, session, device = await at_home(local)
    live = BoundLive(session)
    local.place.conductor.leading.live = live  # type: ignore[assignment]  # as far as it is asked
    device.send("/live/song/set/metronome", 1)
    await local.until(lambda: bool(live.hub.joined), "the hub")
    device.send("/live/song/set/metronome", 0)
    await local.done()
    (peer,) = local.door.peers
    local.door.forget(peer)
    assert live.hub.joined == set()


async def test_work_that_stands_still_holds_little(local: Stage) -> None:
    """Controls that move while a command takes long wait with their latest value only."""
    _, _, device = await at_home(local)
    device.send("/musearoo/ping")
    await local.done()
    (peer,) = local.door.peers
    peer.working = True  # as if a command took long
    for step in range(150):
        peer.pace = Bucket(1_000, 200, 0)
        for part in ("drums", "bass"):
            device.send(f"/musearoo/{part}/complexity", step / 256)
        await local.quiet(0.006)
    assert len(peer.lane) <= LANE
    local.door.go_on(peer)
    await local.done()
    assert peer.dropped == 0
    state = (await local.place.conductor.sessions.open(peer.session or SessionId(""))).state
    assert state.parameters == {"drums/complexity": 149 / 256, "bass/complexity": 149 / 256}


async def test_the_owner_sees_who_speaks_before_a_session_is_open(local: Stage) -> None:
    """The monitor is where to look when nothing happens: also when nothing is open yet."""
    conductor = local.place.conductor
    login = await conductor.accounts.login_local(ORIGIN)
    owner = await conductor.gate.actor(login.access_token)
    local.device("127.0.0.1").send("/musearoo/drums/complexity", 0.5)
    await local.done()
    (report,) = (await conductor.pairings.monitored(owner)).sources
    assert [each.outcome for each in report.recent] == ["no_session"]
    other = await local.place.person("ben")
    assert (await conductor.pairings.monitored(other)).sources == ()


async def test_pairing_may_be_repeated(stage: Stage) -> None:
    """The answer to a code may be lost: sent again it is answered again, and is no wrong guess."""
    ana = await stage.place.person("ana")
    project = SessionId(await stage.place.project(ana))
    code, _ = await stage.place.conductor.pairings.code(ana, project, origin=ORIGIN)
    device = stage.device()
    for number in range(1, 9):
        device.send("/musearoo/pair", code)
        await device.hears("/musearoo/pair", number)
    assert len(stage.place.conductor.pairings.list_for(ana)) == 1
    stage.device("192.0.2.99").send("/musearoo/pair", code)
    await stage.quiet()
    assert len(stage.place.conductor.pairings.list_for(ana)) == 1


async def test_nothing_stays_open_for_who_left(local: Stage) -> None:
    """A device that went while its session was opened leaves no feed behind."""
    _, session, device = await at_home(local)
    device.send("/musearoo/ping")
    await local.done()
    (peer,) = local.door.peers
    local.door.forget(peer)
    assert len(local.door.feeds) == 0
    await local.door.feeds.enter(peer, session)
    assert len(local.door.feeds) == 0


async def test_what_waited_outlives_the_silence_of_its_sender(tmp_path: Path) -> None:
    """A bundle that a program of this machine sent ahead counts at its time, however silent."""
    clock = SteppedClock()
    rules = Rules(local_mode=True, quotas=False)
    async with house(tmp_path, rules, clock=clock) as place:
        stage = Stage(place, OscOptions(local_mode=True))
        _, session, device = await at_home(stage)
        device.send("/musearoo/ping")
        await stage.done()

        async def is_forgotten() -> bool:
            await clock.advance(LOCAL_SECONDS + 5)
            return not len(stage.door.peers)

        await until(is_forgotten, "the end of the device")
        stage.door.receive(device.source, (Message("/musearoo/drums/complexity", (0.25,)),))
        await played_out(stage, clock)
        state = (await place.conductor.sessions.open(session)).state
        assert state.parameters == {"drums/complexity": 0.25}
        stage.door.close()
