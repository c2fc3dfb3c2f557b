"""Live audio: numbers, gaps, limits, recording, endings."""

import asyncio
import dataclasses
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from musearoo.conductor.pcm import Form, header
from musearoo.conductor.steering import SMALLEST, wanted
from musearoo.conductor.stream import MAXIMUM_CHUNK, PENDING_BYTES
from musearoo.conductor.streams import PER_USER, SILENCE_SECONDS, Streams
from musearoo.conductor.world import Allowance, Rules
from musearoo.domain.errors import (
    Conflict,
    Forbidden,
    InvalidValue,
    MuseArooError,
    NotFound,
    TooManyRequests,
)
from musearoo.domain.events import AudioStreamEnded, AudioStreamStarted
from musearoo.domain.ids import AnalysisId, AssetId, CommandId, ProjectId, SessionId
from musearoo.domain.permissions import Actor, Permission, Tier
from musearoo.ports.voice import Pulse
from tests.doubles.house import ORIGIN, House, house
from tests.waiting import until

FREE = Rules(quotas=False, journal_delay=0.005)
FORM = Form("pcm_s16le", 8000)
RAMP = np.arange(8000, dtype="<i2")
SECOND = RAMP.tobytes()


class Late:
    """A clock that a test moves."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._began = float(clock.monotonic())
        self.ahead = 0.0

    def now(self) -> float:
        return float(self._clock.now())

    def monotonic(self) -> float:
        return self._began + self.ahead

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class LoudEar:
    """Hears the same pulse in everything."""

    def __init__(self, pulse: Pulse) -> None:
        self.pulse = pulse

    async def __call__(self, codec: str, rate: int, channels: int, near: float | None) -> "LoudEar":
        return self

    def hear(self, sound: bytes) -> Pulse | None:
        return self.pulse


def streams_of(place: House, **world: Any) -> Streams:
    conductor = place.conductor
    return Streams(
        dataclasses.replace(place.world, **world),
        conductor.gate,
        conductor.sessions,
        conductor.desk,
        conductor.uploads,
        conductor.repeats,
    )


async def started(place: House) -> tuple[Actor, SessionId]:
    ada = await place.person("ada")
    return ada, SessionId(await place.project(ada))


async def recording(place: House, asset_id: AssetId | None) -> tuple[Any, int]:
    assert asset_id is not None
    asset = await place.world.store.read(lambda tx: tx.work.asset(asset_id))
    assert asset is not None
    assert asset.blob is not None
    content = await place.world.blobs.get(asset.blob)
    assert asset.size == len(content)
    samples, rate = soundfile.read(io.BytesIO(content), dtype="int16")
    return samples, rate


async def events(place: House, ada: Actor, session: SessionId) -> list[Any]:
    access = await place.conductor.gate.access(ada, ProjectId(session), Permission.VIEW, ORIGIN)
    _, found = await place.conductor.sessions.events(access, epoch=None, after=0, limit=100)
    return [each.event for each in found]


class TestRecording:
    async def test_becomes_an_asset_and_is_analysed(self, tmp_path: Path) -> None:
        """What was sent is in the WAV bit for bit, and everyone hears of start and end."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            begun = await streams.start(ada, session, FORM, record=True, origin=ORIGIN)
            for part in np.split(RAMP, 50):
                streams.feed(ada, session, begun.stream, part.tobytes())
            ended = await streams.end(ada, session, begun.stream)
            assert ended.asset_id is not None
            samples, rate = await recording(place, ended.asset_id)
            assert (8000, 1.0, 0) == (rate, ended.seconds, ended.missing)
            assert np.array_equal(RAMP, samples)
            analysis = await place.world.store.read(
                lambda tx: tx.work.analysis(AnalysisId(ended.analysis_id or ""))
            )
            assert analysis is not None
            assert ("queued", ended.asset_id) == (analysis.status, analysis.asset)
            assert [
                AudioStreamStarted(stream=1, codec="pcm_s16le", rate=8000, channels=1),
                AudioStreamEnded(stream=1, asset_id=ended.asset_id, analysis_id=ended.analysis_id),
            ] == await events(place, ada, session)

    async def test_floats_in_stereo(self, tmp_path: Path) -> None:
        """Floats keep their own form."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            form = Form("pcm_f32le", 48_000, 2)
            sound = np.linspace(-1, 1, 96_000, dtype="<f4")
            await streams.start(ada, session, form, record=True, origin=ORIGIN)
            for part in np.split(sound, 8):
                streams.feed(ada, session, 1, part.tobytes())
            ended = await streams.end(ada, session, 1)
            asset = await place.world.store.read(lambda tx: tx.work.asset(ended.asset_id))  # type: ignore[arg-type]
            assert asset is not None
            content = await place.world.blobs.get(asset.blob or "")
            samples, rate = soundfile.read(io.BytesIO(content), dtype="float32")
            assert 48_000 == rate
            assert np.array_equal(sound.reshape(-1, 2), samples)

    async def test_unrecorded(self, tmp_path: Path) -> None:
        """Only followed: nothing is stored."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            await streams.start(ada, session, FORM, record=False, origin=ORIGIN)
            streams.feed(ada, session, 1, SECOND)
            ended = await streams.end(ada, session, 1)
            assert (None, 1.0) == (ended.asset_id, ended.seconds)

    async def test_too_short(self, tmp_path: Path) -> None:
        """Below half a second there is nothing to analyse, and no file is left."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            await streams.start(ada, session, FORM, record=True, origin=ORIGIN)
            streams.feed(ada, session, 1, SECOND[:1000])
            assert (await streams.end(ada, session, 1)).asset_id is None
            assert [] == list((tmp_path / "blobs" / "incoming").iterdir())


def encoded(codec: str, seconds: float = 1.0) -> bytes:
    """A tone as a whole file of that codec."""
    tone = 0.4 * np.sin(np.arange(int(48_000 * seconds)) / 20)
    target = io.BytesIO()
    kind = {"flac": ("FLAC", "PCM_16"), "opus": ("OGG", "OPUS")}[codec]
    soundfile.write(target, tone, 48_000, format=kind[0], subtype=kind[1])
    return target.getvalue()


class TestEncoded:
    @pytest.mark.parametrize("codec", ["flac", "opus"])
    async def test_the_file_is_kept_as_it_came(self, tmp_path: Path, codec: str) -> None:
        """FLAC and Ogg Opus are recorded byte for byte, unread, and sent to be analysed."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            await streams.start(ada, session, Form(codec, 48_000), record=True, origin=ORIGIN)
            whole = encoded(codec)
            for at in range(0, len(whole), 1000):
                streams.feed(ada, session, 1, whole[at : at + 1000], position=at)
                streams.feed(ada, session, 1, whole[at : at + 1000], position=at)  # a repeat
            ended = await streams.end(ada, session, 1)
            assert (None, len(whole)) == (ended.seconds, ended.late)
            asset = await place.world.store.read(lambda tx: tx.work.asset(ended.asset_id))  # type: ignore[arg-type]
            assert asset is not None
            assert whole == await place.world.blobs.get(asset.blob or "")
            assert asset.media_type == {"flac": "audio/flac", "opus": "audio/ogg"}[codec]
            assert ended.analysis_id is not None
            assert [] == list((tmp_path / "blobs" / "incoming").iterdir())

    async def test_what_is_no_such_file(self, tmp_path: Path) -> None:
        """Other bytes are refused before anything is kept, and gaps have no place."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            await streams.start(ada, session, Form("flac", 48_000), record=True, origin=ORIGIN)
            with pytest.raises(InvalidValue, match="begin a flac file"):
                streams.feed(ada, session, 1, b"RIFF" + bytes(100))
            streams.feed(ada, session, 1, encoded("flac")[:1000])
            with pytest.raises(InvalidValue, match="no gaps"):
                streams.feed(ada, session, 1, bytes(100), position=5000)
            assert (await streams.end(ada, session, 1)).asset_id is not None

    async def test_is_not_followed(self, tmp_path: Path) -> None:
        """Nobody can be steered by what is only read at the end."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            with pytest.raises(InvalidValue, match="pcm_s16le"):
                await streams_of(place).start(
                    ada, session, Form("opus", 48_000), record=True, origin=ORIGIN, steer="drums"
                )

    async def test_time_is_bounded(self, tmp_path: Path) -> None:
        """Bytes do not tell how long an encoded stream is: the clock does."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            clock = Late(place.world.clock)
            streams = streams_of(place, clock=clock)
            await streams.start(ada, session, Form("flac", 48_000), record=True, origin=ORIGIN)
            whole = encoded("flac")
            streams.feed(ada, session, 1, whole[:1000])
            clock.ahead = 601.0
            streams.feed(ada, session, 1, whole[1000:2000])
            assert (stream := streams.find(session, 1)) is not None
            assert stream.ending is not None
            assert (await stream.ending).asset_id is not None
            assert streams.find(session, 1) is None


class TestGaps:
    async def test_lost_sound_is_silence(self, tmp_path: Path) -> None:
        """Time stays true: what did not come is counted and stands as zeros."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            await streams.start(ada, session, FORM, record=True, origin=ORIGIN)
            streams.feed(ada, session, 1, SECOND[:8000], position=0)
            streams.feed(ada, session, 1, SECOND[12000:], position=6000)
            ended = await streams.end(ada, session, 1)
            samples, _ = await recording(place, ended.asset_id)
            assert (2000, 1.0) == (ended.missing, ended.seconds)
            expected = RAMP.copy()
            expected[4000:6000] = 0
            assert np.array_equal(expected, samples)

    async def test_repeats_and_overlaps_are_dropped(self, tmp_path: Path) -> None:
        """Sound that came already is counted late and not written twice."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            await streams.start(ada, session, FORM, record=True, origin=ORIGIN)
            streams.feed(ada, session, 1, SECOND[:8000], position=0)
            streams.feed(ada, session, 1, SECOND[:8000], position=0)
            streams.feed(ada, session, 1, SECOND[4000:], position=2000)
            ended = await streams.end(ada, session, 1)
            samples, _ = await recording(place, ended.asset_id)
            assert (6000, 0) == (ended.late, ended.missing)
            assert np.array_equal(RAMP, samples)

    async def test_far_ahead_is_refused(self, tmp_path: Path) -> None:
        """A lying position does not become an hour of zeros."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            await streams.start(ada, session, FORM, record=True, origin=ORIGIN)
            with pytest.raises(InvalidValue):
                streams.feed(ada, session, 1, SECOND, position=2**40)
            assert 0 == (await streams.end(ada, session, 1)).missing

    async def test_a_slow_disk_loses_sound_not_memory(self, tmp_path: Path) -> None:
        """Beyond what may wait, records are dropped, counted, and silent."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            form = Form("pcm_s16le", 48_000)
            await streams.start(ada, session, form, record=True, origin=ORIGIN)
            chunk = b"\1\0" * (MAXIMUM_CHUNK // 2)
            count = PENDING_BYTES // MAXIMUM_CHUNK
            for _ in range(count + 5):  # no turn of the loop between them: nothing is written
                streams.feed(ada, session, 1, chunk)
            ended = await streams.end(ada, session, 1)
            samples, _ = await recording(place, ended.asset_id)
            assert 5 == ended.dropped
            assert (count + 5) * MAXIMUM_CHUNK // 2 == len(samples)
            assert count * MAXIMUM_CHUNK // 2 == np.count_nonzero(samples)


class TestLimits:
    @pytest.mark.parametrize(
        "form",
        [("mp3", 48_000, 1), ("pcm_s16le", 96_000, 1), ("pcm_s16le", 4_000, 1),
         ("pcm_f32le", 48_000, 3), ("pcm_f32le", 48_000, 0)],
    )  # fmt: skip
    def test_forms(self, form: tuple[str, int, int]) -> None:
        """Refused with what would be right."""
        with pytest.raises(InvalidValue, match="must be"):
            Form(*form)

    @pytest.mark.parametrize("sound", [b"", b"\0", b"\0" * (MAXIMUM_CHUNK + 2)])
    async def test_chunks(self, tmp_path: Path, sound: bytes) -> None:
        """Whole sample frames, no more than 64 KiB."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            await streams.start(ada, session, FORM, record=False, origin=ORIGIN)
            with pytest.raises(InvalidValue):
                streams.feed(ada, session, 1, sound)

    async def test_the_tiers_allowance_ends_a_stream(self, tmp_path: Path) -> None:
        """A full recording ends by itself, and what fits is kept."""
        small = {tier: Allowance(12_058, 600, 10**9, 10) for tier in Tier}
        async with house(tmp_path, Rules(quotas=False, allowances=small)) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            await streams.start(ada, session, FORM, record=True, origin=ORIGIN)
            streams.feed(ada, session, 1, SECOND)
            await asyncio.sleep(0)
            full = streams.find(session, 1)
            assert full is not None
            with pytest.raises(Conflict):
                streams.feed(ada, session, 1, SECOND)
            assert full.ending is not None
            await full.ending
            asset = (await events(place, ada, session))[-1].asset_id
            samples, _ = await recording(place, asset)
            assert np.array_equal(RAMP[:6000], samples)

    async def test_how_many(self, tmp_path: Path) -> None:
        """A few streams a person."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            for number in range(1, PER_USER + 1):
                begun = await streams.start(ada, session, FORM, record=False, origin=ORIGIN)
                assert number == begun.stream
            with pytest.raises(TooManyRequests):
                await streams.start(ada, session, FORM, record=False, origin=ORIGIN)
            await streams.end(ada, session, 1)
            begun = await streams.start(ada, session, FORM, record=False, origin=ORIGIN)
            assert PER_USER + 1 == begun.stream

    async def test_rights(self, tmp_path: Path) -> None:
        """Edit to start; nobody feeds or ends another's stream, nor from another connection."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            eve, bob = await place.person("eve"), await place.person("bob")
            invited = await place.conductor.collaboration.invite(
                ada, ProjectId(session), "bob@example.org", frozenset([Permission.VIEW]), None,
                origin=ORIGIN,
            )  # fmt: skip
            secret = re.split("[/#=]", invited.url)[-1]
            await place.conductor.collaboration.join(bob, secret, origin=ORIGIN)
            streams = streams_of(place)
            for who, refusal in ((eve, NotFound), (bob, Forbidden)):
                with pytest.raises(refusal):
                    await streams.start(who, session, FORM, record=True, origin=ORIGIN)
            await streams.start(ada, session, FORM, record=False, origin=ORIGIN)
            with pytest.raises(NotFound):
                streams.feed(bob, session, 1, SECOND)
            with pytest.raises(NotFound):
                await streams.end(eve, session, 1)


