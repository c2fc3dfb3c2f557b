"""Who may connect, what becomes of broken connections, and what a stranger gets: nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from random import Random

import pytest

from musearoo.codecs.osc import FrameReader, Message, OscRefused, decode, encode, length_frame
from musearoo.domain.errors import Unavailable
from musearoo.live.link import Place, PresenceChanged
from musearoo.live.script.token import PROTOCOL, proof
from tests.application.live.script.stage import TOKEN, Stage, a_clip
from tests.waiting import PATIENCE

NONCE = "0123456789abcdef" * 2


class Peer:
    """A raw end of the conversation, as a script or as a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._frames = FrameReader()
        self._heard: list[Message] = []

    def say(self, address: str, *values: object) -> None:
        self.raw(length_frame(encode(Message(address, values))))  # type: ignore[arg-type]

    def raw(self, octets: bytes) -> None:
        self._writer.write(octets)

    async def hear(self) -> Message:
        """The next message; raises EOFError at the end of the connection."""
        async with asyncio.timeout(PATIENCE):
            while not self._heard:
                piece = await self._reader.read(65536)
                if not piece:
                    raise EOFError
                packets = self._frames.feed(piece)
                self._heard += [m for m in map(decode, packets) if isinstance(m, Message)]
        return self._heard.pop(0)

    async def rest(self) -> bytes:
        """Everything that comes until the connection ends."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                return await self._reader.read()
            return b""

    def leave(self) -> None:
        self._writer.transport.abort()


async def knock(stage: Stage) -> Peer:
    peer = Peer(*await asyncio.open_connection("127.0.0.1", stage.link.port))
    stage.leaving.append(peer.leave)
    return peer


def hello(peer: Peer, token: str = TOKEN, nonce: str = NONCE) -> None:
    values = (PROTOCOL, nonce, proof(token, "script", nonce), "12.0.0", "1.0")
    peer.say("/musearoo/live/hello", *values)


@contextlib.asynccontextmanager
async def false_server() -> AsyncIterator[tuple[int, "asyncio.Queue[Peer]"]]:
    """A server that has the port, in the hands of the test."""
    peers: asyncio.Queue[Peer] = asyncio.Queue()
    everybody: list[Peer] = []

    def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        everybody.append(Peer(reader, writer))
        peers.put_nowait(everybody[-1])

    server = await asyncio.start_server(come, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], peers
    finally:
        server.close()
        for peer in everybody:
            peer.leave()
        await asyncio.sleep(0)  # the transports close in the next turn of the loop


async def greeted(peers: "asyncio.Queue[Peer]") -> tuple[Peer, Message]:
    """The next script that says hello; one that was too slow to has left, and comes again."""
    while True:
        peer = await asyncio.wait_for(peers.get(), PATIENCE)
        with contextlib.suppress(EOFError, ConnectionError):
            return peer, await peer.hear()


async def welcomed(peers: "asyncio.Queue[Peer]", token: str = TOKEN) -> Peer:
    peer, asked = await greeted(peers)
    nonce = str(asked.arguments[1])
    peer.say("/musearoo/live/welcome", PROTOCOL, proof(token, "server", nonce))
    return peer


async def test_the_server_may_go_and_come(playing: Stage):
    """A script whose server ended connects to the next one on that port, and all is known again."""
    song, port = playing.live.song, playing.link.port
    await playing.link.close()
    assert playing.link.mirror.presence == "gone"
    await playing.by_hand(lambda: setattr(song, "tempo", 99.0))
    await playing.time.sleep(0.3)  # the script tries in vain
    playing.link = playing.new_link(port)
    await playing.link.open()
    mirror = await playing.here()
    assert (mirror.tempo, len(mirror.tracks), len(mirror.scenes)) == (99.0, 4, 8)
    await playing.link.write_clip(Place(0, 0), a_clip(64), over=None)


async def test_live_may_go_and_come(playing: Stage):
    """Live that quits is reported gone, leaves no listener behind, and is here when it starts."""
    song = playing.live.song
    await asyncio.to_thread(playing.live.stop)
    await playing.until(lambda: playing.link.mirror.presence == "gone")
    assert playing.link.mirror.tracks == ()
    things = [song, *song.tracks, *song.scenes, *(s for t in song.tracks for s in t.clip_slots)]
    assert not [each for each in things if any(each._listeners.values())]
    with pytest.raises(Unavailable):
        await playing.link.set_tempo(100.0)
    playing.start_live()
    await playing.here()
    told = [r.presence for r in playing.reports if isinstance(r, PresenceChanged)]
    assert told == ["here", "gone", "here"]


async def test_a_menu_in_live_is_no_end(playing: Stage):
    """Live that stands still is busy, and here again with the connection it had."""
    wire = playing.bridge()._wire
    playing.live.frozen = True
    await playing.until(lambda: playing.link.mirror.presence == "busy")
    playing.live.frozen = False
    await playing.here()
    assert playing.bridge()._wire is wire
    await playing.link.set_tempo(101.0)


async def test_a_live_that_hangs_is_let_go(playing: Stage):
    """After ten silent heartbeats the connection ends, and what waited for an answer is told."""
    playing.live.frozen = True
    asked = asyncio.ensure_future(playing.link.set_tempo(102.0))
    with pytest.raises(Unavailable, match="does not answer"):
        await asked
    assert playing.link.mirror.presence == "gone"
    playing.live.frozen = False
    await playing.here()


async def test_a_wrong_secret_gets_no_byte(stage: Stage):
    """Neither a wrong proof nor noise is answered; the connection just ends, later."""

    async def refused(attempt: Callable[[Peer], None]) -> None:
        peer = await knock(stage)
        begun = asyncio.get_running_loop().time()
        attempt(peer)
        assert await peer.rest() == b""
        assert asyncio.get_running_loop().time() - begun >= 0.9

    await asyncio.gather(
        refused(lambda peer: hello(peer, "w" * 43)),
        refused(lambda peer: peer.raw(Random(1).randbytes(400))),
        refused(lambda peer: peer.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")),
        refused(lambda peer: peer.say("/live/tempo", 120.0)),
        refused(lambda peer: peer.raw(b"\0\0\xff\xf0")),
    )
    assert stage.link.mirror.presence == "gone"


async def test_silent_strangers_do_not_shut_the_door(stage: Stage):
    """With many connections that say nothing, the script still gets in."""
    crowd = [await knock(stage) for _ in range(40)]
    stage.start_live()
    await stage.here()
    assert len(stage.link._greeting) <= 8
    for peer in crowd:
        peer.leave()


async def test_a_second_live_is_refused_while_the_first_answers(playing: Stage):
    """A second script that knows the secret is told that the server is busy, and closed."""
    peer = await knock(playing)
    hello(peer)
    assert (await peer.hear()).address == "/musearoo/live/busy"
    assert await peer.rest() == b""
    assert playing.link.mirror.presence == "here"


async def test_a_silent_live_gives_way_to_another(playing: Stage):
    """A script that has not answered for some heartbeats is replaced by one that speaks."""
    playing.live.frozen = True
    await playing.until(lambda: playing.link.mirror.presence == "busy")
    peer = await knock(playing)
    hello(peer)
    welcome = await peer.hear()
    assert welcome.arguments == (PROTOCOL, proof(TOKEN, "server", NONCE))
    peer.leave()
    playing.live.frozen = False
    await playing.here()


@pytest.mark.parametrize(
    "noise",
    [
        b"\0\0\0\x08nonsense",
        b"\xff" * 64,
        length_frame(encode(Message("/live/tempo", ("fast",)))),
        length_frame(encode(Message("/live/tempo", (float("nan"),)))),
        length_frame(encode(Message("/live/tracks", (1, "two")))),
        b"\0\0\0\x14#bundle\0" + b"\0" * 12,
    ],
    ids=["no-osc", "no-frame", "wrong-type", "nan", "wrong-number", "bundle"],
)
async def test_a_script_that_speaks_nonsense_is_cut_off(stage: Stage, noise: bytes):
    """What is out of form after a good greeting ends that connection, and another can come."""
    peer = await knock(stage)
    hello(peer)
    await peer.hear()
    stage.clock.still = True  # so that nobody is let go for being silent
    peer.say("/live/ready", 0, 0)
    await stage.here()
    peer.raw(noise)
    await stage.until(lambda: stage.link.mirror.presence == "gone")
    stage.clock.still = False
    stage.start_live()
    await stage.here()


async def test_answers_out_of_form_are_refused_requests(stage: Stage):
    """Wrong answers to a request become `Unavailable`; answers to nobody are passed over."""
    peer = await knock(stage)
    hello(peer)
    await peer.hear()
    stage.clock.still = True  # nobody answers the heartbeats here
    peer.say("/live/ok")
    peer.say("/live/ok", "x")
    peer.say("/live/failed", 77)
    peer.say("/live/from_a_newer_script", 1)
    peer.say("/live/ready", 0, 0)
    await stage.here()
    asked = asyncio.ensure_future(stage.link.create_scene())
    while (request := await peer.hear()).address != "/live/create/scene":
        pass
    peer.say("/live/ok", request.arguments[0], "third")
    with pytest.raises(Unavailable, match="another version"):
        await asked


async def test_a_stranger_in_the_servers_place_is_not_obeyed(stage: Stage):
    """A server that does not know the secret learns no secret and changes nothing in Live."""
    async with false_server() as (port, peers):
        stage.pair(port=port)
        live = stage.start_live()
        peer, asked = await greeted(peers)
        assert TOKEN not in str(asked.arguments)
        nonce = str(asked.arguments[1])
        peer.say("/musearoo/live/welcome", PROTOCOL, proof("w" * 43, "server", nonce))
        peer.say("/live/set/tempo", 1, 60.0)
        assert await peer.rest() == b""
        assert live.song.tempo == 120.0
        stage.pair()  # the install command, while Live runs
        await stage.here()


async def test_the_user_of_live_is_told_what_to_do(stage: Stage):
    """Live's status bar says once what is missing, and that it is there."""
    stage.pair(token="w" * 43)
    live = stage.start_live()
    await stage.until(lambda: live.messages)
    await stage.time.sleep(0.5)  # it tries again
    assert len(live.messages) == 1
    assert "musearoo live install" in live.messages[0]
    stage.pair()
    await stage.here()
    await stage.until(lambda: live.messages[1:] == ["MuseAroo: connected"])


