"""HTTP load over keep-alive connections, cheap enough to leave the server a core.

Answers must have one length each time, so that they can be told apart by counting bytes.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import quantiles

import psutil


@dataclass
class Load:
    """What a load run found. Latencies are seconds."""

    requests: int = 0
    seconds: float = 0.0
    server_cpu: float = 0.0
    generator_cpu: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_cpu_second(self) -> float:
        """Requests per CPU second of the server process."""
        return self.requests / self.server_cpu

    def percentile(self, percent: int) -> float:
        """A latency percentile in milliseconds."""
        return 1000 * quantiles(self.latencies, n=100, method="inclusive")[percent - 1]


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is complete."""

    def __init__(self, request: bytes, length: int, load: Load, until: float) -> None:
        self._request, self._length, self._load, self._until = request, length, load, until
        self._received = 0
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received < self._length:
            return
        now = time.perf_counter()
        assert self._received == self._length, "answers differ in length"
        self._received = 0
        self._load.requests += 1
        self._load.latencies.append(now - self._sent_at)
        if now >= self._until:
            self._transport.close()
            self.done.set_result(None)
        else:
            self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)


def request_bytes(path: str, headers: dict[str, str]) -> bytes:
    """A GET request."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _answer_length(port: int, request: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head.partition(b"\r\n")[0], head.decode()
    lengths = [int(v) for v in _values(head, b"content-length")]
    writer.close()
    return len(head) + lengths[0]


def _values(head: bytes, name: bytes) -> Iterator[bytes]:
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            yield value.strip()


async def _hammer(pid: int, port: int, request: bytes, connections: int, seconds: float) -> Load:
    length = await _answer_length(port, request)
    load = Load()
    server, generator = psutil.Process(pid), psutil.Process()
    before, own = sum(server.cpu_times()[:2]), sum(generator.cpu_times()[:2])
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    made = [
        (await loop.create_connection(
            lambda: _Connection(request, length, load, began + seconds), "127.0.0.1", port
        ))[1]
        for _ in range(connections)
    ]  # fmt: skip
    await asyncio.gather(*(connection.done for connection in made))
    load.seconds = time.perf_counter() - began
    load.server_cpu = sum(server.cpu_times()[:2]) - before
    load.generator_cpu = sum(generator.cpu_times()[:2]) - own
    return load


def hammer(pid: int, port: int, request: bytes, *, connections: int, seconds: float) -> Load:
    """Keep `connections` busy for some seconds, one request at a time each."""
    return asyncio.run(_hammer(pid, port, request, connections, seconds))
