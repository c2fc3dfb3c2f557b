"""Speaking and playing in a live room, on the whole product over real sockets."""

import asyncio
import io
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import takewhile
from typing import Any, TypeVar

import httpx
import numpy as np
import pytest
import soundfile
import soxr
import websockets
from typer.testing import CliRunner, Result
from websockets.typing import Subprotocol

from musearoo.app.cli.root import app
from musearoo.client import Account, Happenings, Options, Refused, Session, connect, sync
from musearoo.codecs.ws import (
    AckRecord,
    AudioRecord,
    ClockRecord,
    Header,
    NoteAction,
    NoteRecord,
    ParameterRecord,
    ProgressRecord,
    SessionJoin,
    ValueKind,
    Welcome,
    decode_records,
    decode_server,
    encode,
    encode_audio,
    encode_clock,
    encode_parameter,
)
from musearoo.codecs.ws.incoming import AudioContext, JoinData
from musearoo.codecs.ws.outgoing import RecordingShown
from musearoo.domain.events import AudioStreamEnded, GenerationCompleted, ParameterSet, Sequenced
from tests.brain.test_follower import EIGHTHS, RATE, riff
from tests.flow.outcomes import ENDS, LONG
from tests.servers.server import ServerProcess
from tests.waiting import PATIENCE, until

T = TypeVar("T")
RECORDS = Options(binary=True)
TONE = (0.5 * np.sin(np.arange(16_000) / 9) * 32767).astype("<i2")


@asynccontextmanager
async def room(
    server: ServerProcess, *options: Options
) -> AsyncIterator[tuple[Account, list[Session]]]:
    """Clients of one new session, one for each of `options`."""
    async with Account(server.url) as account:
        await account.login_local(server.local_token())
        project = await account.call("POST", "/projects", json={"name": "Riff"})
        session = await account.open_session(project["id"])
        clients = [connect(account=account, session=session, options=each) for each in options]
        async with clients[0] as first:
            if len(clients) == 1:
                yield account, [first]
                return
            async with clients[1] as second:
                yield account, [first, second]


async def heard(happenings: Happenings, wanted: Callable[[Any], T | None]) -> T:
    """The first thing that happens for which `wanted` answers something."""
    seen: list[str] = []
    try:
        async with asyncio.timeout(PATIENCE):
            async for happening in happenings:
                seen.append(type(happening).__name__)
                found = wanted(happening)
                if found is not None:
                    return found
    except TimeoutError:
        raise AssertionError(f"it did not happen; what did: {seen[-9:]}") from None
    raise AssertionError(f"the session ended; what happened: {seen[-9:]}")


def of(kind: type[T]) -> Callable[[Any], T | None]:
    """Events or records of one kind."""

    def wanted(happening: Any) -> T | None:
        found = happening.event if isinstance(happening, Sequenced) else happening
        return found if isinstance(found, kind) else None

    return wanted


def pieces(sound: Any, size: int = 320) -> Iterator[bytes]:
    return (sound[at : at + size].tobytes() for at in range(0, len(sound), size))


async def downloaded(server: ServerProcess, recording: RecordingShown) -> bytes:
    """The file of a recording, by the link in the answer."""
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        answer = await http.get(recording.url or "")
        assert answer.status_code == 200, answer.text
        return answer.content


