"""Live sound over the WebSocket: streams, notes, who hears them, and what is refused to whom."""

import base64
import dataclasses
from typing import Any

import numpy as np
import pytest

from musearoo.codecs.ws import (
    AudioRecord,
    Header,
    NoteAction,
    NoteRecord,
    Record,
    decode_records,
    encode_audio,
    encode_note,
)
from musearoo.codecs.ws.records import AUDIO
from musearoo.conductor.streams import PER_USER, Streams
from musearoo.domain.permissions import Actor, Permission
from musearoo.ports.voice import Ear, Pulse
from musearoo.protocols.ws.outbox import LOSSY_SECONDS
from musearoo.protocols.ws.sound import BYTES_PER_SECOND
from tests import waiting
from tests.application.protocols.ws.room_doubles import ORIGIN, Hall, Seat, payloads
from tests.doubles.clock import settle

PCM = np.arange(4000, dtype="<i2").tobytes()
START = {"codec": "pcm_s16le", "rate": 8000}


async def band(hall: Hall, *permissions: Permission) -> tuple[Actor, Actor, Any]:
    """An owner, somebody with these rights, and their project."""
    ann, bob = await hall.place.person("ann"), await hall.place.person("bob")
    project = await hall.place.project(ann)
    people = hall.place.conductor.collaboration
    rights = frozenset({Permission.VIEW, *permissions})
    invited = await people.invite(ann, project, "bob@example.org", rights, None, origin=ORIGIN)
    await people.join(bob, invited.url.rpartition("=")[2], origin=ORIGIN)
    return ann, bob, project


async def pair(hall: Hall, *, binary: bool = True) -> tuple[Seat, Seat]:
    """Two who may edit, both reading records."""
    ann, bob, project = await band(hall, Permission.EDIT)
    first = await hall.joined(ann, project, binary=True)
    return first, await hall.joined(bob, project, binary=binary)


def records(seat: Seat) -> list[Record]:
    """The records that came since the last time."""
    stream = b""
    while frames := seat.connection.outbox.take():
        stream += b"".join(frames)
    found = payloads(stream)
    return [
        record
        for opcode, payload in found
        if opcode == 2
        for record in decode_records(payload, by_server=True)
    ]


def audio(
    stream: int, number: int = 0, position: int = 0, sound: bytes = PCM, codec: str = "pcm_s16le"
) -> bytes:
    header = Header(number=number, stream=stream)
    return encode_audio(AudioRecord(header=header, codec=codec, position=position, audio=sound))


async def begun(seat: Seat, **data: Any) -> int:
    """The number of a stream that was begun."""
    seat.send("audio_stream_start", {**START, **data}, message_id=f"start {data}")
    acks = [each for each in await seat.answers() if each["type"] == "ack"]
    stream: int = acks[-1]["data"]["stream"]
    return stream


async def until(
    seat: Seat, type_: str, count: int = 1, cause: str | None = None
) -> list[dict[str, Any]]:
    """So many messages of a type (led to by `cause`), once they are there."""

    def found() -> list[dict[str, Any]]:
        return [each for each in seat.of(type_) if cause in (None, each.get("cause"))]

    await waiting.until(
        lambda: len(found()) >= count, lambda: f"{count} {type_} in {seat.messages[-5:]}"
    )
    return found()


async def ended(seat: Seat, stream: int | None = None) -> dict[str, Any]:
    data = {"stream": stream} if stream is not None else {}
    seat.send("audio_stream_end", data, message_id=f"end {stream}")
    (answer,) = await until(seat, "ack", cause=f"end {stream}")
    found: dict[str, Any] = answer["data"]
    return found


def refusals(seat: Seat) -> list[tuple[str, str | None]]:
    return [(e["data"]["code"], e["data"].get("reply_to")) for e in seat.of("error")]


