"""kill -9 at random points while commands are acknowledged: nothing lost, nothing twice."""

import os
import random
import threading
from pathlib import Path

import httpx
import psutil

from tests.servers.server import ServerProcess
from tests.waiting import PATIENCE, wait_until

ROUNDS = int(os.environ.get("MUSEAROO_KILLS", "4"))
WRITERS = 4


class Writer(threading.Thread):
    """Sends tempo changes with ids; remembers what was acknowledged and what is in doubt."""

    def __init__(self, client: httpx.Client, project: str, name: str) -> None:
        super().__init__(daemon=True)
        self.client, self.project, self.prefix = client, project, name
        self.acked: dict[str, int] = {}
        self.sent: dict[str, float] = {}
        self.stopping = threading.Event()

    def run(self) -> None:
        for number in range(100_000):
            if self.stopping.is_set():
                return
            command, tempo = f"{self.prefix}-{number}", 60.0 + number % 100
            self.sent[command] = tempo
            try:
                answer = self.send(command, tempo)
            except httpx.HTTPError:
                return
            if answer.status_code == 200:
                self.acked[command] = answer.json()["seq"]

    def send(self, command: str, tempo: float) -> httpx.Response:
        args = {"path": "session/tempo", "value": tempo}
        return self.client.post(
            f"/api/v3/sessions/{self.project}/commands",
            json={"name": "set_parameter", "args": args, "id": command},
        )


def await_answers(writers: list[Writer], enough: int) -> None:
    wait_until(lambda: sum(len(each.acked) for each in writers) >= enough, f"{enough} answers")


def wait_for_the_end_of(workers: list[psutil.Process]) -> None:
    """None of them may outlive the server; zombies wait for their new parent alone."""

    def lives(worker: psutil.Process) -> bool:
        try:
            return bool(worker.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    wait_until(lambda: not any(map(lives, workers)), "the end of the workers")


def causes(client: httpx.Client, project: str) -> list[str]:
    """The causes of all events in order; checks that the numbers are gapless."""
    found: list[str] = []
    while True:
        page = client.get(f"/api/v3/sessions/{project}/events", params={"after": len(found)}).json()
        assert [e["seq"] for e in page["events"]] == list(
            range(len(found) + 1, len(found) + 1 + len(page["events"]))
        )
        if not page["events"]:
            return found
        found += [event["cause"] for event in page["events"]]


def test_acknowledged_commands_survive_and_repeats_apply_once(tmp_path: Path) -> None:
    """After each kill every acknowledged id is in the log once, and a repeat adds nothing."""
    dice = random.Random(4)
    server = ServerProcess(tmp_path / "data")
    server.start()
    with server.client() as client:
        project = client.post("/api/v3/projects", json={"name": "Kill me"}).json()["id"]
    acked: dict[str, int] = {}
    ready: list[float] = []
    for round_number in range(ROUNDS):
        writers = [Writer(server.client(), project, f"r{round_number}w{n}") for n in range(WRITERS)]
        for writer in writers:
            writer.start()
        await_answers(writers, dice.randint(30, 150))
        workers = psutil.Process(server.pid).children(recursive=True)
        server.kill()
        for writer in writers:
            writer.stopping.set()
            writer.join(PATIENCE)
            assert not writer.is_alive(), "a dead server keeps its caller waiting"
            writer.client.close()
            acked |= writer.acked
        wait_for_the_end_of(workers)
        server = ServerProcess(server.data_dir)
        server.start()
        ready.append(server.ready_seconds)
        with server.client() as client:
            found = causes(client, project)
            assert len(set(found)) == len(found), "a command was applied twice"
            assert {id_: found.index(id_) + 1 for id_ in acked} == acked
            for writer in writers:
                writer.client = client
                for command, tempo in list(writer.sent.items())[-3:]:
                    again = writer.send(command, tempo)
                    assert again.status_code == 200
                    assert again.json()["seq"] == acked.setdefault(command, again.json()["seq"])
            assert len(set(causes(client, project))) == len(causes(client, project))
    server.stop()
    assert len(acked) > 20 * ROUNDS
    print(f"kills {ROUNDS}, acknowledged {len(acked)}, ready {max(ready):.2f} s at most")