class TestWords:
    async def test_a_sentence_is_done_for_everyone(self, server: ServerProcess) -> None:
        """Tempo and a parameter from one sentence: told to its speaker, heard by the others."""
        async with room(server, Options(), RECORDS) as (_, (ann, bob)):
            happenings = bob.happenings()
            told = await ann.say("tempo 96 and drums less busy")
            assert ("done", 2) == (told.status, len(told.acts))
            seqs = [act.seq for act in told.acts]
            events = [
                await heard(happenings, lambda each: each if isinstance(each, Sequenced) else None)
                for _ in seqs
            ]
            assert seqs == [each.seq for each in events]
            assert all(each.cause and each.cause.endswith(("/0", "/1")) for each in events)
            assert bob.state is not None
            assert 96 == bob.state.tempo_map.bpm_at(0)

    async def test_a_drum_part_is_spoken_for(self, server: ServerProcess) -> None:
        """Words become a take, through the same desk as every other door."""
        async with room(server, Options()) as (_, (ann,)):
            happenings = ann.happenings()
            told = await ann.say("give me a funky drum beat")
            (generated,) = [act for act in told.acts if act.generation_id]
            done = await heard(happenings, of(GenerationCompleted))
            assert (generated.generation_id, "drums") == (done.generation_id, done.part)

    def test_from_the_command_line(self, server: ServerProcess) -> None:
        """`session send --say`; what is destructive is asked back, and --yes confirms it."""

        async def prepare() -> str:
            async with room(server, Options()) as (_, (ann,)):
                return ann.id

        session = asyncio.run(prepare())
        assert "101" in send(server, session, "--say", "tempo 101").stdout
        assert "102" in send(server, session, "--say", "tempo 102").stdout
        undo = "--say", "undo the last two changes"
        assert "--yes" in send(server, session, *undo).stdout
        assert "undo" in send(server, session, *undo, "--yes").stdout
        assert "frobnicate" in send(server, session, "--say", "frobnicate it").stdout
        neither = send(server, session)
        assert (2, True) == (neither.exit_code, "--say" in neither.stderr)

    def test_without_async(self, server: ServerProcess) -> None:
        """A script speaks too."""

        async def prepare() -> tuple[str, str]:
            async with room(server, Options()) as (account, (ann,)):
                return account.token or "", ann.id

        token, session = asyncio.run(prepare())
        with sync.connect(server.url, token=token, session=session) as live:
            assert "done" == live.say("drums a bit louder").status


def send(server: ServerProcess, session: str, *args: str) -> Result:
    """`musearoo session send`, as the person whose server it is."""
    here = {
        "MUSEAROO_DATA_DIR": str(server.data_dir),
        "MUSEAROO_PORT": server.url.rpartition(":")[2],
    }
    return CliRunner().invoke(app, ["session", "send", "-s", session, *args], env=here)


def spoken(words: str) -> bytes:
    """A recording of a synthetic voice, as WAV."""
    espeak = shutil.which("espeak-ng") or ""
    return subprocess.run(
        [espeak, "-v", "en-us", "-s", "140", "--stdout", words], check=True, capture_output=True
    ).stdout


@pytest.mark.needs("espeak-ng")
class TestSpeech:
    @pytest.mark.parametrize("codec", ["wav", "opus"])
    async def test_is_recognised_here(self, server: ServerProcess, codec: Any) -> None:
        """A WAV longer than a frame comes in pieces, Opus in one, and a tempo is heard in it."""
        pytest.importorskip("pocketsphinx")
        recording = await asyncio.to_thread(spoken, "set the tempo to ninety")
        assert len(recording) > 64 << 10
        if codec == "opus":
            samples, rate = soundfile.read(io.BytesIO(recording))
            target = io.BytesIO()
            whole = soxr.resample(samples, rate, 24_000)
            soundfile.write(target, whole, 24_000, format="OGG", subtype="OPUS")
            recording = target.getvalue()
        async with room(server, RECORDS) as (_, (ann,)):
            assert ann.speech
            told = await ann.say_recorded(recording, codec)
            assert {"tempo", "ninety"} <= set(told.text.split())
            assert "done" == told.status
            assert ann.state is not None
            assert 90 == ann.state.tempo_map.bpm_at(0)


