"""The Python client and its commands, on the whole product over real sockets."""

import asyncio
import json
import re
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from musearoo.app.cli.root import app
from musearoo.client import Account, Options, Refused, Session, connect, sync
from musearoo.codecs.events import snapshot
from musearoo.domain.events import ChatSent, GenerationCompleted, Sequenced, TakeBar
from musearoo.domain.session.state import SessionState
from tests.servers.server import ServerProcess, nobody_listens
from tests.waiting import PATIENCE, until


@asynccontextmanager
async def owner(server: ServerProcess) -> AsyncIterator[tuple[Account, str]]:
    """The local owner, with a new project's session."""
    async with Account(server.url) as account:
        await account.login_local(server.local_token())
        project = await account.call("POST", "/projects", json={"name": "Riff"})
        yield account, await account.open_session(project["id"])


def shown(state: SessionState | None) -> dict[str, Any]:
    """A state as everyone sees it."""
    assert state is not None
    return told(msgspec.json.decode(msgspec.json.encode(snapshot(state, 0.0))))


def told(values: dict[str, Any]) -> dict[str, Any]:
    """What a state says without what is one person's, or of this moment."""
    transport = {k: v for k, v in values["transport"].items() if k != "position"}
    return {**{k: v for k, v in values.items() if k != "undo"}, "transport": transport}


async def same(account: Account, project: str, *sessions: Session) -> dict[str, Any]:
    """Wait until all have come as far as the server, with every answer; what that says then."""

    async def equal() -> dict[str, Any]:
        answer: dict[str, Any] = await account.call("GET", f"/sessions/{project}")
        far = {(live.epoch, live.seq, live.connected, live.waiting) for live in sessions}
        return answer if far == {(answer["epoch"], answer["seq"], True, 0)} else {}

    answered: dict[str, Any] = await until(equal, "everyone at the server's event")
    return answered


@pytest.mark.parametrize("binary", [False, True])
async def test_a_part_is_played_for_two(server: ServerProcess, binary: bool) -> None:
    """Both hear the same bars in the same order, and end with the state of the server."""
    async with owner(server) as (account, project):
        one = connect(account=account, session=project, options=Options(binary=binary))
        async with one as ada, connect(account=account, session=project) as bob:
            heard: list[list[Sequenced]] = [[], []]
            events = ada.events(), bob.events()
            await ada.set("drums/complexity", 0.8)
            await bob.set("session/tempo", 132)
            ack = await ada.generate("drummaroo", {"style": "funk"}, bars=4, seed=3)
            for mine, stream in zip(heard, events, strict=True):
                async for event in stream:
                    mine.append(event)
                    if isinstance(event.event, GenerationCompleted):
                        break
            assert [each.event for each in heard[0]][1:] == [each.event for each in heard[1]][1:]
            bars = [each.event for each in heard[0] if isinstance(each.event, TakeBar)]
            assert [1, 2, 3, 4] == [bar.bar for bar in bars]
            assert all(bar.take_id == ack.take_id for bar in bars)
            answer = await same(account, project, ada, bob)
            assert told(answer["state"]) == shown(ada.state) == shown(bob.state)


async def test_nothing_is_lost_in_breaks(server: ServerProcess) -> None:
    """However often the network fails: each message once, in order, for everyone."""
    async with owner(server) as (account, project):
        options = Options(binary=True)
        async with (
            connect(account=account, session=project, options=options) as ada,
            connect(account=account, session=project) as bob,
        ):
            said = [f"{number}" for number in range(40)]
            heard: list[str] = []

            async def listen() -> None:
                async for event in bob.events():
                    if isinstance(event.event, ChatSent):
                        heard.append(event.event.text)
                    if len(heard) == len(said):
                        return

            async with asyncio.timeout(90), asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(listen())
                await asyncio.sleep(0)
                for number, text in enumerate(said):
                    tasks.create_task(ada.chat(text))
                    if number % 10 == 5:
                        ada.break_off()
                    if number % 10 == 9:
                        bob.break_off()
                    await asyncio.sleep(0.02)
                await listening
            assert said == heard
            assert min(ada.reconnects, bob.reconnects) >= 1
            await same(account, project, ada, bob)
            assert shown(ada.state) == shown(bob.state)


async def test_two_clocks_agree(server: ServerProcess) -> None:
    """On one machine the estimate is right to well under a millisecond of its own error."""
    async with (
        owner(server) as (account, project),
        connect(account=account, session=project) as live,
    ):
        await until(lambda: len(live.clock._samples) >= 5, "five heartbeats")
        assert live.clock.error is not None
        wrong = live.clock.error + 0.005
        before = time.time()
        told = live.server_time()
        assert before - wrong < told < time.time() + wrong


def test_without_async(server: ServerProcess) -> None:
    """A script sets a parameter and hears of it."""

    async def prepare() -> tuple[str, str]:
        async with owner(server) as (account, project):
            return account.token or "", project

    token, project = asyncio.run(prepare())
    with sync.connect(server.url, token=token, session=project) as live:
        events = live.events(timeout=PATIENCE)
        seq = live.set("drums/complexity", 0.4)
        assert seq == next(events).seq
        with pytest.raises(Refused, match="one of"):
            live.set("drums/nothing", 0.4)


