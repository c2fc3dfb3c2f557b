"""Datagrams: all are read in short turns, none is answered that was not admitted."""

import asyncio
import socket
import tracemalloc
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from musearoo.app.tasks import Tasks
from musearoo.codecs.osc import Bundle, Message, OscRefused, decode, encode, to_ntp
from musearoo.domain.errors import Unavailable
from musearoo.protocols.osc.endpoint import Endpoint, open_endpoint
from musearoo.protocols.osc.source import Source
from musearoo.protocols.osc.udp import TURN_DATAGRAMS
from musearoo.security.ambient import SystemClock
from tests.doubles.clock import SteppedClock
from tests.doubles.osc_receiver import Recorder, close, listening
from tests.waiting import PATIENCE, until

X = encode(Message("/x", (0.5,)))
needs_ipv6 = pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def endpoint(recorder: Recorder) -> AsyncIterator[Endpoint]:
    async with listening(recorder) as made:
        yield made


@pytest.fixture
async def peer(endpoint: Endpoint) -> AsyncIterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.setblocking(False)
        made.bind(("127.0.0.1", 0))
        made.connect(("127.0.0.1", endpoint.port))
        yield made


async def heard(peer: socket.socket) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return await asyncio.get_running_loop().sock_recv(peer, 65_536)


async def test_a_message_and_its_answer(
    endpoint: Endpoint, recorder: Recorder, peer: socket.socket
) -> None:
    peer.send(X)
    await until(lambda: bool(recorder.acts))
    source = Source("udp", "127.0.0.1", peer.getsockname()[1])
    assert recorder.acts == [(source, (Message("/x", (0.5,)),))]
    assert endpoint.send(source, encode(Message("/answer", (1,))))
    assert decode(await heard(peer)) == Message("/answer", (1,))


