"""One plays 20 ms records, many listen, over real sockets: delay, losses, cost of a delivery.

    python benchmarks/bench_ws_sound.py [--listeners 40] [--seconds 8]

48 kHz mono floats (3,840 bytes a record, 50 a second), recorded and followed at the same time.
The delay is from sending to arrival in another connection of the same process. `generator_share`
is how busy this process was: above 0.8 it is the bottleneck. Words: sentence to answer.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import psutil
from machine import facts
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from musearoo.client import Account, Options, Session
from musearoo.client import connect as enter
from musearoo.codecs.ws import SUBPROTOCOL_BINARY, SessionJoin, encode
from musearoo.codecs.ws.incoming import JoinData
from musearoo.codecs.ws.records import AUDIO, HEADER, RecordType
from tests.servers.server import ServerProcess

RATE, FRAMES = 48_000, 960
SOUND_AT = HEADER.size + AUDIO.size
BYTES = 4 * FRAMES
SENTENCES = 200


class Listener:
    """Notes the delay of every record; the sender's clock is in its first eight bytes."""

    def __init__(self) -> None:
        self.delays: list[float] = []

    async def listen(self, socket: ClientConnection) -> None:
        async for frame in socket:
            if isinstance(frame, bytes) and frame[1] == RecordType.AUDIO:
                sent = int.from_bytes(frame[SOUND_AT : SOUND_AT + 8], "little")
                self.delays.append(1e-6 * (time.monotonic_ns() - sent))


async def listening(url: str, account: Account, session: str) -> ClientConnection:
    """A bare connection that reads records."""
    socket = await connect(
        url, subprotocols=[Subprotocol(SUBPROTOCOL_BINARY)], compression=None, ping_interval=None
    )
    ticket = await account.ticket(session)
    await socket.send(encode(SessionJoin(data=JoinData(ticket=ticket))), text=True)
    await socket.recv()
    return socket


async def played(live: Session, seconds: float) -> int:
    """Play for so long; answers how many records that were."""
    stream = await live.start_audio("pcm_f32le", RATE)
    began = time.monotonic()
    for number in range(round(seconds * RATE / FRAMES)):
        await asyncio.sleep(max(0.0, began + number * FRAMES / RATE - time.monotonic()))
        sound = time.monotonic_ns().to_bytes(8, "little").ljust(BYTES, b"\0")
        await live.audio(stream, "pcm_f32le", sound, position=number * FRAMES, number=number)
    await live.end_audio(stream)
    return round(seconds * RATE / FRAMES)


async def measured(server: ServerProcess, listeners: int, seconds: float) -> dict[str, float]:
    async with Account(server.url) as account:
        await account.login_local(server.local_token())
        project = await account.call("POST", "/projects", json={"name": "bench"})
        session = await account.open_session(project["id"])
        url = server.url.replace("http", "ws", 1) + "/api/v3/ws"
        heard = Listener()
        async with enter(account=account, session=session, options=Options(binary=True)) as live:
            sockets = [await listening(url, account, session) for _ in range(listeners)]
            tasks = [asyncio.create_task(heard.listen(socket)) for socket in sockets]
            process, cpu = psutil.Process(server.pid), time.process_time()
            before = sum(process.cpu_times()[:2])
            records = await played(live, seconds)
            spent = sum(process.cpu_times()[:2]) - before
            share = (time.process_time() - cpu) / seconds
            await asyncio.gather(*(socket.close() for socket in sockets))
            await asyncio.gather(*tasks)
            return told(heard, records * listeners, spent, share) | await spoken(live)


def told(heard: Listener, sent: int, spent: float, share: float) -> dict[str, float]:
    delays = sorted(heard.delays)
    return {
        "deliveries": len(delays),
        "lost": sent - len(delays),
        "delay_p50_ms": round(delays[len(delays) // 2], 2),
        "delay_p99_ms": round(delays[int(len(delays) * 0.99)], 2),
        "server_us_a_delivery": round(1e6 * spent / len(delays), 1),
        "generator_share": round(share, 2),
    }


async def spoken(live: Session) -> dict[str, float]:
    times = []
    for number in range(SENTENCES):
        began = time.perf_counter()
        await live.say(f"set the complexity of the drums to {number % 100} percent")
        times.append(1e3 * (time.perf_counter() - began))
    times.sort()
    return {
        "words_p50_ms": round(times[SENTENCES // 2], 2),
        "words_p99_ms": round(times[int(SENTENCES * 0.99)], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listeners", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=8.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder) / "data", {"MUSEAROO_LOG_LEVEL": "warning"})
        server.start()
        try:
            found = asyncio.run(measured(server, options.listeners, options.seconds))
        finally:
            server.stop()
    result = {"name": "ws_sound", "listeners": options.listeners, **found}
    print(json.dumps({**result, "machine": facts()}))


if __name__ == "__main__":
    main()