class TestCommands:
    @pytest.fixture
    async def project(self, server: ServerProcess) -> str:
        async with owner(server) as (_, project):
            return project

    @pytest.fixture
    def here(self, server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
        """The command line of the person whose server it is."""
        monkeypatch.setenv("MUSEAROO_DATA_DIR", str(server.data_dir))
        monkeypatch.setenv("MUSEAROO_PORT", server.url.rpartition(":")[2])

    @pytest.mark.usefixtures("here")
    def test_send(self, project: str) -> None:
        """A parameter, a command, some words; refusals have an exit code and one line."""
        sent = musearoo("send", "-s", project, "drums/complexity", "0.4", "--json")
        assert (sent.exit_code, json.loads(sent.stdout)["seq"]) == (0, 1)
        played = musearoo("send", "-s", project, "transport", "action=play")
        assert "event 2" in played.stdout
        for wrong in (["transport", "action=dance"], ["drums/complexity"], ["transport", "x"]):
            refused = musearoo("send", "-s", project, *wrong)
            assert (refused.exit_code, refused.stderr.count("\n")) == (3, 1), refused.stderr

    @pytest.mark.usefixtures("here")
    def test_tail_tells_how_well_the_clock_is_known(
        self, project: str, server: ServerProcess
    ) -> None:
        """Beside the events, and never more wrong than half the way there and back."""
        over, http = threading.Event(), server.client()  # each local token works once

        def change() -> None:
            act = {"name": "set_parameter", "args": {"path": "drums/fills", "value": 0.5}}
            while not over.wait(0.12):
                http.post(f"/api/v3/sessions/{project}/commands", json=act)

        changing = threading.Thread(target=change)
        changing.start()
        try:
            told = next(filter(None, (self.clock_told(project) for _ in range(5))))
        finally:
            over.set()
            changing.join()
            http.close()
        assert 0 <= told["error_at_most_ms"] <= told["round_trip_ms"] / 2 + 1e-9

    def clock_told(self, project: str) -> dict[str, float] | None:
        """What was told of the clock beside 20 events, if any heartbeat was back by then."""
        tailed = musearoo("tail", "-s", project, "--clock", "--limit", "20", "--json")
        assert tailed.exit_code == 0, tailed.stdout
        lines = [json.loads(line) for line in tailed.stdout.splitlines()]
        assert sum("seq" in line for line in lines) == 20
        clocks: list[dict[str, float]] = [line["clock"] for line in lines if "clock" in line]
        return clocks[0] if clocks else None

    @pytest.mark.usefixtures("here")
    def test_join(self, project: str) -> None:
        """What is typed is done, and everything that happens is shown."""
        typed = "hello band\ndrums/fills 0.9\n/undo\n/dance\n\n/quit\n"
        joined = musearoo("join", "-s", project, typed=typed)
        assert joined.exit_code == 0, joined.stderr
        assert "hello band" in joined.stdout
        assert ["0.9", "back"] == re.findall(r"drums/fills (0.9|back)\b", joined.stdout)
        assert "! name is 'dance'" in joined.stdout

    @pytest.mark.usefixtures("here")
    async def test_tail(self, server: ServerProcess, project: str) -> None:
        """Events as JSON lines, until there were enough."""
        command = ("-m", "musearoo.app", "session", "tail", "-s", project, "--limit", "2", "--json")
        async with owner(server) as (account, _):  # each token in the folder works once
            tail = await asyncio.create_subprocess_exec(
                sys.executable, *command, stdout=asyncio.subprocess.PIPE
            )
            try:
                async with connect(account=account, session=project) as live:
                    await until(lambda: len(live.present) == 2, "the tail", 2 * PATIENCE)
                    await live.chat("hi")
                    await live.set("drums/complexity", 0.1)
                out, _ = await asyncio.wait_for(tail.communicate(), PATIENCE)
            finally:
                if tail.returncode is None:
                    tail.kill()
                    await tail.wait()
        types = [json.loads(line)["type"] for line in out.splitlines()]
        assert ["chat_message", "parameter_change"] == types

    @pytest.mark.usefixtures("here")
    def test_nobody_there(self) -> None:
        """Another exit code: the server, not the wish, is at fault."""
        with nobody_listens() as port:
            lost = musearoo("tail", "--server", f"http://127.0.0.1:{port}", "--token", "t")
        assert (lost.exit_code, lost.stderr.count("\n")) == (4, 1)
        unknown = musearoo("send", "-s", "0199d3c0-1111-7000-8000-000000000001", "undo")
        assert unknown.exit_code == 3


def musearoo(*arguments: str, typed: str | None = None) -> Result:
    """A command of the group, in this process."""
    return CliRunner().invoke(app, ["session", *arguments], input=typed)