class TestEndings:
    async def test_silence_ends_a_stream(self, tmp_path: Path) -> None:
        """Nothing for ten seconds: ended, and what came is kept."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            clock = Late(place.world.clock)
            streams = streams_of(place, clock=clock)
            await streams.start(ada, session, FORM, record=True, origin=ORIGIN)
            streams.feed(ada, session, 1, SECOND)
            assert 0 == await streams.sweep()
            clock.ahead = SILENCE_SECONDS + 1
            assert 1 == await streams.sweep()
            assert (await events(place, ada, session))[-1].asset_id is not None
            with pytest.raises(NotFound):
                streams.feed(ada, session, 1, SECOND)

    async def test_a_project_that_is_gone(self, tmp_path: Path) -> None:
        """Its stream cannot end in it; the others end all the same, now and at the end."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            other = SessionId(await place.project(ada))
            clock = Late(place.world.clock)
            streams = streams_of(place, clock=clock)
            for where in (session, other):
                await streams.start(ada, where, FORM, record=True, origin=ORIGIN)
                streams.feed(ada, where, 1, SECOND)
            await place.conductor.projects.delete(ada, ProjectId(session), ORIGIN)
            clock.ahead = SILENCE_SECONDS + 1
            assert 2 == await streams.sweep()
            assert () == (*streams.of(session), *streams.of(other))
            assert (await events(place, ada, other))[-1].asset_id is not None

    async def test_connection_and_server_end(self, tmp_path: Path) -> None:
        """A connection that leaves ends its own streams, the server all."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            await streams.start(ada, session, FORM, record=False, origin=ORIGIN)
            await streams.leave(ada, session)
            assert () == streams.of(session)
            await streams.start(ada, session, FORM, record=False, origin=ORIGIN)
            await streams.close()
            assert () == streams.of(session)

    async def test_ended_twice_at_once(self, tmp_path: Path) -> None:
        """Two endings of one stream are one."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            await streams.start(ada, session, FORM, record=False, origin=ORIGIN)
            both = await asyncio.gather(*(streams.end(ada, session, 1) for _ in range(2)))
            assert both[0] == both[1]

    async def test_started_twice_under_one_id(self, tmp_path: Path) -> None:
        """A repeated start is the same stream."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place)
            one, other = [
                await streams.start(
                    ada, session, FORM, record=False, origin=ORIGIN, command=CommandId("s1")
                )
                for _ in range(2)
            ]
            assert one == other
            assert 1 == len(streams.of(session))


class Guided:
    """An ear that notes what tempo it is told to expect."""

    def __init__(self) -> None:
        self.told: list[float | None] = []

    async def __call__(self, codec: str, rate: int, channels: int, near: float | None) -> "Guided":
        self.told.append(near)
        return self

    def hear(self, sound: bytes) -> None:
        return None

    def expect(self, near: float | None) -> None:
        self.told.append(near)


class TestGuidance:
    async def test_the_tempo_of_the_session(self, tmp_path: Path) -> None:
        """Unknown while nobody set it; then as it is set, and as soon as the session plays."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            project, ear = ProjectId(session), Guided()
            streams = streams_of(place, ears=ear)
            await streams.start(ada, session, FORM, record=False, origin=ORIGIN)
            await place.do(ada, project, "transport", {"action": "play"})
            await place.do(ada, project, "transport", {"action": "stop"})
            await place.do(ada, project, "set_parameter", {"path": "session/tempo", "value": 96})
            await place.do(ada, project, "set_parameter", {"path": "drums/fills", "value": 0.2})
            assert [None, 120.0, None, 96.0] == ear.told
            await streams.end(ada, session, 1)
            await place.do(ada, project, "set_parameter", {"path": "session/tempo", "value": 97})
            assert 4 == len(ear.told)
            await streams.start(ada, session, FORM, record=False, origin=ORIGIN)
            assert 97.0 == ear.told[-1]