async def test_an_answer_to_another_port(endpoint: Endpoint, peer: socket.socket) -> None:
    """A reply port of the peer's choice: the same host, another number."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        other.bind(("127.0.0.1", 0))
        assert endpoint.send(Source("udp", "127.0.0.1", other.getsockname()[1]), X)
        assert await heard(other) == X


async def test_a_bundle_is_one_act_in_its_time(recorder: Recorder) -> None:
    """A future bundle waits, and what is sent after it does not."""
    clock = SteppedClock()
    now = clock.now()
    soon = Bundle(to_ntp(now + 0.4), (Message("/a"), Message("/b")))
    far = Bundle(to_ntp(now + 50), (Message("/far"),))
    too_far = Bundle(to_ntp(now + 5_000), (Message("/far"),))
    async with listening(recorder, clock) as endpoint:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            for packet in (far, soon, too_far, Message("/now")):
                peer.sendto(encode(packet), ("127.0.0.1", endpoint.port))
            await until(lambda: recorder.acts)
            assert recorder.addresses == ["/now"]
            assert endpoint.pending == 2
            await clock.advance(0.375)
            assert len(recorder.acts) == 1
            await clock.advance(0.05)
            await until(lambda: len(recorder.acts) == 2, lambda: str(recorder.acts))
            assert [message.address for message in recorder.acts[1][1]] == ["/a", "/b"]
            assert endpoint.pending == 1
            assert [type(refusal) for _, refusal in recorder.refusals] == [OscRefused]


async def test_what_waits_for_a_source_is_dropped_with_it(
    endpoint: Endpoint, recorder: Recorder, peer: socket.socket
) -> None:
    """As when its pairing ends."""
    later = Bundle(to_ntp(SystemClock().now() + 50), (Message("/later"),))
    peer.send(encode(later))
    peer.send(X)
    await until(lambda: bool(recorder.acts))
    assert endpoint.pending == 1
    endpoint.drop(recorder.sources[0])
    assert endpoint.pending == 0


async def test_what_is_no_packet_is_refused_and_reading_goes_on(
    endpoint: Endpoint, recorder: Recorder, peer: socket.socket
) -> None:
    for octets in (b"", b"abc", b"\xff" * 64, b"#bundle\0" + b"\xff" * 12, X):
        peer.send(octets)
    await until(lambda: bool(recorder.acts))
    assert len(recorder.refusals) == 4
    assert endpoint.counts.refused == 4
    assert recorder.refusals[0][0] == recorder.acts[0][0]


async def test_a_door_that_fails_does_not_stop_the_reading(
    endpoint: Endpoint, recorder: Recorder, peer: socket.socket
) -> None:
    def fail(source: Source, messages: tuple[Message, ...]) -> None:
        if messages[0].address == "/bad":
            raise ZeroDivisionError

    recorder.on_receive = fail
    for packet in (Message("/bad"), Message("/good")):
        peer.send(encode(packet))
    await until(lambda: "/good" in recorder.addresses)
    assert endpoint.counts.failed == 1


def held() -> int:
    """Bytes that the product's own lines have allocated and still hold."""
    ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/musearoo/*")])
    return sum(each.size for each in ours.traces)


async def test_nobody_is_answered_and_nothing_read_who_is_not_admitted(
    endpoint: Endpoint, recorder: Recorder, peer: socket.socket
) -> None:
    """A flood of strangers: not a byte back, nothing decoded, memory flat."""
    recorder.admits = False

    def is_past(number: int) -> bool:
        return endpoint.counts.received > number

    async def flood(count: int) -> None:
        start = endpoint.counts.received
        for sent in range(count):
            peer.send(X if sent % 2 else b"\xff" * 8)
            if sent % 100 == 99:  # not more than the smallest system buffer holds
                await until(partial(is_past, start + sent))

    tracemalloc.start()
    try:
        await flood(1_000)
        before = held()
        await flood(5_000)
        after = held()
    finally:
        tracemalloc.stop()
    assert endpoint.counts.unadmitted == endpoint.counts.received == 6_000
    assert not recorder.acts
    assert not recorder.refusals
    assert endpoint.counts.sent == endpoint.counts.refused == 0
    assert after - before < 50_000
    with pytest.raises(BlockingIOError):
        peer.recv(1)


async def test_a_turn_of_the_loop_takes_a_bounded_number(
    endpoint: Endpoint, recorder: Recorder, peer: socket.socket
) -> None:
    """Datagrams that have piled up leave the loop to others in between."""
    for _ in range(200):
        peer.send(X)
    most = last = 0
    async with asyncio.timeout(PATIENCE):
        while endpoint.counts.received < 200:
            await asyncio.sleep(0)
            most = max(most, endpoint.counts.received - last)
            last = endpoint.counts.received
    assert 1 < most <= TURN_DATAGRAMS


async def test_a_turn_ends_early_when_packets_take_long(recorder: Recorder) -> None:
    """With half a millisecond for each a turn has five, not sixty-four."""
    clock = SteppedClock()
    recorder.on_receive = lambda _source, _messages: clock.set_forward(0.0005)
    async with listening(recorder, clock) as endpoint:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            for _ in range(100):
                peer.sendto(X, ("127.0.0.1", endpoint.port))
            most = last = 0
            async with asyncio.timeout(PATIENCE):
                while endpoint.counts.received < 100:
                    await asyncio.sleep(0)
                    most = max(most, endpoint.counts.received - last)
                    last = endpoint.counts.received
            assert most == 5


async def test_what_the_network_does_not_take_is_dropped_and_counted(endpoint: Endpoint) -> None:
    assert not endpoint.send(Source("udp", "127.0.0.1", 9), bytes(70_000))
    assert endpoint.counts.unsent == 1
    assert endpoint.counts.sent == 0


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
async def test_a_port_that_is_taken(recorder: Recorder, kind: socket.SocketKind) -> None:
    """Whether for UDP or for TCP alone, it is said what to do, and nothing is left open."""
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Unavailable, match=f"Port {port} .* used by another.*--osc-port"):
            await opened(recorder, "127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "a..b", "\udcff"])
async def test_a_host_that_is_not_here(recorder: Recorder, host: str) -> None:
    with pytest.raises(Unavailable, match="--osc-host"):
        await opened(recorder, host, 0)


async def opened(recorder: Recorder, host: str, port: int) -> Endpoint:
    return await open_endpoint(recorder, host=host, port=port, clock=SystemClock(), spawn=Tasks())


@needs_ipv6
async def test_over_ipv6(recorder: Recorder) -> None:
    try:
        async with listening(recorder, host="::1") as endpoint:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as peer:
                peer.setblocking(False)
                peer.sendto(X, ("::1", endpoint.port))
                await until(lambda: bool(recorder.acts))
                assert recorder.sources[0].host == "::1"
                endpoint.send(recorder.sources[0], X)
                assert await heard(peer) == X
    except Unavailable:
        pytest.skip("no IPv6 here")


@needs_ipv6
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_localhost_means_both_loopback_addresses(recorder: Recorder, host: str) -> None:
    """On one port number, each answered from where it asked; another address is only itself."""
    async with listening(recorder, host=host) as endpoint:
        assert endpoint.host == "127.0.0.1"
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            recorder.acts.clear()
            with socket.socket(family, socket.SOCK_DGRAM) as peer:
                peer.setblocking(False)
                try:
                    peer.connect((address, endpoint.port))
                except OSError:
                    pytest.skip("no IPv6 here")
                peer.send(X)
                await until(lambda: bool(recorder.acts))
                assert recorder.sources[0].host == address
                assert endpoint.send(recorder.sources[0], X)
                assert await heard(peer) == X
            reader, writer = await asyncio.open_connection(address, endpoint.port)
            writer.write(b"\0\0\0\x0c" + X)
            await until(lambda: len(recorder.acts) == 2)
            assert recorder.sources[1].host == address
            writer.close()
            await writer.wait_closed()
            del reader


class LoopWithoutReaders(asyncio.SelectorEventLoop):
    """As the Proactor loop of Windows, which watches no sockets for others."""

    def add_reader(self, *_: Any) -> None:  # type: ignore[override]
        raise NotImplementedError


def uvloop() -> asyncio.AbstractEventLoop:
    loop = pytest.importorskip("uvloop").new_event_loop()
    assert isinstance(loop, asyncio.AbstractEventLoop)
    return loop


@pytest.mark.parametrize("factory", [LoopWithoutReaders, uvloop])
def test_on_other_event_loops(recorder: Recorder, factory: Any) -> None:
    """Messages come in and answers go out, over UDP and TCP."""

    async def exchange() -> None:
        tasks = Tasks()
        endpoint = await open_endpoint(
            recorder, host="127.0.0.1", port=0, clock=SystemClock(), spawn=tasks
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.settimeout(PATIENCE)
            peer.sendto(X, ("127.0.0.1", endpoint.port))
            await until(lambda: len(recorder.acts) == 1)
            assert endpoint.send(recorder.sources[0], X)
            assert peer.recv(100) == X
        reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
        writer.write(b"\0\0\0\x0c" + X)
        await until(lambda: len(recorder.acts) == 2)
        assert endpoint.send(recorder.sources[1], X)
        assert await reader.readexactly(16) == b"\0\0\0\x0c" + X
        writer.close()
        await until(lambda: bool(recorder.gone))
        await close(endpoint, tasks)

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(exchange())
