"""Parameter changes to everyone in the session: our door and the founding document's manager.

    python benchmarks/bench_ws_fanout.py [--sessions 100] [--clients 5] [--rates 2000 5000 10000]

Open loop: each change has a scheduled time, and its latency counts from there to its arrival at
each member. The generator is one thread over raw sockets (epoll) in this process; its share of
a core is printed, because past 90 % it measures itself. The reference is the manager of the
founding document (`ReferenceManager`) as a FastAPI WebSocket on the same uvicorn, in this run.
"""

import argparse
import asyncio
import base64
import json
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import psutil
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from machine import facts
from pydantic import BaseModel

from tests.servers.server import ServerProcess

SEEN = re.compile(rb'"type":\s?"parameter_change".{0,900}?"cause":\s?"[^"]*?:(\d+)"', re.DOTALL)
HEAD = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def masked(payload: bytes) -> bytes:
    """A client's text frame; a mask of zeros is a mask (RFC 6455 §5.3)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, 0x80 | size)) + bytes(4) + payload
    return b"\x81\xfe" + size.to_bytes(2, "big") + bytes(4) + payload


class Client:
    numbered = 0  # ids count up over the whole run, as a client's do

    def __init__(self, port: int, path: str, number: int) -> None:
        address = f"127.0.{number // 250}.{number % 250 + 1}"
        self.socket = socket.create_connection(("127.0.0.1", port), 30, (address, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(HEAD.format(path=path, port=port, key=key).encode())
        self.seen = b""
        while b"\r\n\r\n" not in self.seen:
            self.seen += self.socket.recv(65536)
        self.seen = self.seen.partition(b"\r\n\r\n")[2]
        self.name = ""
        self.rest = b""

    def join(self, ticket: str) -> None:
        message = {"type": "session_join", "data": {"ticket": ticket}}
        self.socket.sendall(masked(json.dumps(message).encode()))
        while b'"resume_token"' not in self.seen:
            self.seen += self.socket.recv(65536)
        self.name = re.search(rb'"connection":"([^"]+)"', self.seen)[1].decode()

    def change(self, number: int) -> bytes:
        message = {
            "type": "parameter_change", "message_id": f"{self.name}:{number}",
            "data": {"path": "drums/complexity", "value": number % 1000 / 1000},
        }  # fmt: skip
        return masked(json.dumps(message).encode())


def measure(clients: list[Client], rate: float, seconds: float, per: int, pid: int) -> dict:
    """Send at `rate` a second in all, and time each delivery."""
    total = int(rate * seconds)
    first = Client.numbered + 1
    Client.numbered += total
    frames = [clients[n * 7 % len(clients)].change(first + n) for n in range(total)]
    poll, by_fd = select.epoll(), {}
    for client in clients:
        client.socket.setblocking(False)
        poll.register(client.socket, select.EPOLLIN)
        by_fd[client.socket.fileno()] = client
    server = psutil.Process(pid)
    late: list[float] = []
    starved = waited(pid)
    main0 = threads(pid)
    cpu0, own0, began = server.cpu_times(), time.thread_time(), time.perf_counter()
    sent, expected, deadline = 0, total * per, seconds + 10
    while len(late) < expected and time.perf_counter() - began < deadline:
        now = time.perf_counter() - began
        while sent < total and sent / rate <= now:
            try:
                clients[sent * 7 % len(clients)].socket.send(frames[sent])
            except BlockingIOError:
                break
            sent += 1
        wait = max(0.0, sent / rate - (time.perf_counter() - began)) if sent < total else 0.05
        for fd, _ in poll.poll(min(wait, 0.05)):
            client = by_fd[fd]
            try:
                chunk = client.rest + client.socket.recv(262_144)
            except BlockingIOError:
                continue
            now, end = time.perf_counter() - began, 0
            for found in SEEN.finditer(chunk):
                late.append(now - (int(found[1]) - first) / rate)
                end = found.end()
            client.rest = chunk[end:][-2_000:]
    took = time.perf_counter() - began
    cpu1, own = server.cpu_times(), time.thread_time() - own0
    for client in clients:
        poll.unregister(client.socket)
        client.socket.setblocking(True)
    late.sort()
    used = cpu1.user + cpu1.system - cpu0.user - cpu0.system
    return {
        "in_per_s": round(rate), "out_per_s": round(rate * per), "sent": sent,
        "delivered": len(late), "expected": expected,
        "p50_ms": round(1e3 * late[len(late) // 2], 3) if late else None,
        "p99_ms": round(1e3 * late[int(len(late) * 0.99)], 3) if late else None,
        "deliveries_per_server_cpu_s": round(len(late) / max(used, 0.01)),
        "server_starved": round((waited(pid) - starved) / took, 2),
        "server_cores": round(used / took, 2),
        "main_thread_cores": round((threads(pid) - main0) / took, 2),
        "generator_cores": round(own / took, 2),
    }  # fmt: skip


def threads(pid: int) -> float:
    """Processor seconds of the server's event loop thread."""
    try:
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return 0.0


