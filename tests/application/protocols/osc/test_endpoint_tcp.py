"""Streams: both framings, answered in kind, within limits, and none at another's cost."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from musearoo.codecs.osc import Message, encode, length_frame, slip_frame
from musearoo.protocols.osc.endpoint import Endpoint
from musearoo.protocols.osc.source import Source
from musearoo.protocols.osc.tcp import (
    IDLE_SECONDS,
    MAXIMUM_CONNECTIONS_OF_HOST,
    MAXIMUM_UNSENT,
    UNADMITTED_SECONDS,
)
from tests.doubles.clock import SteppedClock
from tests.doubles.osc_receiver import Recorder, listening
from tests.waiting import PATIENCE, until

X = encode(Message("/x", (0.5,)))
LONG = encode(Message("/long", (bytes(60_000),)))
Frame = Callable[[bytes], bytes]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def endpoint(recorder: Recorder) -> AsyncIterator[Endpoint]:
    async with listening(recorder) as made:
        yield made


class Peer:
    """A TCP client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def receive(self, size: int) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readexactly(size)

    async def is_closed(self) -> bool:
        """Wait for the end; what comes before it is thrown away."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                while await self.reader.read(65_536):
                    continue
        return True


@contextlib.asynccontextmanager
async def connected(endpoint: Endpoint) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize("frame", [length_frame, slip_frame])
async def test_both_framings_are_answered_in_kind(
    endpoint: Endpoint, recorder: Recorder, frame: Frame
) -> None:
    """On the port number of UDP; messages come in order, and two clients are told apart."""
    async with connected(endpoint) as one, connected(endpoint) as two:
        one.send(b"".join(frame(encode(Message("/one", (n,)))) for n in range(100)))
        await until(lambda: len(recorder.acts) == 100)
        two.send(frame(X))
        await until(lambda: len(recorder.acts) == 101)
        values = [message.arguments[0] for _, (message,) in recorder.acts[:100]]
        assert values == list(range(100))
        first, second = recorder.sources[0], recorder.sources[-1]
        assert first != second
        assert first.transport == "tcp"
        for source, peer in ((second, two), (first, one)):
            answer = encode(Message("/answer", (source.connection,)))
            assert endpoint.send(source, answer)
            assert await peer.receive(len(frame(answer))) == frame(answer)


async def test_what_was_sent_before_the_end_counts(endpoint: Endpoint, recorder: Recorder) -> None:
    """A client that sends and hangs up, as oscsend does; its end is told after its messages."""
    ends: list[int] = []
    recorder.on_receive = lambda _source, _messages: ends.append(len(recorder.gone))
    async with connected(endpoint) as peer:
        peer.send(length_frame(X) * 5_000)
    await until(lambda: bool(recorder.gone))
    assert len(recorder.acts) == 5_000
    assert set(ends) == {0}
    assert recorder.gone == [recorder.sources[0]]
    assert endpoint.connections == 0
    assert not endpoint.send(recorder.sources[0], X)


async def test_a_stream_that_cannot_be_read_is_closed_alone(
    endpoint: Endpoint, recorder: Recorder
) -> None:
    async with connected(endpoint) as good, connected(endpoint) as bad:
        bad.send(length_frame(X) + b"\x7f\xff\xff\xff")
        assert await bad.is_closed()
        await until(lambda: recorder.gone, "the end of the bad one")
        assert len(recorder.acts) == 1
        assert recorder.gone == [recorder.sources[0]]
        assert [source for source, _ in recorder.refusals] == recorder.sources
        good.send(length_frame(X))
        await until(lambda: len(recorder.acts) == 2)


async def test_a_stranger_whose_stream_cannot_be_read_is_told_nothing(
    endpoint: Endpoint, recorder: Recorder
) -> None:
    recorder.admits = False
    async with connected(endpoint) as peer:
        peer.send(slip_frame(X) + b"\xdb\x00\xc0")
        assert await peer.is_closed()
    assert not recorder.acts
    assert not recorder.refusals
    assert endpoint.counts.sent == 0


async def test_a_packet_that_is_none_does_not_end_the_stream(
    endpoint: Endpoint, recorder: Recorder
) -> None:
    """The frames go on behind it, so the connection does too."""
    async with connected(endpoint) as peer:
        peer.send(length_frame(b"none") + length_frame(X))
        await until(lambda: bool(recorder.acts))
        assert len(recorder.refusals) == 1


async def test_a_host_has_so_many_connections(endpoint: Endpoint, recorder: Recorder) -> None:
    """One more is closed at once; when one has ended there is room again."""
    async with contextlib.AsyncExitStack() as stack:
        peers = [
            await stack.enter_async_context(connected(endpoint))
            for _ in range(MAXIMUM_CONNECTIONS_OF_HOST)
        ]
        await until(lambda: endpoint.connections == MAXIMUM_CONNECTIONS_OF_HOST)
        async with connected(endpoint) as turned_away:
            assert await turned_away.is_closed()
        assert endpoint.counts.turned_away == 1
        peers[0].writer.close()
        await until(lambda: endpoint.connections == MAXIMUM_CONNECTIONS_OF_HOST - 1)
        async with connected(endpoint) as another:
            another.send(length_frame(X))
            await until(lambda: bool(recorder.acts))


async def test_a_peer_that_does_not_read_is_closed(endpoint: Endpoint, recorder: Recorder) -> None:
    """After what the system holds and a bounded rest; others are served meanwhile."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.connect(("127.0.0.1", endpoint.port))
        deaf.sendall(length_frame(X))
        await until(lambda: len(recorder.acts) == 1)
        source, answer = recorder.sources[0], encode(Message("/long", (bytes(8_192),)))
        taken = 0
        while endpoint.send(source, answer):
            taken += len(answer)
            assert taken < 40 * MAXIMUM_UNSENT
            await asyncio.sleep(0)
        await until(lambda: recorder.gone == [source])
        assert endpoint.counts.slow == 1
        assert endpoint.counts.unsent == 1
        async with connected(endpoint) as peer:
            peer.send(length_frame(X))
            await until(lambda: len(recorder.acts) == 2)