class TestStreams:
    async def test_pcm(self, server: ServerProcess) -> None:
        """Heard by the others sample for sample, recorded bit for bit, then analysed."""
        async with room(server, RECORDS, RECORDS) as (_, (ann, bob)):
            happenings = bob.happenings()
            recording = await ann.stream_audio(pieces(TONE), "pcm_s16le", 16_000)
            came: list[AudioRecord] = []

            def ending(happening: Any) -> AudioStreamEnded | None:
                if isinstance(happening, AudioRecord):
                    came.append(happening)
                return of(AudioStreamEnded)(happening)

            ended = await heard(happenings, ending)
            assert TONE.tobytes() == b"".join(each.audio for each in came)
            assert [320 * n for n in range(len(came))] == [each.position for each in came]
            mine = bob.present[ann.connection].sender
            assert {mine} == {each.header.sender for each in came}
            assert recording.asset_id == ended.asset_id
            assert recording.analysis_id == ended.analysis_id
            content = await downloaded(server, recording)
            samples, rate = soundfile.read(io.BytesIO(content), dtype="int16")
            assert (16_000, 1.0) == (rate, recording.seconds)
            assert np.array_equal(TONE, samples)

    @pytest.mark.parametrize("codec", ["flac", "opus"])
    async def test_encoded(self, server: ServerProcess, codec: Any) -> None:
        """FLAC and Ogg Opus arrive whole, over a break too, and the workers decode them."""
        target = io.BytesIO()
        kind = {"flac": ("FLAC", "PCM_16"), "opus": ("OGG", "OPUS")}[codec]
        sound = riff(EIGHTHS, 110, 6, 0.0)
        sound = np.repeat(sound, 3)  # 48 kHz
        noise = np.random.default_rng(1).normal(0, 0.01, len(sound))
        soundfile.write(target, sound + noise, 48_000, format=kind[0], subtype=kind[1])
        whole = target.getvalue()
        async with room(server, Options()) as (account, (ann,)):

            async def bytes_of() -> AsyncIterator[bytes]:
                for number, at in enumerate(range(0, len(whole), 8_000)):
                    if number == 2:
                        ann.break_off()
                    yield whole[at : at + 8_000]

            recording = await ann.stream_audio(bytes_of(), codec, 48_000)
            assert ann.reconnects >= 1
            assert whole == await downloaded(server, recording)
            analysis = await analysed(account, recording)
            assert analysis["tempo"] == pytest.approx(110, rel=0.03)
            ack = await ann.generate(
                "drummaroo", audio_context=AudioContext(stream=recording.stream), bars=2
            )
            assert ack.generation_id

    async def test_it_goes_on_after_a_break(self, server: ServerProcess) -> None:
        """What a break swallowed stands as silence, and the stream is still the same."""
        async with room(server, RECORDS) as (_, (ann,)):
            stream = await ann.start_audio("pcm_s16le", 16_000)
            await ann.audio(stream, "pcm_s16le", TONE[:4000].tobytes(), position=0, number=0)
            await ann.set("drums/fills", 0.2)
            ann.break_off()
            await until(lambda: ann.reconnects and ann.connected, "the way back")
            await ann.audio(stream, "pcm_s16le", TONE[8000:].tobytes(), position=8000, number=5)
            ended = (await ann.end_audio(stream)).recording
            assert ended is not None
            assert (4000, 1.0) == (ended.missing, ended.seconds)

    async def test_whoever_goes_leaves_a_recording(self, server: ServerProcess) -> None:
        """The others hear that the stream has ended, and what is left of it."""
        async with room(server, RECORDS, Options()) as (_, (ann, bob)):
            happenings = bob.happenings()
            async with connect(account=ann.account, session=ann.id, options=RECORDS) as cy:
                stream = await cy.start_audio("pcm_s16le", 16_000)
                await cy.audio(stream, "pcm_s16le", TONE.tobytes(), position=0, number=0)
            ended = await heard(happenings, of(AudioStreamEnded))
            assert (stream, True) == (ended.stream, ended.asset_id is not None)

    async def test_a_guitar_steers_the_drums(self, server: ServerProcess) -> None:
        """Somebody plays eighths at 100, loud: the drums go along, as that person's changes."""
        sound = (riff(EIGHTHS, 100, 7) * 32767).astype("<i2")
        async with room(server, RECORDS, Options()) as (_, (ann, bob)):
            await ann.set("session/tempo", 104)
            happenings = bob.happenings()
            found: dict[str, Sequenced] = {}
            enough = asyncio.Event()

            def played() -> Iterator[bytes]:
                return takewhile(lambda _: not enough.is_set(), pieces(sound, 640))

            playing = asyncio.create_task(
                ann.stream_audio(played(), "pcm_s16le", RATE, steer="drums")
            )
            while set(found) < {"drums/intensity", "drums/follow"}:
                change = await heard(
                    happenings,
                    lambda each: (
                        each
                        if isinstance(each, Sequenced) and isinstance(each.event, ParameterSet)
                        else None
                    ),
                )
                assert isinstance(change.event, ParameterSet)
                found[change.event.path] = change
            for path, change in found.items():
                assert isinstance(change.event, ParameterSet)
                assert (change.event.gesture or "").startswith("stream ")
                assert change.user == ann.user_id
                assert isinstance(change.event.value, float), path
                assert 0.3 < change.event.value < 1
            stream = int((found["drums/follow"].event.gesture or "").split()[1])  # type: ignore[union-attr]
            ack = await bob.generate("drummaroo", audio_context=AudioContext(stream=stream), bars=2)
            assert ack.generation_id  # it listens to what is being played
            enough.set()
            assert stream == (await playing).stream


