"""Voice commands over the WebSocket: what was understood, what was done, what is asked back."""

import asyncio
import base64
import dataclasses
from typing import Any

import pytest

from musearoo.codecs.ws import AudioRecord, Header, encode_audio
from musearoo.conductor.voice import Voice
from musearoo.domain.permissions import Permission
from musearoo.ports.voice import Speech, Transcript
from musearoo.protocols.ws.sound import SPOKEN_BYTES
from musearoo.voice.grammar import Grammar
from tests.application.protocols.ws.room_doubles import ORIGIN, Hall, Seat
from tests.waiting import until


class Listener:
    """A recogniser that keeps what it was given, and answers when it may."""

    def __init__(self, text: str = "tempo one hundred") -> None:
        self.text = text
        self.given: list[Speech] = []
        self.may = asyncio.Event()
        self.may.set()

    def is_installed(self) -> bool:
        return True

    async def transcribe(self, speech: Speech) -> Transcript:
        self.given.append(speech)
        await self.may.wait()
        return Transcript(text=self.text, seconds=0.1)


async def hearing(hall: Hall, listener: Listener | None = None) -> None:
    """Give the house a grammar, and ears."""
    conductor, world = hall.place.conductor, hall.place.world
    world = dataclasses.replace(world, understanding=Grammar(), recogniser=listener)
    conductor.voice = Voice(
        world, conductor.gate, conductor.sessions, conductor.desk, conductor.repeats
    )
    await conductor.voice.prepare()


async def seated(
    hall: Hall, *permissions: Permission, listener: Listener | None = None, binary: bool = False
) -> tuple[Seat, Seat]:
    """An owner, and somebody who may look (and whatever else)."""
    await hearing(hall, listener)
    ann, bob = await hall.place.person("ann"), await hall.place.person("bob")
    project = await hall.place.project(ann)
    rights = frozenset({Permission.VIEW, *permissions})
    people = hall.place.conductor.collaboration
    invited = await people.invite(ann, project, "bob@example.org", rights, None, origin=ORIGIN)
    await people.join(bob, invited.url.rpartition("=")[2], origin=ORIGIN)
    first = await hall.joined(ann, project, binary=binary)
    return first, await hall.joined(bob, project)


async def answer(seat: Seat, message_id: str) -> dict[str, Any]:
    """The ack or error of a message."""

    def found() -> dict[str, Any] | None:
        seat.read()
        for each in seat.messages:
            if each["type"] in ("ack", "error") and each.get("cause") == message_id:
                return each
        return None

    return await until(found, lambda: f"{message_id} in {seat.messages[-5:]}") or {}


async def said(seat: Seat, command: str, message_id: str = "v", **data: Any) -> dict[str, Any]:
    seat.send("voice_command", {"command": command, **data}, message_id=message_id)
    found: dict[str, Any] = (await answer(seat, message_id))["data"]
    return found


class TestWords:
    async def test_are_understood_and_done(self, hall: Hall) -> None:
        """The ack tells words, confidence and acts; everyone gets the events with their cause."""
        ann, bob = await seated(hall)
        told = await said(ann, "tempo 96 and frobnicate the drumz less busy")
        voice = told["voice"]
        assert "done" == voice["status"]
        assert {"tempo", "drums"} <= set(voice["words"])
        assert ("frobnicate",) == tuple(voice["unknown"])
        assert 0.5 < voice["confidence"] < 1
        events = {
            each["cause"]: each for each in (*bob.of("tempo_change"), *bob.of("parameter_change"))
        }
        assert {"v/0", "v/1"} == set(events)
        assert 96 == events["v/0"]["data"]["tempo"]
        assert "drums/density" == events["v/1"]["data"]["path"]
        assert [each["seq"] for each in events.values()] == [act["seq"] for act in voice["acts"]]
        assert told["understood"].count(";") == 1
        assert told["seq"] == 2

    async def test_a_repeat_does_nothing_twice(self, hall: Hall) -> None:
        """The same message again gives the same answer; other words under its id are refused."""
        ann, _ = await seated(hall)
        first = await said(ann, "drums a bit louder")
        ann.messages.clear()
        assert first == await said(ann, "drums a bit louder")
        ann.messages.clear()
        assert "idempotency-conflict" == (await said(ann, "drums softer"))["code"]

    async def test_the_right_is_that_of_the_act(self, hall: Hall) -> None:
        """Who may only look is told what was understood no more than who may do it."""
        _, bob = await seated(hall)
        assert "forbidden" == (await said(bob, "tempo 96"))["code"]

    async def test_some_of_it_allowed(self, hall: Hall) -> None:
        """What one may do is done, the rest is refused act by act."""
        _, bob = await seated(hall, Permission.EDIT)
        voice = (await said(bob, "tempo 96 and give me a drum beat"))["voice"]
        assert [None, "forbidden"] == [act.get("code") for act in voice["acts"]]

    async def test_is_asked_back(self, hall: Hall) -> None:
        """Destructive: nothing happens before a yes, and only the asker's counts."""
        ann, bob = await seated(hall, Permission.EDIT)
        for tempo in (90, 91, 92):
            await said(ann, f"tempo {tempo}", f"t{tempo}")
        asked = (await said(ann, "undo the last three changes", "u"))["voice"]
        assert ("asked", []) == (asked["status"], list(asked.get("acts", [])))
        assert asked["question"]
        assert "nothing" == (await said(bob, "yes", "y"))["voice"]["status"]
        assert [] == ann.of("event")
        done = (await said(ann, "yes", "y2"))["voice"]
        assert ("done", 3) == (done["status"], len(done["acts"]))
        for tempo in (93, 94):
            await said(ann, f"tempo {tempo}", f"t{tempo}")
        await said(ann, "undo the last two changes", "u2")
        assert "declined" == (await said(ann, "no", "n"))["voice"]["status"]
        confirmed = await said(ann, "undo the last two changes", "u3", confirm=True)
        assert "done" == confirmed["voice"]["status"]

    async def test_nothing_is_understood(self, hall: Hall) -> None:
        """No error, and no act."""
        ann, _ = await seated(hall)
        voice = (await said(ann, "colourless green ideas"))["voice"]
        assert ("nothing", 0.0) == (voice["status"], voice.get("confidence", 0.0))

    @pytest.mark.parametrize("data", [{"command": ""}, {"command": "x" * 501}, {}])
    async def test_no_words(self, hall: Hall, data: dict[str, Any]) -> None:
        """Refused with what would be right."""
        ann, _ = await seated(hall)
        ann.send("voice_command", data, message_id="v")
        assert "invalid-value" == (await answer(ann, "v"))["data"]["code"]


