"""Two people play in a session over REST: commands, events, undo, locks, regeneration."""

from pathlib import Path
from typing import Any

import httpx

from musearoo.conductor.world import Rules
from tests.flow.conftest import wired

FREE = Rules(quotas=False)


class Room:
    """One person's view of a session."""

    def __init__(self, http: httpx.AsyncClient, project: str) -> None:
        self.http = http
        self.project = project
        self.place = f"/sessions/{project}"

    async def send(self, name: str, args: dict[str, Any], **more: Any) -> httpx.Response:
        body = {"name": name, "args": args, **more}
        return await self.http.post(f"{self.place}/commands", json=body)

    async def do(self, name: str, /, **args: Any) -> dict[str, Any]:
        answer = await self.send(name, args)
        assert answer.status_code == 200, answer.text
        ack: dict[str, Any] = answer.json()
        return ack

    async def set(self, path: str, value: Any) -> dict[str, Any]:
        return await self.do("set_parameter", path=path, value=value)

    async def state(self) -> dict[str, Any]:
        state: dict[str, Any] = (await self.http.get(self.place)).json()["state"]
        return state

    async def events(self, after: int = 0) -> list[dict[str, Any]]:
        answer = await self.http.get(f"{self.place}/events", params={"after": after})
        events: list[dict[str, Any]] = answer.json()["events"]
        return events

    async def generate(self, engine: str = "drummaroo", **more: Any) -> dict[str, Any]:
        answer = await self.http.post(
            f"/projects/{self.project}/generate", json={"engine": engine, "bars": 4, **more}
        )
        assert answer.status_code == 200, answer.text
        done: dict[str, Any] = answer.json()
        assert done["status"] == "completed", done
        return done

    async def notes(self) -> dict[str, Any]:
        parts = (await self.http.get(f"/projects/{self.project}/parts")).json()
        take = (await self.http.get(f"/takes/{parts[0]['selected']['id']}")).json()
        return {note["id"]: note for note in take["notes"]}


async def opened(http: httpx.AsyncClient) -> Room:
    project = (await http.post("/projects", json={"name": "Riff"})).json()["id"]
    answer = (await http.post(f"/projects/{project}/sessions")).json()
    assert answer["session_id"] == project
    again = (await http.post(f"/projects/{project}/sessions")).json()
    assert again == answer
    return Room(http, project)


async def test_settings_are_set_read_and_heard(tmp_path: Path) -> None:
    """Tempo, key, style, meter and a knob: acknowledged, in the state, in the events, in order."""
    async with wired(tmp_path, FREE) as town, await town.person("ada") as http:
        room = await opened(http)
        for number, (path, value) in enumerate(
            {
                "session/tempo": 96,
                "session/key": "A minor",
                "session/style": "funky",
                "session/meter": "6/8",
                "drums/complexity": 0.7,
            }.items(),
            start=1,
        ):
            assert (await room.set(path, value))["seq"] == number
        state = await room.state()
        assert (state["tempo"], state["key"], state["style"]) == (96, "A minor", "funk")
        assert (state["time_signature"], state["parameters"]) == ("6/8", {"drums/complexity": 0.7})
        events = await room.events()
        assert [event["seq"] for event in events] == [1, 2, 3, 4, 5]
        assert [event["type"] for event in events] == [
            "tempo_change", "event", "event", "event", "parameter_change",
        ]  # fmt: skip
        assert [event["seq"] for event in await room.events(after=3)] == [4, 5]
        context = (await http.get(f"/projects/{room.project}")).json()["musical_context"]
        assert (context["tempo"], context["key"]) == (96, "A minor")


async def test_wrong_commands_say_what_would_be_right(tmp_path: Path) -> None:
    """Nothing changes, and the list of what can be done is told."""
    async with wired(tmp_path, FREE) as town, await town.person("ada") as http:
        room = await opened(http)
        for name, args, word in (
            ("explode", {}, "set_parameter"),
            ("set_parameter", {"path": "session/tempo", "value": 0}, "20 to 400"),
            ("set_parameter", {"path": "session/tempo", "value": 10_000}, "20 to 400"),
            ("set_parameter", {"path": "session/tempo", "value": True}, "20 to 400"),
            ("set_parameter", {"path": "session/tempo", "value": "fast"}, "20 to 400"),
            ("set_parameter", {"path": "session/key", "value": "H dur"}, "A to G"),
            ("set_parameter", {"path": "session/style", "value": "polka"}, "rock"),
            ("set_parameter", {"path": "session/meter", "value": "3/5"}, "1, 2, 4"),
            ("set_parameter", {"path": "drums/complexity", "value": 1.5}, "0 to 1"),
            ("set_parameter", {"path": "drums/nothing", "value": 1}, "complexity"),
            ("set_parameter", {"path": "kazoo/volume", "value": 1}, "drums"),
            ("set_parameter", {"path": "session/tempo"}, "value"),
            ("set_parameter", {"path": "session/tempo", "value": 90, "x": 1}, "x"),
            ("transport", {"action": "fly"}, "fly"),
            ("generate", {"engine": "kazooroo"}, "drummaroo"),
            ("generate", {"engine": "drummaroo", "bars": 0}, "1 to 256"),
            ("generate", {"engine": "drummaroo", "part": "../x"}, "letters"),
            ("set_chords", {"chords": [{"start": 0, "length": 0, "chord": "C"}]}, "overlap"),
            ("set_chords", {"chords": [{"start": 0, "length": 9, "chord": "??"}]}, "chord"),
            ("lock", {"part": "drums", "bars": [1]}, "parts"),
        ):
            answer = await room.send(name, args)
            assert answer.status_code == 422, (name, args, answer.text)
            assert word in answer.json()["detail"], (name, args, answer.text)
        for at in ("tomorrow", "bar", "bar -1", "bar 1000000"):
            answer = await room.send("transport", {"action": "play"}, at=at)
            assert answer.status_code == 422
        assert await room.events() == []