async def test_a_peer_that_does_not_read_is_heard_to_the_end(recorder: Recorder) -> None:
    """What it sent before it was closed still counts, and its end is told after that."""
    clock, ends, made = SteppedClock(), list[int](), list[Endpoint]()

    def answer_too_much(source: Source, messages: tuple[Message, ...]) -> None:
        ends.append(len(recorder.gone))
        clock.set_forward(0.0005)  # so that all of it takes many turns
        while len(ends) == 1 and made[0].send(source, LONG):
            continue

    recorder.on_receive = answer_too_much
    async with listening(recorder, clock) as endpoint, connected(endpoint) as peer:
        made.append(endpoint)
        peer.send(length_frame(X) * 200)
        await until(lambda: bool(recorder.gone))
        assert endpoint.counts.slow == 1
        assert ends == [0] * 200


async def test_one_who_sends_much_does_not_keep_others_waiting(recorder: Recorder) -> None:
    """Packets of all connections are taken in turn."""
    clock, peers = SteppedClock(), list[Peer]()

    def take_time(source: Source, messages: tuple[Message, ...]) -> None:
        clock.set_forward(0.0005)
        if len(recorder.acts) == 1:
            peers[1].send(length_frame(encode(Message("/quiet"))))

    recorder.on_receive = take_time
    async with (
        listening(recorder, clock) as endpoint,
        connected(endpoint) as loud,
        connected(endpoint) as quiet,
    ):
        peers += [loud, quiet]
        loud.send(length_frame(X) * 1_000)
        await until(lambda: len(recorder.acts) == 1_001)
        assert recorder.addresses.index("/quiet") < 500


async def test_a_silent_connection_is_closed(recorder: Recorder) -> None:
    """After ten minutes without a byte in either direction; an answer counts as life."""
    clock = SteppedClock()
    async with listening(recorder, clock) as endpoint, connected(endpoint) as peer:
        peer.send(length_frame(X))
        await until(lambda: bool(recorder.acts))
        await clock.advance(IDLE_SECONDS - 60)
        assert endpoint.send(recorder.sources[0], X)
        await clock.advance(IDLE_SECONDS - 60)
        assert endpoint.connections == 1
        await clock.advance(70)
        assert await peer.is_closed()
        assert endpoint.counts.idle == 1


async def test_a_stranger_may_not_stay(recorder: Recorder) -> None:
    """A connection of which nothing was admitted ends, also when it sends all the time."""
    recorder.admits = False
    clock = SteppedClock()
    async with listening(recorder, clock) as endpoint, connected(endpoint) as peer:
        await until(lambda: endpoint.connections == 1)
        await clock.advance(UNADMITTED_SECONDS - 6)
        peer.send(length_frame(X))
        await until(lambda: endpoint.counts.unadmitted == 1)
        await clock.advance(12)
        assert await peer.is_closed()
        assert endpoint.counts.sent == 0


async def test_a_source_is_dropped(endpoint: Endpoint, recorder: Recorder) -> None:
    """When its pairing ends, its connection and what waits for it end too."""
    async with connected(endpoint) as peer:
        peer.send(length_frame(X))
        await until(lambda: bool(recorder.acts))
        endpoint.drop(recorder.sources[0])
        assert await peer.is_closed()
        await until(lambda: recorder.gone == recorder.sources)
