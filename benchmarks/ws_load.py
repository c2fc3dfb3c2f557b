"""Load for WebSocket benchmarks, from a process of its own so that it cannot hold up a server.

A child process holds the sockets (one thread, epoll, raw frames). `Load` talks to it in lines of
JSON: connect, then open-loop or closed-loop runs. An open-loop message counts from the moment at
which it was due, whether or not the generator was late; how late it was is part of the answer.
"""

import base64
import json
import os
import random
import re
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

# Our events end so; our acks do not. The founding document's messages have a cause and no epoch.
OURS = re.compile(rb'"epoch":"[^"]*","cause":"[^":]*:(\d+)"')
THEIRS = re.compile(rb'"cause":\s?"[^":]*:(\d+)"')
HEAD = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
LONGEST_TAIL = 1_200  # bytes that may be the begin of a message


def masked(payload: bytes) -> bytes:
    """A client's text frame (RFC 6455 §5.3)."""
    size, mask = len(payload), random.randbytes(4)
    stream = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    body = (int.from_bytes(payload, "big") ^ stream).to_bytes(size, "big")
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return b"\x81" + length + mask + body


class Client:
    """One connection; `raw` speaks no WebSocket, for the floor."""

    relayed = False  # whether the server passes messages on as they are

    def __init__(self, port: int, path: str, number: int, *, raw: bool = False) -> None:
        address = f"127.0.{number // 250 % 250}.{number % 250 + 1}"
        self.socket = socket.create_connection(("127.0.0.1", port), 30, (address, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.raw, self.name, self.rest, self.seen = raw, f"u{number}", b"", b""
        if raw:
            return
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(HEAD.format(path=path, port=port, key=key).encode())
        self.read_until(b"\r\n\r\n")
        self.seen = self.seen.partition(b"\r\n\r\n")[2]

    def read_until(self, wanted: bytes) -> None:
        """Raises `ConnectionError` if the server closes before."""
        while wanted not in self.seen:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError(f"closed after {self.seen[-300:]!r}")
            self.seen += piece

    def join(self, ticket: str) -> None:
        message = {"type": "session_join", "data": {"ticket": ticket}}
        self.socket.sendall(masked(json.dumps(message).encode()))
        self.read_until(b'"resume_token"')
        found = re.search(rb'"connection":"([^"]+)"', self.seen)
        self.name = found[1].decode() if found is not None else self.name

    def change(self, number: int) -> bytes:
        if self.raw or self.relayed:  # as long as our server's frame, and passed on as it is
            told = f'"epoch":"{"e" * 36}","cause":"{self.name:>36}:{number}"'.encode()
            told = told.rjust(380, b" ")
            return told if self.raw else masked(told)
        message = {
            "type": "parameter_change", "message_id": f"{self.name}:{number}",
            "data": {"path": "drums/complexity", "value": number % 1000 / 1000},
        }  # fmt: skip
        return masked(json.dumps(message).encode())


class Generator:
    """The child's side: sockets and measuring."""

    def __init__(self) -> None:
        self.clients: list[Client] = []
        self.pattern = OURS
        self.numbered = 0  # ids count up over the whole run, as a client's do
        self.poll = select.epoll()
        self.by_fd: dict[int, Client] = {}

    def connect(self, port: int, joins: list[list[str]], kind: str) -> dict[str, Any]:
        """`joins`: path and ticket of each; an empty ticket joins by connecting."""
        self.pattern = THEIRS if kind == "reference" else OURS
        for path, ticket in joins:
            client = Client(port, path, len(self.clients), raw=kind == "floor")
            client.relayed = kind == "relay"
            if ticket:
                client.join(ticket)
            client.socket.setblocking(False)
            self.clients.append(client)
            self.by_fd[client.socket.fileno()] = client
            self.poll.register(client.socket, select.EPOLLIN)
        return {"clients": len(self.clients)}

    def stall(self, clients: list[int], *, stalled: bool) -> dict[str, Any]:
        """Stop reading from some, or read from them again."""
        for number in clients:
            kinds = 0 if stalled else select.EPOLLIN
            self.poll.modify(self.clients[number].socket, kinds)
        return {}

    def beat(self) -> dict[str, Any]:
        """A sign of life from everyone: a server closes who says nothing for long."""
        for client in self.clients:
            client.socket.send(b"\x8a\x80\0\0\0\0")  # an unasked pong, RFC 6455 §5.5.3
        return {}

    def drain(self, seconds: float) -> dict[str, Any]:
        """Read and throw away until nothing has come for that long."""
        count, quiet = 0, time.monotonic()
        while time.monotonic() - quiet < seconds:
            for _ in self.heard(0.05):
                count, quiet = count + 1, time.monotonic()
        return {"drained": count}

    def heard(self, wait: float) -> list[tuple[Client, list[int]]]:
        """Who heard of which messages since the last call."""
        found = []
        for fd, _ in self.poll.poll(wait):
            client = self.by_fd[fd]
            try:
                chunk = client.rest + client.socket.recv(262_144)
            except BlockingIOError:
                continue
            numbers, end = [], 0
            for match in self.pattern.finditer(chunk):
                numbers.append(int(match[1]))
                end = match.end()
            client.rest = chunk[end:][-LONGEST_TAIL:]
            found.append((client, numbers))
        return found

    def open_loop(self, rate: float, seconds: float, per: int) -> dict[str, Any]:
        """Send at `rate` a second in all; `per` hear of each."""
        total = int(rate * seconds)
        first, clients = self.numbered + 1, self.clients
        self.numbered += total
        frames = [clients[n * 7 % len(clients)].change(first + n) for n in range(total)]
        late: list[float] = []
        behind: list[float] = []
        own, began = time.thread_time(), time.perf_counter()
        sent, reads, expected, deadline = 0, 0, total * per, seconds + 5
        while len(late) < expected:
            now = time.perf_counter() - began
            if now > deadline:
                break
            while sent < total and sent / rate <= now:
                try:
                    clients[sent * 7 % len(clients)].socket.send(frames[sent])
                except BlockingIOError:
                    break
                behind.append(time.perf_counter() - began - sent / rate)
                sent += 1
            due = sent / rate - (time.perf_counter() - began) if sent < total else 0.05
            # epoll waits whole milliseconds, which is longer than what is measured here.
            for _, numbers in self.heard(0.0 if due < 0.002 else min(due - 0.001, 0.05)):
                reads += 1
                now = time.perf_counter() - began
                late += [now - (number - first) / rate for number in numbers if number >= first]
        took = time.perf_counter() - began
        return {
            "in_per_s": round(rate), "out_per_s": round(rate * per), "sent": sent,
            "delivered": len(late), "expected": expected, "seconds": round(took, 2),
            "ms": quantiles(late), "generator_cores": round((time.thread_time() - own) / took, 2),
            "generator_late_ms": quantiles(behind),
            "frames_per_read": round(len(late) / max(1, reads), 2),
        }  # fmt: skip

    def closed_loop(self, senders: int, seconds: float) -> dict[str, Any]:
        """`senders` each send their next message when they hear of their last one."""
        clients = self.clients
        waiting: dict[int, Client] = {}
        heard = sent = 0
        own, began = time.thread_time(), time.perf_counter()
        ready = [clients[n * len(clients) // senders] for n in range(senders)]
        while (now := time.perf_counter() - began) < seconds + 2:
            if now < seconds:
                for client in ready:
                    self.numbered += 1
                    client.socket.send(client.change(self.numbered))
                    waiting[self.numbered] = client
                    sent += 1
            elif heard >= sent * len(clients):
                break
            ready = []
            for client, numbers in self.heard(0.05):
                heard += len(numbers)
                for number in numbers:
                    if waiting.get(number) is client:
                        ready.append(waiting.pop(number))
        took = time.perf_counter() - began
        return {
            "senders": senders, "delivered": heard, "expected": sent * len(clients),
            "seconds": round(took, 2),
            "generator_cores": round((time.thread_time() - own) / took, 2),
        }  # fmt: skip

    def close(self) -> dict[str, Any]:
        """End every connection."""
        for client in self.clients:
            client.socket.close()
        self.__init__()  # type: ignore[misc]
        return {}


def quantiles(values: list[float]) -> dict[str, float]:
    """p50, p99, p99.9 and the greatest, in milliseconds."""
    values.sort()
    last = len(values) - 1
    if last < 0:
        return {}
    places = {"p50": 0.5, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
    return {name: round(1e3 * values[int(last * place)], 3) for name, place in places.items()}


class Load:
    """The parent's side: a generator in another process, on another core if there is one."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        if len(cores) > 1:
            os.sched_setaffinity(self._process.pid, cores[1:])

    def __getattr__(self, name: str) -> Any:
        def ask(*args: Any, **more: Any) -> Any:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps([name, args, more]) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
            assert line, "the load generator has ended"
            return json.loads(line)

        return ask

    def end(self) -> None:
        """End the other process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


def pin(pid: int) -> bool:
    """Keep a process with all its threads on the first core; False where that cannot be done."""
    if not hasattr(os, "sched_setaffinity"):
        return False
    core = min(os.sched_getaffinity(0))
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})
    return True


class Meter:
    """Processor time of a server: all of it, its main thread's, and how long that had to wait."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._began = self._read()

    def _read(self) -> tuple[float, float, float]:
        whole = 0.0
        for task in Path(f"/proc/{self._pid}/task").iterdir():
            try:
                whole += int((task / "schedstat").read_text().split()[0]) / 1e9
            except OSError:
                continue
        main = Path(f"/proc/{self._pid}/task/{self._pid}/schedstat").read_text().split()
        return whole, int(main[0]) / 1e9, int(main[1]) / 1e9

    def spent(self) -> tuple[float, float, float]:
        """Seconds since it was made: process, main thread, main thread ready but not running."""
        now = self._read()
        return now[0] - self._began[0], now[1] - self._began[1], now[2] - self._began[2]


def main() -> None:
    generator = Generator()
    for line in sys.stdin:
        name, args, more = json.loads(line)
        print(json.dumps(getattr(generator, name)(*args, **more)), flush=True)


if __name__ == "__main__":
    main()
