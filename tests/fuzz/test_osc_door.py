"""The OSC door: whatever a paired device sends is done or refused, and nothing fails."""

import asyncio
import tempfile
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from musearoo.codecs.osc import Bundle, Message, OscRefused, encode
from musearoo.codecs.osc.table import address_table
from musearoo.engines.loading import load_engines
from musearoo.protocols.osc.bucket import Bucket
from tests.doubles.house import house
from tests.doubles.osc_stage import Device, Stage
from tests.fuzz.spent import looks_on

TABLE = address_table(each.description for each in load_engines().values())
PATHS = [each.path.replace("{channel}/{number}", "1/7").replace("{channel}", "3") for each in TABLE]
VALUES = st.one_of(
    st.floats(width=32), st.integers(-(2**31), 2**31 - 1), st.booleans(), st.none(),
    st.text(max_size=20), st.binary(max_size=8),
    st.sampled_from(["drums", "next_bar", "bar 3", "drums/complexity", "{}", "[]", "undo"]),
)  # fmt: skip
ADDRESSES = st.one_of(
    st.sampled_from([path for path in PATHS if path != "/musearoo/unpair"]),
    st.sampled_from(["/*", "//*", "/musearoo/{drums,bass}/*", "/musearoo/*/[a-s]*", "/x", "/"]),
    st.text("/*?[]{}abc,-!", max_size=30).map(lambda text: "/" + text),
)
MESSAGES = st.builds(Message, ADDRESSES, st.lists(VALUES, max_size=4).map(tuple))
EXAMPLES = 2_000 if looks_on() else max(10, settings().max_examples // 5)
SLOWEST_SECONDS, TRIES = 0.25, 4
"""Of the processor; alone a packet takes a few milliseconds, but the collector may strike."""


def sent(device: Device, packet: bytes) -> float:
    began = time.thread_time()
    device.stage.arrive(device.source, packet)
    return time.thread_time() - began


@settings(max_examples=EXAMPLES)
@given(st.lists(st.lists(MESSAGES, min_size=1, max_size=4), min_size=1, max_size=8))
def test_nothing_fails(packets: list[list[Message]]) -> None:
    """Messages and bundles of every address with anything in them."""
    asyncio.run(_play(packets))


async def _play(packets: list[list[Message]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with house(Path(folder)) as place:
            stage = Stage(place)
            ana = await place.person("ana")
            device = await stage.paired(ana, await place.project(ana))
            peer = stage.door.peers.known(device.source)
            assert peer is not None
            peer.errors = peer.pace = Bucket(1e9, 1e9, 0.0)
            for messages in packets:
                try:
                    one = messages[0] if len(messages) == 1 else Bundle(1, tuple(messages))
                    packet = encode(one)
                except OscRefused:
                    continue
                assert any(sent(device, packet) < SLOWEST_SECONDS for _ in range(TRIES))
                await stage.done()
            assert not [each for each in device.at("/musearoo/error") if each[0] == "internal"]
            device.heard.clear()
            device.send("/musearoo/ping")
            await device.hears("/musearoo/pong")
            stage.door.close()