class TestStreams:
    async def test_from_start_to_recording(self, hall: Hall) -> None:
        """The number is in the ack; the end tells of the recording and its analysis."""
        ann, bob = await pair(hall)
        stream = await begun(ann)
        for number in range(3):
            ann.connection.receive_binary(audio(stream, number, number * 4000))
        told = (await ended(ann, stream))["recording"]
        assert (stream, 1.5) == (told["stream"], told["seconds"])
        assert told["analysis_id"]
        (end,) = bob.of("audio_stream_end")
        assert told["asset_id"] == end["data"]["asset_id"]
        assert told["analysis_id"] == end["data"]["analysis_id"]
        (start,) = [each for each in bob.messages if each["type"] == "audio_stream_start"]
        assert start["data"] == {**START, "channels": 1, "stream": stream}

    async def test_base64(self, hall: Hall) -> None:
        """Without records: the same stream, without a number the one begun last."""
        ann, bob = await pair(hall)
        await begun(ann)
        bob.read()
        for _ in range(2):
            ann.send("audio_stream_data", {"audio_data": base64.b64encode(PCM).decode()})
        await ann.answers()
        heard = [each for each in records(bob) if isinstance(each, AudioRecord)]
        assert [(0, 0), (1, 4000)] == [(each.header.number, each.position) for each in heard]
        assert (await ended(ann))["recording"]["seconds"] == 1.0

    async def test_others_hear_it_as_it_came(self, hall: Hall) -> None:
        """Under the sender's number and the server's time; the sender itself does not."""
        ann, bob = await pair(hall)
        stream = await begun(ann)
        records(bob)
        records(ann)
        ann.connection.receive_binary(audio(stream, 7, 16) + audio(stream, 8, 4016))
        heard = records(bob)
        assert [7, 8] == [each.header.number for each in heard]
        first = heard[0]
        assert isinstance(first, AudioRecord)
        assert (PCM, 16, stream) == (first.audio, first.position, first.header.stream)
        assert ann.connection.present.sender == first.header.sender
        assert first.header.time_us > 0
        assert [] == records(ann)

    async def test_text_clients_hear_nothing(self, hall: Hall) -> None:
        """Sound leaves in records only."""
        ann, bob = await pair(hall, binary=False)
        stream = await begun(ann)
        bob.read()
        ann.connection.receive_binary(audio(stream))
        assert [] == bob.connection.outbox.take()

    async def test_a_slow_reader_misses_the_oldest(self, hall: Hall) -> None:
        """Old sound is no use: what waited longer than 200 ms is dropped, events are not."""
        ann, bob = await pair(hall)
        stream = await begun(ann)
        records(bob)
        bob.connection.outbox.pause(hall.door.clock.monotonic())
        moment = hall.door.clock.monotonic()
        room = ann.connection.room
        assert room is not None
        for number, late in enumerate((0.0, 0.0, LOSSY_SECONDS + 0.1)):
            frame = audio(stream, number)
            for member in room.members.values():
                if member.present.sender == bob.connection.present.sender:
                    member.outbox.lossy(b"\x82\x7e" + len(frame).to_bytes(2, "big") + frame,
                                        moment + late)  # fmt: skip
        bob.connection.outbox.resume()
        assert [2] == [each.header.number for each in records(bob)]

    async def test_leaving_ends_it(self, hall: Hall) -> None:
        """Who says goodbye leaves a recording; the others hear that it ended."""
        ann, bob = await pair(hall)
        stream = await begun(ann)
        for number in range(2):
            ann.connection.receive_binary(audio(stream, number, 4000 * number))
        ann.send("session_leave")
        (end,) = await until(bob, "audio_stream_end")
        assert end["data"]["asset_id"]

    async def test_a_break_does_not(self, hall: Hall) -> None:
        """Whoever comes back in time goes on with the same stream; the gap is silence."""
        ann, _ = await pair(hall)
        stream = await begun(ann)
        ann.connection.receive_binary(audio(stream))
        token = ann.messages[0]["data"]["resume_token"]
        ann.connection.gone(clean=False)
        back = hall.seat(binary=True)
        back.send("session_join", {"resume_token": token})
        await back.answers()
        back.connection.receive_binary(audio(stream, 9, 8000))
        told = (await ended(back, stream))["recording"]
        assert (4000, 1.5) == (told["missing"], told["seconds"])

    async def test_replaced_is_not_left(self, hall: Hall) -> None:
        """A second socket of the same connection takes the stream over."""
        ann, _ = await pair(hall)
        stream = await begun(ann)
        token = ann.messages[0]["data"]["resume_token"]
        back = hall.seat(binary=True)
        back.send("session_join", {"resume_token": token})
        await back.answers()
        assert 4409 == await ann.closing()
        await settle()
        back.connection.receive_binary(audio(stream, 0, 0) + audio(stream, 1, 4000))
        assert (await ended(back, stream))["recording"]["seconds"] == 1.0