async def test_undo_takes_back_ones_own(tmp_path: Path) -> None:
    """Ada's undo leaves Bob's change alone, and says so."""
    async with (
        wired(tmp_path, FREE) as town,
        await town.person("ada") as ada,
        await town.person("bob") as bob,
    ):
        project = await ada.post(
            "/projects", json={"name": "R", "collaborators": ["bob@example.org"]}
        )
        secret = project.json()["invitations"][0]["invite_url"].partition("#join=")[2]
        await bob.post(f"/collaborate/join/{secret}")
        hers, his = Room(ada, project.json()["id"]), Room(bob, project.json()["id"])
        await hers.set("session/tempo", 96)
        await hers.set("drums/complexity", 0.2)
        await his.set("drums/complexity", 0.9)
        assert (await hers.do("undo"))["conflicts"] == ["drums/complexity"]
        await hers.do("undo")
        state = await his.state()
        assert (state["tempo"], state["parameters"]["drums/complexity"]) == (120, 0.9)
        assert state["undo"] == {"undo": 1, "redo": 0}
        await hers.do("redo")
        assert (await hers.state())["tempo"] == 96
        assert (await hers.events())[-1]["history"] == "redo"


async def test_a_take_is_locked_played_again_and_edited(tmp_path: Path) -> None:
    """Locked bars keep every note; an edit makes a new take, selected at once."""
    async with wired(tmp_path, FREE) as town, await town.person("ada") as http:
        room = await opened(http)
        first = await room.generate(seed=1)
        before = await room.notes()
        await room.do("lock", part="drums", bars=[1, 2])
        ack = await room.do("regenerate", part="drums", seed=2)
        await town.place.ended(ack["generation_id"])
        after = await room.notes()
        kept = [note for note in before.values() if note["start"] < 2 * 3840]
        assert kept
        assert [n for n in after.values() if n["start"] < 2 * 3840] == kept
        assert after != before
        victim = next(iter(after))
        put = {"id": "", "start": 480, "length": 240, "pitch": 38, "velocity": 99, "voice": "snare"}
        edited = await room.do("edit_notes", part="drums", put=[put], remove=[victim])
        take = (await http.get(f"/takes/{edited['take_id']}")).json()
        assert victim not in {note["id"] for note in take["notes"]}
        assert len(take["notes"]) == len(after)
        assert take["recipe"]["operations"][-1]["kind"] == "edit"
        await room.do("select_take", part="drums", take_id=first["take_id"])
        assert await room.notes() == before
        listed = await http.get(f"/projects/{room.project}/takes?part=drums")
        assert [each["id"] for each in listed.json()][-1] == first["take_id"]
        assert listed.headers["x-total-count"] == "3"


async def test_the_same_seed_gives_the_same_notes(tmp_path: Path) -> None:
    """A recipe is all it takes."""
    async with wired(tmp_path, FREE) as town, await town.person("ada") as http:
        room = await opened(http)
        takes = []
        for _ in "ab":
            done = await room.generate("bassaroo", seed=42)
            takes.append((await http.get(f"/takes/{done['take_id']}")).json())
        for field in ("notes", "bars"):
            assert takes[0][field] == takes[1][field]
        assert takes[0]["recipe"]["seed"] == 42


async def test_bars_arrive_as_events(tmp_path: Path) -> None:
    """Accepted, bar by bar, completed: what a WebSocket would have shown."""
    async with wired(tmp_path, FREE) as town, await town.person("ada") as http:
        room = await opened(http)
        done = await room.generate(seed=3)
        types = [event["type"] for event in await room.events()]
        assert types == ["generation_request", *["take_bar"] * 4, "generation_complete"]
        bars = [event["data"] for event in (await room.events())[1:5]]
        assert [bar["bar"] for bar in bars] == [1, 2, 3, 4]
        streamed = [note for bar in bars for note in bar["notes"]]
        assert {note["id"]: note for note in streamed} == await room.notes()
        assert {bar["take_id"] for bar in bars} == {done["take_id"]}


async def test_a_reader_who_is_lost_is_shown_the_way(tmp_path: Path) -> None:
    """410 with the address of the snapshot."""
    async with wired(tmp_path, FREE) as town, await town.person("ada") as http:
        room = await opened(http)
        await room.set("session/tempo", 96)
        epoch = (await http.get(room.place)).json()["epoch"]
        good = await http.get(f"{room.place}/events", params={"epoch": epoch, "after": 1})
        assert good.json() == {"session_id": room.project, "epoch": epoch, "seq": 1, "events": []}
        for lost in ({"epoch": "another"}, {"after": 99}):
            answer = await http.get(f"{room.place}/events", params=lost)
            assert (answer.status_code, answer.json()["code"]) == (410, "gone")
            assert answer.json()["snapshot"] == f"/api/v3{room.place}"


async def test_transport_and_landing(tmp_path: Path) -> None:
    """With the transport running, `next_bar` is the next bar, with a time."""
    async with wired(tmp_path, FREE) as town, await town.person("ada") as http:
        room = await opened(http)
        await room.do("transport", action="locate", bar=1, beat=0.25)  # past the bar's own begin
        await room.do("transport", action="play")
        answer = await room.send(
            "set_parameter", {"path": "drums/complexity", "value": 0.1}, at="next_bar"
        )
        lands = answer.json()["lands_at"]
        assert lands["beat"] == 0
        assert lands["bar"] >= 2
        assert lands["server_time"] > 1_600_000_000
        assert (await room.state())["transport"]["playing"] is True
        await room.do("transport", action="panic")
        assert (await room.state())["transport"]["playing"] is False
