"""On a bad network sound is lost, but never time, nor what it sounds like."""

import asyncio
import io
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from musearoo.client import Account, Options, Session, connect
from musearoo.codecs.ws import AudioRecord
from tests.fault import ws_proxy
from tests.fault.ws_proxy import FaultyNetwork
from tests.servers.server import ServerProcess, serving
from tests.waiting import PATIENCE, until

RATE = 16_000
PIECE = 320
SECONDS = 4
SOUND = (1 + np.arange(SECONDS * RATE) % 32_000).astype("<i2")  # never 0: silence is loss
EVERY = 30
"""Pieces between two faults."""
LONGEST = 8
"""Pieces that are played to nobody before it is noticed."""
RECORDS = Options(binary=True)


async def played(live: Session, network: FaultyNetwork) -> str:
    """Play it all, while the network fails; answers the link to the recording.

    What is said while the network is away is lost, so nobody goes on for long then.
    """
    stream = await live.start_audio("pcm_s16le", RATE)
    lost = 0
    for number, at in enumerate(range(0, len(SOUND), PIECE)):
        await asyncio.sleep(PIECE / RATE)
        last = at + PIECE >= len(SOUND)
        if last:
            network.calm()
        lost = 0 if live.connected else lost + 1
        if last or lost > LONGEST or number % EVERY == EVERY // 2:
            await there(live)
            lost = 0
        if number % EVERY == EVERY // 2:
            network.strike()
        sound = SOUND[at : at + PIECE].tobytes()
        await live.audio(stream, "pcm_s16le", sound, position=at, number=number)
    recording = (await live.end_audio(stream)).recording
    assert recording is not None
    return recording.url or ""


async def there(live: Session) -> None:
    """Wait until the server has all that was said before."""
    async with asyncio.timeout(PATIENCE):
        await live.set("drums/fills", 0.5)
    await until(lambda: live.connected, "the way back")


async def listened(live: Session, heard: list[AudioRecord]) -> None:
    async for happening in live.happenings():
        match happening:
            case AudioRecord():
                heard.append(happening)


async def through(server: ServerProcess, network: FaultyNetwork) -> tuple[str, list[AudioRecord]]:
    """The link to what was recorded over a bad network, and what somebody near heard of it."""
    heard: list[AudioRecord] = []
    async with Account(server.url) as account:
        await account.login_local(server.local_token())
        project = await account.call("POST", "/projects", json={"name": "Bad network"})
        session = await account.open_session(project["id"])
        door = f"http://127.0.0.1:{network.port}"
        async with (
            Account(door, token=account.token) as far,
            connect(account=far, session=session, options=RECORDS) as ann,
            connect(account=account, session=session, options=RECORDS) as bob,
        ):
            listening = asyncio.create_task(listened(bob, heard))
            url = await played(ann, network)
            assert ann.reconnects > 0
            await until(lambda: heard, "something heard by the other")
            listening.cancel()
            return url, heard


@pytest.mark.slow
async def test_what_arrives_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sample of the recording is the one that was played then, or silence.

    The others hear only what was played, where it was played.
    """
    monkeypatch.setattr(ws_proxy, "KINDS", {"cut": 3, "half": 3, "freeze": 1, "delay": 1})
    with serving(tmp_path / "data", {"MUSEAROO_LOG_LEVEL": "warning"}) as server:
        async with FaultyNetwork(int(server.url.rpartition(":")[2]), 5) as network:
            url, heard = await through(server, network)
        content = await asyncio.to_thread(
            lambda: httpx.get(server.url + url, timeout=PATIENCE).content
        )
        assert "Traceback" not in server.log(), server.log()[-3000:]
    samples, _ = soundfile.read(io.BytesIO(content), dtype="int16")
    assert len(SOUND) == len(samples)
    silent = samples == 0
    assert np.array_equal(SOUND[~silent], samples[~silent])
    assert 0 < silent.sum() < len(SOUND) // 2
    assert heard
    for record in heard:
        where = slice(record.position, record.position + len(record.audio) // 2)
        assert SOUND[where].tobytes() == record.audio
