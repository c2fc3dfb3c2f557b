"""Programs that others wrote are understood, and understand the answers."""

import asyncio
import shutil

import pytest
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.tcp_client import SimpleTCPClient
from pythonosc.udp_client import SimpleUDPClient

from musearoo.codecs.osc import Message, encode
from musearoo.protocols.osc.source import Source
from tests.doubles.osc_receiver import Recorder, listening
from tests.doubles.ports import quiet_port
from tests.waiting import PATIENCE, until

VALUES = (8, 0.5, "funk", True, None)


async def test_python_osc_over_udp() -> None:
    """A message, a bundle, and the answer to them."""
    recorder = Recorder()
    async with listening(recorder) as endpoint:
        client = SimpleUDPClient("127.0.0.1", endpoint.port)
        try:
            client.send_message("/a", VALUES)
            builder = OscBundleBuilder(1)
            for address in ("/b", "/c"):
                builder.add_content(OscMessageBuilder(address).build())
            client.send(builder.build())
            await until(lambda: len(recorder.acts) == 2)
            assert recorder.acts[0][1] == (Message("/a", VALUES),)
            assert recorder.acts[1][1] == (Message("/b"), Message("/c"))
            endpoint.send(recorder.sources[0], encode(Message("/answer", VALUES)))
            answer = OscMessage(client.receive(timeout=PATIENCE))
            assert (answer.address, tuple(answer.params)) == ("/answer", VALUES)
        finally:
            client._sock.close()


@pytest.mark.parametrize("mode", ["1.0", "1.1"])
async def test_python_osc_over_tcp(mode: str) -> None:
    recorder = Recorder()
    async with listening(recorder) as endpoint:
        client = await asyncio.to_thread(SimpleTCPClient, "127.0.0.1", endpoint.port, mode=mode)
        try:
            client.send_message("/a", VALUES)
            client.send_message("/b", [1])
            await until(lambda: len(recorder.acts) == 2)
            assert recorder.acts[0][1] == (Message("/a", VALUES),)
            endpoint.send(recorder.sources[0], encode(Message("/answer", VALUES)))
            (received,) = await asyncio.to_thread(lambda: list(client.receive(timeout=PATIENCE)))
            answer = OscMessage(received)
            assert (answer.address, tuple(answer.params)) == ("/answer", VALUES)
        finally:
            client.close()


@pytest.mark.needs("oscsend")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_liblos_oscsend(transport: str) -> None:
    recorder = Recorder()
    async with listening(recorder) as endpoint:
        url = f"osc.{transport}://127.0.0.1:{endpoint.port}"
        process = await asyncio.create_subprocess_exec(
            *("oscsend", url, "/a/b", "ifsTFNIh", "8", "0.5", "funk", "5000000000")
        )
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0
        await until(lambda: bool(recorder.acts))
        (message,) = recorder.acts[0][1]
        assert message.address == "/a/b"
        assert repr(message.arguments[:6]) == "(8, 0.5, 'funk', True, False, None)"
        assert message.arguments[7] == 5_000_000_000
        assert recorder.sources[0].transport == transport


@pytest.mark.needs("oscdump")
async def test_liblos_oscdump() -> None:
    """What the endpoint sends is printed by liblo's tool."""
    port = quiet_port()
    recorder = Recorder()
    program = shutil.which("oscdump")
    assert program is not None
    process = await asyncio.create_subprocess_exec(
        program, "-L", str(port), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with listening(recorder) as endpoint, asyncio.timeout(PATIENCE):
            line = asyncio.ensure_future(process.stdout.readline())
            while not line.done():  # until the program listens
                endpoint.send(
                    Source("udp", "127.0.0.1", port), encode(Message("/a", (8, 0.5, "funk", True)))
                )
                await asyncio.wait([line], timeout=0.05)
            assert line.result().split(maxsplit=1)[1].strip() == b'/a ifsT 8 0.500000 "funk" #T'
    finally:
        process.kill()
        await process.wait()