class TestRefusals:
    async def test_each_is_told_and_hurts_nobody(self, hall: Hall) -> None:
        """Another's stream, a wrong codec, half a sample, far ahead, after the end."""
        ann, bob = await pair(hall)
        mine, theirs = await begun(ann), await begun(bob)
        records(bob)
        for wrong in (
            audio(theirs, 1),
            audio(99, 2),
            audio(mine, 3, codec="pcm_f32le"),
            audio(mine, 4, position=2**50),
        ):
            ann.connection.receive_binary(wrong)
        assert [
            ("not-found", "1"),
            ("not-found", "2"),
            ("invalid-value", "3"),
        ] == refusals(ann)  # fmt: skip  (the fourth repeats what was just told of that stream)
        assert [] == records(bob)
        ann.connection.receive_binary(audio(mine, 5) + audio(mine, 6, 4000))
        assert (await ended(ann, mine))["recording"]["seconds"] == 1.0
        ann.connection.receive_binary(audio(mine, 7))
        assert ("not-found", "7") == refusals(ann)[-1]
        bob.connection.receive_binary(audio(theirs, 0) + audio(theirs, 1, 4000))
        assert (await ended(bob, theirs))["recording"]["seconds"] == 1.0
        assert [] == [*ann.closed, *bob.closed]

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            ({"codec": "mp3"}, "invalid-value"),
            ({"rate": 96_000}, "invalid-value"),
            ({"channels": 3}, "invalid-value"),
            ({"codec": "flac", "steer": "drums"}, "invalid-value"),
            ({"steer": "kazoo"}, "invalid-value"),
        ],
    )
    async def test_forms(self, hall: Hall, data: dict[str, Any], code: str) -> None:
        """A stream that cannot be is not begun."""
        ann, bob = await pair(hall)
        ann.send("audio_stream_start", {**START, **data}, message_id="s")
        await ann.answers()
        assert [(code, "s")] == refusals(ann)
        assert [] == bob.of("audio_stream_start")

    @pytest.mark.parametrize("size", [16_002, 7_999])
    async def test_a_record_of_no_size(self, hall: Hall, size: int) -> None:
        """More than a second, or half a sample frame: refused, and the stream goes on."""
        ann, _ = await pair(hall)
        stream = await begun(ann)
        ann.connection.receive_binary(audio(stream, 3, 0, bytes(size)))
        assert [("invalid-value", "3")] == refusals(ann)
        ann.connection.receive_binary(audio(stream, 4, 0, bytes(16_000)))
        assert (await ended(ann, stream))["recording"]["seconds"] == 1.0

    async def test_lying_lengths(self, hall: Hall) -> None:
        """A frame that is not what it says is refused whole: nothing of it is heard."""
        ann, bob = await pair(hall)
        stream = await begun(ann)
        records(bob)
        good = audio(stream)
        lying = bytearray(audio(stream, 1))
        lying[20:24] = (2**31).to_bytes(4, "little")
        empty = audio(stream, 2)[: 24 + AUDIO.size]
        empty = empty[:20] + AUDIO.size.to_bytes(4, "little") + empty[24:]
        for wrong in (good + bytes(lying), good + empty, good + b"\x03"):
            ann.connection.receive_binary(wrong)
        assert [
            ("malformed-message", "1"), ("invalid-value", "2"), ("malformed-message", None),
        ] == refusals(ann)  # fmt: skip
        assert [] == records(bob)

    async def test_too_fast(self, hall: Hall) -> None:
        """Beyond the rate sound is lost, told once a second, and time stays true."""
        ann, _ = await pair(hall)
        stream = await begun(ann, rate=48_000)
        piece = bytes(60_000)
        count = 3 * BYTES_PER_SECOND // len(piece)
        for number in range(count):
            ann.connection.receive_binary(audio(stream, number, 30_000 * number, piece))
        ((code, _),) = refusals(ann)
        assert "too-many-requests" == code
        assert (await ended(ann, stream))["recording"]["seconds"] < count * 30_000 / 48_000

    async def test_too_many(self, hall: Hall) -> None:
        """A person has four streams at a time."""
        ann, _ = await pair(hall)
        for number in range(PER_USER + 1):
            ann.send("audio_stream_start", START, message_id=f"s{number}")
        await ann.answers()
        assert [("too-many-requests", f"s{PER_USER}")] == refusals(ann)

    async def test_who_may_only_look(self, hall: Hall) -> None:
        """They play neither streams nor notes."""
        ann, bob, project = await band(hall)
        first = await hall.joined(ann, project, binary=True)
        second = await hall.joined(bob, project, binary=True)
        second.send("audio_stream_start", START, message_id="s")
        await second.answers()
        second.connection.receive_binary(encode_note(note(1)))
        assert [("forbidden", "s"), ("forbidden", "1")] == refusals(second)
        assert [] == records(first)

    async def test_who_is_put_out(self, hall: Hall) -> None:
        """The stream of somebody who may not be here any more ends, and what came is kept."""
        ann, bob, project = await band(hall, Permission.EDIT)
        first = await hall.joined(ann, project, binary=True)
        second = await hall.joined(bob, project, binary=True)
        stream = await begun(second)
        second.connection.receive_binary(audio(stream) + audio(stream, 1, 4000))
        await hall.place.conductor.collaboration.remove(ann, project, bob.user, ORIGIN)
        (end,) = await until(first, "audio_stream_end")
        assert (4403, True) == (await second.closing(), bool(end["data"]["asset_id"]))


