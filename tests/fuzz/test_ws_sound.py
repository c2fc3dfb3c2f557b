"""Whatever somebody plays: each message one answer, typed refusals only, others unharmed."""

import asyncio
import base64
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from musearoo.codecs.ws import (
    AudioRecord,
    Header,
    NoteAction,
    NoteRecord,
    encode_audio,
    encode_note,
)
from musearoo.codecs.ws.records import CODECS
from musearoo.conductor.world import Rules
from musearoo.domain.errors import ErrorCode
from musearoo.protocols.ws.door import Door
from tests.application.protocols.ws.room_doubles import Hall, Seat
from tests.doubles.house import house
from tests.waiting import until

HARD = settings().max_examples  # a house for each example takes its time
FREE = Rules(quotas=False, journal_delay=0.005)
codecs = st.sampled_from(list(CODECS))
numbers = st.integers(0, 4) | st.integers(0, 65_535)
sounds = st.binary(min_size=1, max_size=64) | st.sampled_from(
    [b"\0" * 4000, b"fLaC" + bytes(500), b"OggS\0" + bytes(500), b"\xff" * 60_000, b"RIFF"]
)
positions = st.integers(0, 8000) | st.integers(0, 2**53)
starts = st.fixed_dictionaries(
    {"codec": codecs, "rate": st.sampled_from([8000, 48_000, 96_000])},
    optional={
        "channels": st.integers(1, 3),
        "record": st.booleans(),
        "steer": st.sampled_from(["drums", "kazoo"]),
    },
)
texts = (
    st.tuples(st.just("audio_stream_start"), starts)
    | st.tuples(
        st.just("audio_stream_data"),
        st.fixed_dictionaries(
            {"audio_data": sounds.filter(lambda each: len(each) < 40_000).map(
                lambda each: base64.b64encode(each).decode())},
            optional={"stream": st.integers(1, 4), "position": positions},
        ),
    )
    | st.tuples(
        st.just("audio_stream_end"),
        st.fixed_dictionaries({}, optional={"stream": st.integers(1, 4)}),
    )
    | st.tuples(
        st.just("voice_command"),
        st.fixed_dictionaries(
            {},
            optional={
                "command": st.text(max_size=20),
                "audio_data": st.just("UklGRg=="),
                "more": st.booleans(),
                "recorded": st.booleans(),
            },
        ),
    )
)  # fmt: skip
audio = st.builds(
    lambda number, stream, codec, position, sound: encode_audio(
        AudioRecord(
            header=Header(number=number, stream=stream), codec=codec, position=position, audio=sound
        )
    ),
    st.integers(0, 2**32 - 1), numbers, codecs, positions, sounds,
)  # fmt: skip
notes = st.builds(
    lambda number, stream, action, pitch: encode_note(
        NoteRecord(
            header=Header(number=number, stream=stream), action=action, pitch=pitch, velocity=9
        )
    ),
    st.integers(0, 2**32 - 1), numbers, st.sampled_from(list(NoteAction)), st.integers(0, 127),
)  # fmt: skip


def damaged(frame: bytes, place: int, octet: int) -> bytes:
    octets = bytearray(frame)
    octets[place % len(octets)] = octet
    return bytes(octets)


frames = (
    audio
    | notes
    | st.builds(damaged, audio | notes, st.integers(0, 60), st.integers(0, 255))
    | st.binary(max_size=60)
)
plays = st.lists(texts | frames, max_size=25)


async def told(seat: Seat, count: int) -> Counter[str]:
    """How often each message was answered, once all were."""

    def answers() -> Counter[str]:
        seat.read()
        return Counter(
            each["cause"]
            for each in seat.messages
            if each["type"] in ("ack", "error") and str(each.get("cause")).startswith("m")
        )

    await until(lambda: len(answers()) == count or seat.closed, lambda: f"{count}: {answers()}")
    return answers()


async def play(folder: Path, played: list[Any]) -> None:
    async with house(folder, FREE) as place:
        hall = Hall(place, Door(place.conductor))
        ann = await place.person("ann")
        project = await place.project(ann)
        mine = await hall.joined(ann, project, binary=True)
        other = await hall.joined(ann, project, binary=True)
        count = 0
        for each in played:
            if isinstance(each, bytes):
                mine.connection.receive_binary(each)
            else:
                mine.send(each[0], each[1], message_id=f"m{count}")
                count += 1
            if not mine.connection.over:
                await asyncio.sleep(0)
        answers = await told(mine, count)
        assert set(answers.values()) <= {1}
        codes = {each["data"]["code"] for each in mine.of("error")}
        assert ErrorCode.INTERNAL not in codes
        assert all(codes)
        other.send("chat_message", {"text": "still here"}, message_id="m-other")
        assert 1 == sum((await told(other, 1)).values())
        assert [] == other.closed


@settings(max_examples=max(25, HARD // 20))
@given(plays)
def test_anything_played(played: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder), played))