def spoken(audio: bytes, **data: Any) -> dict[str, Any]:
    return {"audio_data": base64.b64encode(audio).decode(), **data}


class TestRecordings:
    async def test_in_one_message(self, hall: Hall) -> None:
        """Recognised, carried out, answered with what was heard."""
        listener = Listener()
        ann, bob = await seated(hall, listener=listener)
        assert ann.messages[0]["data"]["speech"]
        ann.send("voice_command", spoken(b"RIFF"), message_id="v")
        told = (await answer(ann, "v"))["data"]
        assert ("tempo one hundred", "done") == (told["voice"]["text"], told["voice"]["status"])
        assert [Speech(audio=b"RIFF", codec="wav", rate=16_000)] == listener.given
        assert [100] == [each["data"]["tempo"] for each in bob.of("tempo_change")]

    async def test_in_pieces(self, hall: Hall) -> None:
        """A long one comes in several messages; the last tells what it is."""
        listener = Listener()
        ann, _ = await seated(hall, listener=listener)
        for number in range(3):
            ann.send(
                "voice_command", spoken(bytes([number] * 4), more=True), message_id=f"m{number}"
            )
        ann.send("voice_command", spoken(b"last", codec="pcm_s16le", rate=8000), message_id="v")
        await answer(ann, "v")
        (given,) = listener.given
        assert (b"\0\0\0\0\1\1\1\1\2\2\2\2last", "pcm_s16le", 8000) == (
            given.audio, given.codec, given.rate,
        )  # fmt: skip
        ann.send("voice_command", {"recorded": True}, message_id="again")
        assert "invalid-value" == (await answer(ann, "again"))["data"]["code"]

    async def test_in_records(self, hall: Hall) -> None:
        """As audio records of stream 0, which nobody else hears."""
        listener = Listener()
        ann, _ = await seated(hall, listener=listener, binary=True)
        for number in range(4):
            header = Header(number=number)
            record = AudioRecord(header=header, codec="opus", position=0, audio=b"Ogg" * 100)
            ann.connection.receive_binary(encode_audio(record))
        ann.send("voice_command", {"recorded": True, "codec": "opus"}, message_id="v")
        await answer(ann, "v")
        assert [(b"Ogg" * 400, "opus")] == [(each.audio, each.codec) for each in listener.given]

    async def test_others_go_on_meanwhile(self, hall: Hall) -> None:
        """Recognition takes a second: what is sent after it is done before, one at a time."""
        listener = Listener()
        listener.may.clear()
        ann, bob = await seated(hall, listener=listener)
        ann.send("voice_command", spoken(b"RIFF"), message_id="v")
        ann.send("voice_command", spoken(b"RIFF"), message_id="w")
        ann.send("parameter_change", {"path": "drums/fills", "value": 0.4}, message_id="p")
        assert "ack" == (await answer(ann, "p"))["type"]
        assert "too-many-requests" == (await answer(ann, "w"))["data"]["code"]
        assert [] == bob.of("tempo_change")
        listener.may.set()
        assert "ack" == (await answer(ann, "v"))["type"]

    async def test_too_large(self, hall: Hall) -> None:
        """What is collected for nobody is bounded, and forgotten."""
        listener = Listener()
        ann, _ = await seated(hall, listener=listener)
        sound = ann.connection.sound
        sound.collect(bytes(SPOKEN_BYTES))
        ann.send("voice_command", spoken(b"x"), message_id="v")
        assert "payload-too-large" == (await answer(ann, "v"))["data"]["code"]
        assert b"" == sound.collected()
        assert [] == listener.given

    async def test_without_a_recogniser(self, hall: Hall) -> None:
        """The welcome says that there is none, and the answer what to do instead."""
        ann, _ = await seated(hall)
        assert not ann.messages[0]["data"].get("speech", False)
        ann.send("voice_command", spoken(b"RIFF"), message_id="v")
        told = (await answer(ann, "v"))["data"]
        assert ("unavailable", True) == (told["code"], "as text" in told["detail"])