def note(number: int, action: NoteAction = NoteAction.ON) -> NoteRecord:
    return NoteRecord(header=Header(number=number), action=action, pitch=64, velocity=90, tick=960)


class TestNotes:
    async def test_are_relayed(self, hall: Hall) -> None:
        """Everyone else who reads records hears them, under their player's number."""
        ann, bob = await pair(hall)
        records(bob)
        ann.connection.receive_binary(encode_note(note(0)) + encode_note(note(1, NoteAction.OFF)))
        heard = records(bob)
        assert [(0, 1), (1, 0)] == [
            (each.header.number, each.action) for each in heard if isinstance(each, NoteRecord)
        ]
        assert {ann.connection.present.sender} == {each.header.sender for each in heard}
        assert [] == [each for each in records(ann) if isinstance(each, NoteRecord)]
        assert [] == bob.of("event")

    async def test_too_fast(self, hall: Hall) -> None:
        """What is too much is dropped, and said once."""
        ann, bob = await pair(hall)
        records(bob)
        for batch in range(6):
            ann.connection.receive_binary(
                b"".join(encode_note(note(100 * batch + n)) for n in range(100))
            )
        assert len(records(bob)) == 500
        assert ["too-many-requests"] == [code for code, _ in refusals(ann)]


class Calm:
    """An ear that hears one pulse in everything."""

    async def __call__(self, codec: str, rate: int, channels: int, near: float | None) -> Ear:
        return self

    def hear(self, sound: bytes) -> Pulse | None:
        return Pulse(seconds=1.0, tempo=100.0, confidence=0.9, energy=1.0, density=4.0)

    def expect(self, near: float | None) -> None:
        pass

    def accents(self) -> tuple[int, ...]:
        return ()


class TestSteering:
    async def test_moves_the_part_as_its_sender(self, hall: Hall) -> None:
        """What is heard sets intensity and follow, as changes of whoever plays."""
        place = hall.place
        conductor = place.conductor
        conductor.streams = Streams(
            dataclasses.replace(place.world, ears=Calm()), conductor.gate, conductor.sessions,
            conductor.desk, conductor.uploads, conductor.repeats,
        )  # fmt: skip
        ann, bob = await pair(hall, binary=False)
        stream = await begun(ann, steer="drums")
        ann.connection.receive_binary(audio(stream))
        changes = await until(bob, "parameter_change", 2)
        assert {("drums/intensity", 0.9), ("drums/follow", 0.84)} == {
            (each["data"]["path"], each["data"]["value"]) for each in changes
        }
        for each in changes:
            assert ann.connection.present.user_id == each["user_id"]
            assert each["data"]["gesture"].startswith(f"stream {stream} ")