def waited(pid: int) -> float:
    """Seconds that the server's main thread stood ready while others had the processor."""
    try:
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


@contextmanager
def ours(folder: Path, sessions: int, per: int) -> Iterator[tuple[list[Client], int]]:
    profiled = os.environ.get("PROFILE_SERVER", "").split()
    server = ServerProcess(folder / "data", {"MUSEAROO_LOG_LEVEL": "warning"}, *profiled)
    server.start()
    port = int(server.url.rpartition(":")[2])
    with server.client() as http:
        clients = []
        for session in range(sessions):
            project = http.post("/api/v3/projects", json={"name": f"s{session}"}).json()["id"]
            for _ in range(per):
                ticket = http.post("/api/v3/ws-tickets", json={"session_id": project}).json()
                client = Client(port, "/api/v3/ws", len(clients))
                client.join(ticket["ticket"])
                clients.append(client)
    try:
        yield clients, server.pid
    finally:
        for client in clients:
            client.socket.close()
        server.stop()


@contextmanager
def reference(_folder: Path, sessions: int, per: int) -> Iterator[tuple[list[Client], int]]:
    process = subprocess.Popen(
        [sys.executable, __file__, "--reference-server"], stdout=subprocess.PIPE, text=True
    )
    port = int(process.stdout.readline())
    clients = []
    for number in range(sessions * per):
        for attempt in range(50):
            try:
                clients.append(Client(port, f"/ws/s{number // per}/u{number}", number))
                break
            except ConnectionRefusedError:
                time.sleep(0.1 * (attempt + 1))
        clients[-1].name = f"u{number}"
    time.sleep(1)
    try:
        yield clients, process.pid
    finally:
        for client in clients:
            client.socket.close()
        process.terminate()
        process.wait()


def reference_server() -> None:
    """The founding document's manager: one `send_json` after another, encoded for each."""

    class Message(BaseModel):
        type: str
        session_id: str
        user_id: str
        timestamp: float
        data: dict
        message_id: str | None = None
        cause: str | None = None

    app, rooms, sockets = FastAPI(), {}, {}

    @app.websocket("/ws/{session}/{user}")
    async def door(websocket: WebSocket, session: str, user: str) -> None:
        await websocket.accept()
        sockets[f"{user}:{session}"] = websocket
        rooms.setdefault(session, set()).add(user)
        try:
            while True:
                body = await websocket.receive_json()
                message = Message(
                    type=body["type"], session_id=session, user_id=user, timestamp=time.time(),
                    data=body["data"], message_id=body["message_id"], cause=body["message_id"],
                )  # fmt: skip
                for member in tuple(rooms[session]):
                    await sockets[f"{member}:{session}"].send_json(message.model_dump())
        except (WebSocketDisconnect, RuntimeError):
            rooms[session].discard(user)

    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(app, log_level="error", ws="websockets-sansio", loop="uvloop")
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--reference-server", action="store_true")
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--clients", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rates", type=float, nargs="+", default=[1_000, 2_500, 5_000, 10_000])
    parser.add_argument("--without-reference", action="store_true")
    options = parser.parse_args()
    if options.reference_server:
        reference_server()
        return
    result: dict = {"name": "ws_fanout", "sessions": options.sessions}
    result["clients"] = options.clients
    doors = [("ours", ours)] + ([] if options.without_reference else [("reference", reference)])
    for name, door in doors:
        with (
            tempfile.TemporaryDirectory() as folder,
            door(Path(folder), options.sessions, options.clients) as (clients, pid),
        ):
            rss = psutil.Process(pid).memory_info().rss
            result[name] = [
                measure(clients, rate, options.seconds, options.clients, pid)
                for rate in options.rates
            ]
            result[f"{name}_rss_mib"] = round(rss / 2**20, 1)
    print(json.dumps({**result, "machine": facts()}))


if __name__ == "__main__":
    main()
