"""Generations that listen to a live stream, or to what one has left."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musearoo.brain.follower import Follower
from musearoo.conductor.hearing import Hearing
from musearoo.conductor.pcm import Form
from musearoo.conductor.sessions import Deed
from musearoo.conductor.streams import Streams
from musearoo.conductor.world import Rules
from musearoo.domain.commands import Command, Generate
from musearoo.domain.errors import Conflict, InvalidValue, NotFound
from musearoo.domain.ids import AnalysisId, ProjectId, SessionId
from musearoo.domain.permissions import Actor, Permission
from musearoo.domain.session.state import SessionState
from musearoo.ports.voice import Ear
from tests.brain.test_follower import EIGHTHS, RATE, riff
from tests.doubles.house import ORIGIN, House, house

FREE = Rules(quotas=False, journal_delay=0.005)
FORM = Form("pcm_f32le", RATE)


async def follower(codec: str, rate: int, channels: int, near: float | None) -> Ear:
    return Follower(codec, rate, channels, near)


class Practice:
    """Somebody with a stream in a session."""

    def __init__(self, place: House, ada: Actor, session: SessionId) -> None:
        conductor = place.conductor
        world = dataclasses.replace(place.world, ears=follower)
        self.place, self.ada, self.session = place, ada, session
        self.streams = Streams(
            world, conductor.gate, conductor.sessions, conductor.desk, conductor.uploads,
            conductor.repeats,
        )  # fmt: skip
        self.hearing = Hearing(conductor.analyses, self.streams)

    async def start(self, form: Form = FORM) -> int:
        begun = await self.streams.start(self.ada, self.session, form, record=True, origin=ORIGIN)
        return begun.stream

    def play(self, stream: int, sound: Any) -> None:
        for at in range(0, len(sound), 1600):
            self.streams.feed(self.ada, self.session, stream, sound[at : at + 1600].tobytes())

    async def heard(self, **named: Any) -> Any:
        conductor = self.place.conductor
        act = Generate(engine="drummaroo", **named)
        command = Command(session=self.session, actor=self.ada, act=act, origin=ORIGIN)
        project = ProjectId(self.session)
        access = await conductor.gate.access(self.ada, project, Permission.GENERATE, ORIGIN)
        owner = await conductor.sessions.open(self.session)
        deed = Deed(command, access, owner, lambda *_: None)
        return await self.hearing.music(deed, act, owner.state)


async def practice(place: House) -> Practice:
    ada = await place.person("ada")
    return Practice(place, ada, SessionId(await place.project(ada)))


async def test_somebody_who_plays_now(tmp_path: Path) -> None:
    """Tempo, loudness and accents are those of the stream; key and form the session's."""
    async with house(tmp_path, FREE) as place:
        room = await practice(place)
        stream = await room.start()
        with pytest.raises(Conflict, match="yet"):
            await room.heard(stream=stream)
        room.play(stream, riff(EIGHTHS, 100, 8))
        music = await room.heard(stream=stream)
        assert isinstance(music, SessionState)
        assert music.tempo_map.bpm_at(0) == pytest.approx(100, rel=0.02)
        assert 16 == music.groove.steps_per_bar == len(music.groove.accents[0])
        bar = music.groove.accents[0]
        assert min(bar[0::4]) == 1000
        assert max(bar[1::2]) < 250 < min(bar[2::4])
        assert music.energy[0] > 600
        owner = await place.conductor.sessions.open(room.session)
        assert (owner.state.key, owner.state.bars) == (music.key, music.bars)


async def test_silence_tells_only_that(tmp_path: Path) -> None:
    """Without a beat the tempo stays the session's."""
    async with house(tmp_path, FREE) as place:
        room = await practice(place)
        stream = await room.start()
        room.play(stream, np.zeros(RATE * 4, "<f4"))
        music = await room.heard(stream=stream)
        assert (SessionState().tempo_map, (0,)) == (music.tempo_map, music.energy)


async def test_what_a_stream_left(tmp_path: Path) -> None:
    """Once it has ended its analysis counts, which has to be complete."""
    async with house(tmp_path, FREE) as place:
        room = await practice(place)
        stream = await room.start()
        room.play(stream, riff(EIGHTHS, 100, 2))
        ended = await room.streams.end(room.ada, room.session, stream)
        with pytest.raises(Conflict):
            await room.heard(stream=stream)
        short = await room.start()
        await room.streams.end(room.ada, room.session, short)
        with pytest.raises(Conflict, match="no recording"):
            await room.heard(stream=short)
        assert isinstance(ended.analysis_id, str)
        assert await place.world.store.read(
            lambda tx: tx.work.analysis(AnalysisId(ended.analysis_id or ""))
        )


@pytest.mark.parametrize(
    ("named", "error"),
    [({"stream": 9}, NotFound), ({"stream": 1, "analysis_id": "x"}, InvalidValue)],
)
async def test_no_such_thing(tmp_path: Path, named: dict[str, Any], error: type[Exception]) -> None:
    """A stream that is not, or two things at once."""
    async with house(tmp_path, FREE) as place:
        room = await practice(place)
        with pytest.raises(error):
            await room.heard(**named)


async def test_flac_cannot_be_followed(tmp_path: Path) -> None:
    """It is listened to when it has ended, and the refusal says what to do."""
    async with house(tmp_path, FREE) as place:
        room = await practice(place)
        stream = await room.start(Form("flac", 48_000))
        with pytest.raises(Conflict, match="PCM"):
            await room.heard(stream=stream)