async def analysed(account: Account, recording: RecordingShown) -> dict[str, Any]:
    """The analysis of a recording, once it is done."""

    async def at_its_end() -> dict[str, Any]:
        answer: dict[str, Any] = await account.call("GET", f"/analyses/{recording.analysis_id}")
        return answer if answer["status"] in ENDS else {}

    answer: dict[str, Any] = await until(at_its_end, "the end of the analysis", LONG)
    assert answer["status"] == "completed", answer
    return answer


async def test_notes_are_heard_by_who_reads_records(server: ServerProcess) -> None:
    """Key down, key up; a client without records is told so."""
    async with room(server, RECORDS, RECORDS) as (account, (ann, bob)):
        happenings = bob.happenings()
        await ann.play_note(64, 100, tick=960)
        await ann.play_note(64, 0)
        notes = [await heard(happenings, of(NoteRecord)) for _ in range(2)]
        assert [(NoteAction.ON, 0), (NoteAction.OFF, 1)] == [
            (each.action, each.header.number) for each in notes
        ]
        async with connect(account=account, session=ann.id) as plain:
            with pytest.raises(Refused, match="binary"):
                await plain.play_note(64)


async def test_bytes_of_a_binary_client(server: ServerProcess) -> None:
    """Frames as a client in another language sees them: ack, clock and progress are records."""
    async with room(server, Options()) as (account, (ann,)):
        url = server.url.replace("http", "ws", 1) + "/api/v3/ws"
        async with websockets.connect(
            url,
            subprotocols=[Subprotocol("musearoo.v3.bin")],
            compression=None,
            open_timeout=PATIENCE,
        ) as socket:
            ticket = await account.ticket(ann.id)
            await socket.send(
                encode(SessionJoin(data=JoinData(ticket=ticket, instance="me"))), text=True
            )
            welcome = decode_server(await socket.recv())
            assert isinstance(welcome, Welcome)
            (handle,) = [
                each.handle for each in welcome.data.parameters if each.path == "drums/fills"
            ]
            parameter = ParameterRecord(
                header=Header(number=7), handle=handle, kind=ValueKind.NUMBER, value=0.25
            )
            await socket.send(encode_parameter(parameter))
            await socket.send(encode_clock(ClockRecord(t0=12_345_678)))
            found = await records_of(socket, {AckRecord, ClockRecord})
            await ann.generate("drummaroo", bars=4)
            found |= await records_of(socket, {ProgressRecord})
            assert (7, 1) == (found[AckRecord].counter, found[AckRecord].event)
            clock = found[ClockRecord]
            assert 12_345_678 == clock.t0
            assert 0 <= clock.t2 - clock.t1 < 10_000_000
            assert clock.t1 > 1_700_000_000_000_000
            assert 0 < found[ProgressRecord].permille <= 1000
            lying = bytearray(encode_audio(AudioRecord(codec="opus", position=0, audio=b"x")))
            lying[20:24] = b"\xff\xff\xff\x7f"
            await socket.send(bytes(lying))
            async with asyncio.timeout(PATIENCE):
                while "malformed-message" not in str(await socket.recv()):
                    continue
            assert (await ann.set("drums/fills", 0.5)).seq > 0


async def records_of(socket: Any, kinds: set[type]) -> dict[type, Any]:
    """The first record of each kind that comes."""
    found: dict[type, Any] = {}
    async with asyncio.timeout(PATIENCE):
        while kinds - set(found):
            frame = await socket.recv()
            if isinstance(frame, bytes):
                for record in decode_records(frame, by_server=True):
                    found.setdefault(type(record), record)
    return found
