"""A storm of returning clients: each resumes with a token and has missed 100 messages.

    python benchmarks/bench_ws_resume.py [--clients 1000] [--missed 100] [--sessions 10]

All sockets are cut at once; time counts from the first connect to the last missing message.
The same storm with tickets (asked for beforehand) is reported beside it; a person may hold 64.
Server on one core, the generator (one thread, epoll, raw frames) on another: `generator_cores`
past 0.9 means that it measures itself. Memory of a connection is what the server's resident
memory grew by while clients joined, session objects included.
"""

import argparse
import json
import re
import select
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import os

import httpx
import psutil
from machine import facts
from ws_load import HEAD, Client, Meter, masked, pin

from tests.servers.server import ServerProcess

SEQ = re.compile(rb'"seq":(\d+),"epoch"')
EPOCH = re.compile(rb'"epoch":"([^"]+)"')
TOKEN = re.compile(rb'"resume_token":"([^"]+)"')
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
TICKETS = 64


class Returning:
    """One client on its way back, driven by readiness."""

    def __init__(self, number: int, port: int, join: bytes, last: int) -> None:
        self.join, self.last = join, last
        self.numbers: list[int] = []
        self.rest, self.joined = b"", False
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


def storm(port: int, joins: list[tuple[bytes, int]], wanted: int, pid: int) -> dict[str, Any]:
    """Everybody comes back at once."""
    meter, own = Meter(pid), time.thread_time()
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
    took, own = time.perf_counter() - began, time.thread_time() - own
    whole, _, kept = meter.spent()
    clients = list(by_fd.values())
    gaps = sum(c.numbers != list(range(c.last + 1, wanted + 1)) for c in clients)
    for client in clients:
        client.socket.close()
    times.sort()
    return {
        "clients": len(joins), "seconds": round(took, 3), "came_back": len(times),
        "p50_s": round(times[len(times) // 2], 3) if times else None,
        "clients_with_gap_or_duplicate": gaps,
        "server_cpu_ms_per_client": round(1e3 * whole / len(joins), 3),
        "server_cpu_s": round(whole, 3),
        "server_kept_waiting_s": round(kept, 3), "generator_cores": round(own / took, 2),
    }  # fmt: skip


def tokens(clients: list[Client]) -> list[tuple[bytes, int]]:
    """The first message of each who comes back with a resume token, and its last number."""
    joins = []
    for client in clients:
        data = {
            "epoch": EPOCH.search(client.seen)[1].decode(), "last_seq": 0,
            "resume_token": TOKEN.search(client.seen)[1].decode(),
        }  # fmt: skip
        joins.append((masked(json.dumps({"type": "session_join", "data": data}).encode()), 0))
    return joins


def tickets(
    http: httpx.Client, projects: list[str], clients: list[Client], last: int
) -> list[tuple[bytes, int]]:
    """The same with tickets."""
    joins = []
    for number, client in enumerate(clients[:TICKETS]):
        data = {
            "epoch": EPOCH.search(client.seen)[1].decode(), "last_seq": last,
            "ticket": ticket(http, projects, number),
        }  # fmt: skip
        joins.append((masked(json.dumps({"type": "session_join", "data": data}).encode()), last))
    return joins


def ticket(http: httpx.Client, projects: list[str], number: int) -> str:
    body = {"session_id": projects[number % len(projects)]}
    secret: str = http.post("/api/v3/ws-tickets", json=body).json()["ticket"]
    return secret


def change(http: httpx.Client, projects: list[str], times: int) -> None:
    """What everybody misses."""
    for project in projects:
        for step in range(times):
            args = {"path": "drums/complexity", "value": step / times}
            body = {"name": "set_parameter", "args": args}
            http.post(f"/api/v3/sessions/{project}/commands", json=body).raise_for_status()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--missed", type=int, default=100)
    options = parser.parse_args()
    result: dict[str, Any] = {"name": "ws_resume", "machine": facts()}
    result |= {"sessions": options.sessions, "missed": options.missed}
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder) / "data", {"MUSEAROO_LOG_LEVEL": "warning"})
        server.start()
        port = int(server.url.rpartition(":")[2])
        result["pinned"] = pin(server.pid)
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        if len(cores) > 1:
            os.sched_setaffinity(0, cores[1:])
        with server.client() as http:
            projects = [
                http.post("/api/v3/projects", json={"name": f"s{n}"}).json()["id"]
                for n in range(options.sessions)
            ]
            before = psutil.Process(server.pid).memory_info().rss
            clients = []
            for number in range(options.clients):
                clients.append(Client(port, "/api/v3/ws", number))
                clients[-1].join(ticket(http, projects, number))
            time.sleep(0.5)
            grown = psutil.Process(server.pid).memory_info().rss - before
            result["kib_per_connection"] = round(grown / 1024 / options.clients, 1)
            joins = tokens(clients)
            for client in clients:
                client.socket.close()
            time.sleep(1)
            change(http, projects, options.missed)
            result["tokens"] = storm(port, joins, options.missed, server.pid)
            joins = tickets(http, projects, clients, options.missed)
            change(http, projects, options.missed)
            result["tickets"] = storm(port, joins, 2 * options.missed, server.pid)
        server.stop()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