class TestSteering:
    async def test_loud_playing_makes_loud_drums(self, tmp_path: Path) -> None:
        """Intensity and follow go with the pulse, as the sender's own changes."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            pulse = Pulse(seconds=1, tempo=100, confidence=0.5, energy=1.0)
            streams = streams_of(place, ears=LoudEar(pulse))
            await streams.start(ada, session, FORM, record=False, origin=ORIGIN, steer="drums")
            streams.feed(ada, session, 1, SECOND)
            streams.feed(ada, session, 1, SECOND)
            found = streams.find(session, 1)
            assert found is not None
            assert pulse == found.pulse
            owner = await place.conductor.sessions.open(session)
            await until(lambda: len(owner.state.parameters) == 2, "both parameters")
            assert {"drums/intensity": 0.9, "drums/follow": 0.6} == owner.state.parameters

    def test_unsure_beats_are_not_followed(self) -> None:
        """Without a tempo only the loudness counts."""
        assert {"intensity": 0.15} == wanted(Pulse(seconds=0))
        assert SMALLEST > 0


class TestHeader:
    @given(
        st.sampled_from(["pcm_s16le", "pcm_f32le"]),
        st.integers(8_000, 48_000),
        st.integers(1, 2),
        st.integers(1, 500),
    )
    def test_others_read_it(self, codec: str, rate: int, channels: int, frames: int) -> None:
        """libsndfile reads the same form and length."""
        form = Form(codec, rate, channels)
        size = frames * form.frame_bytes
        told = soundfile.info(io.BytesIO(header(form, size) + bytes(size)))
        assert (rate, channels, frames) == (told.samplerate, told.channels, told.frames)


class TestFullDisk:
    async def test_the_stream_goes_on(self, tmp_path: Path) -> None:
        """Nothing can be written: the stream still ends in order, without a recording."""
        async with house(tmp_path, FREE) as place:
            ada, session = await started(place)
            streams = streams_of(place, blobs=FullDisk())
            await streams.start(ada, session, FORM, record=True, origin=ORIGIN)
            await asyncio.sleep(0)
            streams.feed(ada, session, 1, SECOND)
            assert (await streams.end(ada, session, 1)).asset_id is None


class FullDisk:
    async def receive(self, chunks: AsyncIterator[bytes], *, maximum: int) -> Any:
        raise MuseArooError("The disk is full.")
