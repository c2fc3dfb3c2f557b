"""The wire between server and workers: every value travels whole, and nothing else is accepted."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.analysis import Analysis
from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar, EngineDescription, EngineRun, ParameterSpec
from musearoo.domain.errors import PayloadTooLarge
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.note import Note
from musearoo.domain.music.tempo_map import TempoMap
from musearoo.domain.song import Song, SongPart
from musearoo.jobs import frames

NOTE = Note(id="n", start=0, length=240, pitch=60, velocity=100, articulation="ghost")
RUN = EngineRun(
    engine="drummaroo",
    context=EngineContext(
        bars=2, chords=(ChordSpan(0, 7680, Chord(0, "min7", 3)),), parts={"bass": (NOTE,)}
    ),
    parameters={"swing": 0.5, "fills": 3, "style": "funk", "ghosts": True},
    seed=2**53 - 1,
    bars=(1,),
    voices=("kick",),
)
SONG = Song(
    title="Ärger",
    bars=2,
    parts=(SongPart(name="bass", title="Bass", notes=(NOTE,), program=33),),
    tempo_map=TempoMap.constant(93.5),
)
DESCRIPTION = EngineDescription(
    name="x", version="1", title="X", default_part="x", parameters=(ParameterSpec(name="a"),)
)
TO_WORKER: list[frames.ToWorker] = [
    frames.Run(1, frames.PlayTask(RUN)),
    frames.Run(2, frames.AnalyzeTask("/tmp/x.wav", "deep", ("tempo",), 600.0, 30)),
    frames.Run(3, frames.AudioTask(SONG, "ogg")),
    frames.Run(4, frames.NotationTask(SONG)),
    frames.Run(5, frames.WarmTask("sound")),
    frames.Cancel(6),
]
FROM_WORKER: list[frames.FromWorker] = [
    frames.Ready(77, (DESCRIPTION,)),
    frames.Played(1, Bar(0, (NOTE,))),
    frames.Progress(2, 0.25),
    frames.Chunk(3, b"\x00\xff" * 100),
    frames.Done(1, frames.Ended(0.9, 0.004), 12345),
    frames.Done(2, frames.Analyzed(Analysis(depth="quick", duration=1.5, tempo=None))),
    frames.Done(3, frames.Made(200)),
    frames.Done(5, frames.Warmed()),
    frames.Failed(1, "invalid-value", "no", 1.5, "style", "Traceback", 5),
]


def body(frame: bytes) -> bytes:
    return frame[4:]


class TestValues:
    @pytest.mark.parametrize("value", TO_WORKER, ids=lambda value: type(value).__name__)
    def test_order_travels_whole(self, value: frames.ToWorker) -> None:
        assert value == frames.decode_to_worker(body(frames.encode(value)))

    @pytest.mark.parametrize("value", FROM_WORKER, ids=lambda value: type(value).__name__)
    def test_answer_travels_whole(self, value: frames.FromWorker) -> None:
        assert value == frames.decode_from_worker(body(frames.encode(value)))

    def test_length_stands_before_the_body(self) -> None:
        frame = frames.encode(frames.Cancel(6))
        assert len(frame) - 4 == struct.unpack("<I", frame[:4])[0]

    def test_parameters_keep_their_types(self) -> None:
        decoded = frames.decode_to_worker(body(frames.encode(TO_WORKER[0])))
        assert isinstance(decoded, frames.Run)
        assert isinstance(decoded.task, frames.PlayTask)
        kinds = [type(value) for value in decoded.task.run.parameters.values()]
        assert [float, int, str, bool] == kinds

    def test_too_large_work_is_refused_before_it_is_sent(self) -> None:
        with pytest.raises(PayloadTooLarge):
            frames.encode(frames.Chunk(1, bytes(frames.FROM_WORKER_LIMIT + 1)))


class TestStrictness:
    @pytest.mark.parametrize(
        "value",
        [
            b"",
            b"\xc1",
            b"\x80",
            b"\x81\xa4type\xa3run",
            b"\x82\xa4type\xa6cancel\xa2id\xa11",  # an id of text
            b"\x83\xa4type\xa6cancel\xa2id\x01\xa4more\x01",  # a field too many
            b"\x82\xa4type\xa4done\xa2id\x01",
            b"\x91" * 100_000,
        ],
    )
    def test_anything_else_is_refused(self, value: bytes) -> None:
        with pytest.raises(frames.FrameError):
            frames.decode_to_worker(value)
        with pytest.raises(frames.FrameError):
            frames.decode_from_worker(value)

    @given(st.binary(max_size=200))
    def test_noise_is_refused_and_nothing_worse(self, noise: bytes) -> None:
        for decode in (frames.decode_to_worker, frames.decode_from_worker):
            with suppress(frames.FrameError):
                decode(noise)

    @given(st.sampled_from(FROM_WORKER), st.integers(0), st.integers(0, 255))
    def test_one_wrong_byte_does_no_harm(
        self, value: frames.FromWorker, place: int, byte: int
    ) -> None:
        damaged = bytearray(body(frames.encode(value)))
        damaged[place % len(damaged)] = byte
        with suppress(frames.FrameError):
            frames.decode_from_worker(bytes(damaged))

    def test_impossible_music_is_refused(self) -> None:
        raw = frames.encode(frames.Run(1, frames.PlayTask(RUN)))
        damaged = body(raw).replace(b"\xa7quality\xa4min7", b"\xa7quality\xa4mmm7")
        assert damaged != body(raw)
        with pytest.raises(frames.FrameError):
            frames.decode_to_worker(damaged)


class TestSplitter:
    @given(st.lists(st.sampled_from(FROM_WORKER), max_size=6), st.data())
    def test_frames_are_found_however_the_bytes_arrive(
        self, values: list[frames.FromWorker], data: st.DataObject
    ) -> None:
        stream = b"".join(frames.encode(value) for value in values)
        splitter, found = frames.Splitter(frames.FROM_WORKER_LIMIT), []
        while stream:
            size = data.draw(st.integers(1, len(stream)))
            found += splitter.feed(stream[:size])
            stream = stream[size:]
        assert values == [frames.decode_from_worker(each) for each in found]

    def test_frame_over_the_limit_is_refused_by_its_length(self) -> None:
        with pytest.raises(frames.FrameError):
            frames.Splitter(10).feed(struct.pack("<I", 11))

    def test_empty_frame_is_a_frame(self) -> None:
        assert [b"", b"a"] == frames.Splitter(10).feed(b"\0\0\0\0\1\0\0\0a")