@pytest.mark.parametrize(
    "noise",
    [
        b"\0\0\0\x07",
        b"\xff\xff\xff\xff" + b"x" * 64,
        b"\0\0\0\x08nonsense",
        b"\0\0\0\0",
        length_frame(b"/live/ping\0\0,f\0\0\x7f\xc0\0\0"),
        length_frame(b"#bundle\0\0\0\0\0\0\0\0\x01"),
        b"\xc0/live/ping\0\0,\0\0\0\xc0",
    ],
    ids=["odd-length", "too-long", "no-osc", "empty", "nan", "bundle", "slip"],
)
async def test_a_server_that_speaks_nonsense_is_left_and_tried_again(stage: Stage, noise: bytes):
    """After bytes that are no OSC the script closes, and comes back: its timer lives."""
    async with false_server() as (port, peers):
        stage.pair(port=port)
        stage.start_live()
        peer = await welcomed(peers)
        while (await peer.hear()).address != "/live/ready":
            pass
        peer.raw(noise)
        await peer.rest()
        await (await welcomed(peers)).hear()
        assert stage.live.surface._musearoo_timer.running


async def test_requests_out_of_form_are_refused_one_by_one(stage: Stage):
    """An unknown address, wrong values and lost pieces of a clip are answered with a reason."""
    async with false_server() as (port, peers):
        stage.pair(port=port)
        stage.start_live()
        peer = await welcomed(peers)
        while (await peer.hear()).address != "/live/ready":
            pass
        for number, (address, *values) in enumerate(
            (
                ("/live/no/such/thing", 1),
                ("/live/set/tempo", "fast"),
                ("/live/set/tempo", True),
                ("/live/set/tempo",),
                ("/live/fire/slot", 999, 1),
                ("/live/clip/commit",),
                ("/live/clip/delete", 9, 1, "No such clip"),
            )
        ):
            peer.say(str(address), number, *values)
            answer = await peer.hear()
            assert (answer.address, answer.arguments[0]) == ("/live/failed", number), answer
        peer.say("/live/clip/notes", 50, 1, 2, 3)
        peer.say("/live/clip/commit", 50)
        assert (await peer.hear()).arguments[:2] == (50, "invalid")
        peer.say("/live/ping", "x")
        assert (await peer.hear()).arguments[:2] == (0, "invalid")
        peer.say("/live/ping", 51)
        assert (await peer.hear()) == Message("/live/ok", (51,))


def test_the_proof_is_of_the_secret_and_the_number_alone():
    """A proof cannot serve the other side, another number or another secret."""
    proofs = {
        proof(token, role, number)
        for token in (TOKEN, "w" * 43)
        for role in ("script", "server")
        for number in (NONCE, NONCE[::-1])
    }
    assert len(proofs) == 8
    assert issubclass(OscRefused, Exception)
