"""The servers of the WebSocket benchmarks: ours, the founding document's manager, a C floor."""

import asyncio
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from pydantic import BaseModel
from ws_load import Load, pin

from tests.servers.server import ServerProcess


@contextmanager
def ours(load: Load, sessions: int, per: int, *, pinned: bool = True) -> Iterator[int]:
    """`musearoo serve` with that many sessions, `per` clients in each; answers its pid."""
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder) / "data", {"MUSEAROO_LOG_LEVEL": "warning"})
        server.start()
        try:
            if pinned:
                pin(server.pid)
            connect_ours(load, server, sessions, per)
            yield server.pid
        finally:
            load.close()
            server.stop()


def connect_ours(load: Load, server: ServerProcess, sessions: int, per: int) -> list[str]:
    """Open sessions and connect clients to them; answers the sessions."""
    port, projects = int(server.url.rpartition(":")[2]), []
    with server.client() as http:
        for number in range(sessions):
            made = http.post("/api/v3/projects", json={"name": f"s{number}"}).json()
            projects.append(made["id"])
            for first in range(0, per, 50):  # a ticket lives for 30 seconds
                joins = []
                for _ in range(first, min(per, first + 50)):
                    asked = http.post("/api/v3/ws-tickets", json={"session_id": made["id"]})
                    joins.append(["/api/v3/ws", asked.json()["ticket"]])
                load.connect(port, joins, "ours")
    return projects


@contextmanager
def reference(load: Load, sessions: int, per: int, *, pinned: bool = True) -> Iterator[int]:
    """The founding document's manager as FastAPI WebSocket on uvicorn and uvloop."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        time.sleep(1)
        if pinned:
            pin(process.pid)
        joins = [[f"/ws/s{n // per}/u{n}", ""] for n in range(sessions * per)]
        load.connect(port, joins, "reference")
        yield process.pid
    finally:
        load.close()
        process.terminate()
        process.wait()


@contextmanager
def floor(load: Load, clients: int) -> Iterator[int | None]:
    """The C program that only sends; None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "floor"
        source = Path(__file__).with_name("ws_floor.c")
        subprocess.run([compiler, "-O2", "-o", program, source], check=True)
        with _child(load, [str(program)], [["", ""]] * clients, "floor") as pid:
            yield pid


@contextmanager
def picows(load: Load, python: str, clients: int) -> Iterator[int]:
    """The picows server of that Python, which passes each message on to everyone."""
    script = str(Path(__file__).with_name("ws_transports.py"))
    command = [python, script, "picows", str(clients)]
    with _child(load, command, [["/", ""]] * clients, "relay") as pid:
        yield pid


@contextmanager
def _child(load: Load, command: list[str], joins: list[list[str]], kind: str) -> Iterator[int]:
    """A server that prints its port, with clients; answers its pid."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        pin(process.pid)
        load.connect(port, joins, kind)
        yield process.pid
    finally:
        load.close()
        process.terminate()
        process.wait()


class _Message(BaseModel):
    type: str
    session_id: str
    user_id: str
    timestamp: float
    data: dict[str, Any]
    message_id: str | None = None
    cause: str | None = None


def reference_server() -> None:
    """One `send_json` after another, encoded anew for each; prints its port."""
    app = FastAPI()
    rooms: dict[str, set[str]] = {}
    sockets: dict[str, WebSocket] = {}

    @app.websocket("/ws/{session}/{user}")
    async def door(websocket: WebSocket, session: str, user: str) -> None:
        await websocket.accept()
        sockets[f"{user}:{session}"] = websocket
        rooms.setdefault(session, set()).add(user)
        try:
            while True:
                body = await websocket.receive_json()
                message = _Message(
                    type=body["type"],
                    session_id=session,
                    user_id=user,
                    timestamp=time.time(),
                    data=body["data"],
                    message_id=body["message_id"],
                    cause=body["message_id"],
                )
                for member in tuple(rooms[session]):
                    await sockets[f"{member}:{session}"].send_json(message.model_dump())
        except (WebSocketDisconnect, RuntimeError):
            rooms[session].discard(user)

    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(app, log_level="error", ws="websockets-sansio", loop="uvloop")
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    reference_server()
