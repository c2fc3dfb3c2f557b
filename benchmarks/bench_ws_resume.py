"""A storm of returning clients: each resumes with a token and has missed 100 messages.

    python benchmarks/bench_ws_resume.py [--clients 1000] [--missed 100] [--sessions 10]

All sockets are cut at once; time counts from the first connect to the last missing message.
The same storm with tickets (asked for beforehand) is reported beside it. The generator is one
thread over raw sockets (epoll); its share of a core is printed.
"""

import argparse
import json
import re
import select
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import psutil
from bench_ws_fanout import HEAD, Client, masked, waited
from machine import facts

from tests.servers.server import ServerProcess

SEQ = re.compile(rb'"seq":(\d+),"epoch"')
EPOCH = re.compile(rb'"epoch":"([^"]+)"')
TOKEN = re.compile(rb'"resume_token":"([^"]+)"')
KEY = "dGhlIHNhbXBsZSBub25jZQ=="


class Returning:
    """One client on its way back, driven by readiness."""

    def __init__(self, number: int, port: int, join: bytes, last: int) -> None:
        self.join, self.last = join, last
        self.numbers: list[int] = []
        self.rest, self.joined, self.finished = b"", False, 0.0
        self.socket = socket.socket()
        self.socket.bind((f"127.1.{number // 250}.{number % 250 + 1}", 0))
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", port))
        self.head = HEAD.format(path="/api/v3/ws", port=port, key=KEY).encode()

    def writable(self) -> None:
        self.socket.send(self.head)

    def readable(self, wanted: int) -> bool:
        chunk = self.rest + self.socket.recv(262_144)
        if not self.joined:
            if b"\r\n\r\n" not in chunk:
                self.rest = chunk
                return False
            self.joined, chunk = True, chunk.partition(b"\r\n\r\n")[2]
            self.socket.send(self.join)
        end = 0
        for found in SEQ.finditer(chunk):
            self.numbers.append(int(found[1]))
            end = found.end()
        self.rest = chunk[end:][-4_000:]
        return bool(self.numbers) and self.numbers[-1] >= wanted


def storm(port: int, joins: list[tuple[bytes, int]], wanted: int, pid: int) -> dict:
    """Everybody comes back at once."""
    cpu, own, starved = psutil.Process(pid).cpu_times(), time.thread_time(), waited(pid)
    began = time.perf_counter()
    poll, by_fd = select.epoll(), {}
    for number, (join, last) in enumerate(joins):
        client = Returning(number, port, join, last)
        by_fd[client.socket.fileno()] = client
        poll.register(client.socket, select.EPOLLOUT)
    left, times = len(joins), []
    while left and time.perf_counter() - began < 60:
        for fd, kinds in poll.poll(1):
            client = by_fd[fd]
            if kinds & select.EPOLLOUT:
                client.writable()
                poll.modify(fd, select.EPOLLIN)
            elif client.readable(wanted):
                times.append(time.perf_counter() - began)
                poll.unregister(fd)
                left -= 1
    took = time.perf_counter() - began
    after = psutil.Process(pid).cpu_times()
    clients = list(by_fd.values())
    gaps = sum(c.numbers != list(range(c.last + 1, wanted + 1)) for c in clients)
    for client in clients:
        client.socket.close()
    used = after.user + after.system - cpu.user - cpu.system
    return {
        "clients": len(joins), "seconds": round(took, 3), "came_back": len(times),
        "p50_s": round(sorted(times)[len(times) // 2], 3) if times else None,
        "clients_with_gap_or_duplicate": gaps,
        "server_cpu_ms_per_client": round(1e3 * used / len(joins), 3),
        "server_starved_s": round(waited(pid) - starved, 3),
        "generator_cores": round((time.thread_time() - own) / took, 2),
    }  # fmt: skip


def returns(
    name: str, clients: list[Client], ticket: Callable[[int], str], missed: int
) -> list[tuple[bytes, int]]:
    """The first message of each, and the last number it has."""
    joins = []
    for number, client in enumerate(clients):
        data = {"epoch": EPOCH.search(client.seen)[1].decode()}
        data["last_seq"] = 0 if name == "tokens" else missed
        if name == "tokens":
            data["resume_token"] = TOKEN.search(client.seen)[1].decode()
        elif number < 64:  # a person may hold 64 live tickets
            data["ticket"] = ticket(number)
        else:
            continue
        body = {"type": "session_join", "data": data}
        joins.append((masked(json.dumps(body).encode()), data["last_seq"]))
    return joins


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--missed", type=int, default=100)
    options = parser.parse_args()
    result: dict = {"name": "ws_resume", "sessions": options.sessions, "missed": options.missed}
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder) / "data", {"MUSEAROO_LOG_LEVEL": "warning"})
        server.start()
        port = int(server.url.rpartition(":")[2])
        with server.client() as http:
            projects = [
                http.post("/api/v3/projects", json={"name": f"s{n}"}).json()["id"]
                for n in range(options.sessions)
            ]

            def ticket(number: int) -> str:
                body = {"session_id": projects[number % len(projects)]}
                secret: str = http.post("/api/v3/ws-tickets", json=body).json()["ticket"]
                return secret

            before = psutil.Process(server.pid).memory_info().rss
            clients = []
            for number in range(options.clients):
                clients.append(Client(port, "/api/v3/ws", number))
                clients[-1].join(ticket(number))
            time.sleep(0.5)
            grown = psutil.Process(server.pid).memory_info().rss - before
            result["kib_per_connection"] = round(grown / 1024 / options.clients, 1)
            for name in ("tokens", "tickets"):
                joins = returns(name, clients, ticket, options.missed)
                if name == "tokens":
                    for client in clients:
                        client.socket.close()
                    time.sleep(1)
                for project in projects:
                    for step in range(options.missed):
                        args = {"path": "drums/complexity", "value": step / options.missed}
                        http.post(
                            f"/api/v3/sessions/{project}/commands",
                            json={"name": "set_parameter", "args": args},
                        ).raise_for_status()
                wanted = options.missed if name == "tokens" else 2 * options.missed
                result[name] = storm(port, joins, wanted, server.pid)
        server.stop()
    print(json.dumps({**result, "machine": facts()}))


if __name__ == "__main__":
    main()
