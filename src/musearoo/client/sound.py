"""Speaking to a session and playing in it: commands, audio streams, live notes."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterable, Iterable, Iterator
from typing import Any, Final, Literal

from musearoo.client.asking import Asking
from musearoo.client.refusals import Refused
from musearoo.codecs.ws import (
    AudioStreamData,
    Header,
    NoteAction,
    NoteRecord,
    VoiceCommand,
    encode_note,
)
from musearoo.codecs.ws.incoming import StreamAudioData, VoiceData
from musearoo.codecs.ws.outgoing import RecordingShown, VoiceShown

SpokenCodec = Literal["wav", "flac", "opus", "pcm_s16le", "pcm_f32le"]
StreamCodec = Literal["pcm_s16le", "pcm_f32le", "opus", "flac"]
PIECE_BYTES: Final = 32 << 10
"""What a message carries at most: base64 makes a third more of it, and a frame has 64 KiB."""
_SAMPLE_BYTES: Final = {"pcm_s16le": 2, "pcm_f32le": 4}
_LEAD_SECONDS: Final = 0.25
_BYTES_PER_SECOND: Final = 256 << 10


class Sounding(Asking):
    """What `Session` can say and play."""

    _notes = 0

    @property
    @abstractmethod
    def now(self) -> float:
        """Monotonic seconds."""

    async def say(self, text: str, *, confirm: bool = False) -> VoiceShown:
        """Say in words what shall happen; answers what was understood and done.

        A question in the answer wants `say("yes")` within 30 s. Raises `Refused` when nothing
        of it is allowed.
        """
        return _voice((await self.voice(text, confirm=confirm)).voice)

    async def say_recorded(
        self, recording: bytes, codec: SpokenCodec = "wav", rate: int = 16_000
    ) -> VoiceShown:
        """Have a recorded command (at most 15 s and 2 MB) recognised and carried out.

        `rate` is meant by the pcm codecs only, which are mono.
        """
        pieces = list(_cut(recording, PIECE_BYTES))
        for piece in pieces[:-1]:
            await self.request(VoiceCommand(data=VoiceData(audio_data=piece, more=True)))
        data = VoiceData(audio_data=pieces[-1] if pieces else None, codec=codec, rate=rate)
        return _voice((await self.request(VoiceCommand(data=data))).voice)

    async def stream_audio(
        self,
        sound: AsyncIterable[bytes] | Iterable[bytes],
        codec: StreamCodec,
        rate: int,
        *,
        channels: int = 1,
        record: bool = True,
        steer: str | None = None,
    ) -> RecordingShown:
        """Play live sound to the others until it ends; answers what became of the recording.

        PCM goes out no faster than it sounds, and what a break swallows is silence. `opus`
        (Ogg) and `flac` are the bytes of a whole file, of which nothing is lost. `steer` names
        a part that goes with what is heard (PCM only).
        """
        stream = await self.start_audio(codec, rate, channels=channels, record=record, steer=steer)
        sending = _Sending(self, stream, codec, rate * channels * _SAMPLE_BYTES.get(codec, 0))
        frame = channels * _SAMPLE_BYTES.get(codec, 1)
        try:
            async for piece in _pieces(sound):
                for part in _cut(piece, PIECE_BYTES // frame * frame):
                    await sending.send(part, frame)
        finally:
            ended = await self.end_audio(stream)
        return ended.recording or RecordingShown(stream=stream)

    async def play_note(
        self, pitch: int, velocity: int = 90, *, tick: int = 0, channel: int = 0
    ) -> None:
        """Let the others hear a key go down (`velocity` 0: up); nothing is recorded.

        Only binary clients can (`Options(binary=True)`); raises `Refused` on others.
        """
        if not self.speaks_records:
            raise Refused("unavailable", "Live notes need a client with binary=True.")
        action = NoteAction.ON if velocity else NoteAction.OFF
        header = Header(number=self._notes)
        self._notes += 1
        note = NoteRecord(
            header=header, action=action, pitch=pitch, velocity=velocity, channel=channel, tick=tick
        )
        await self.tell_records(encode_note(note))


class _Sending:
    """The pieces of one stream on their way, at the pace of its sound."""

    def __init__(self, session: Sounding, stream: int, codec: str, bytes_per_second: int) -> None:
        self._session = session
        self._stream = stream
        self._codec = codec
        self._rate = bytes_per_second or _BYTES_PER_SECOND
        self._is_pcm = bool(bytes_per_second)
        self._began = session.now
        self._sent = 0
        self._number = 0

    async def send(self, piece: bytes, frame: int) -> None:
        ahead = self._sent / self._rate - (self._session.now - self._began)
        if ahead > _LEAD_SECONDS:
            await asyncio.sleep(ahead - _LEAD_SECONDS)
        await self._send(piece, self._sent // frame)
        self._sent += len(piece)
        self._number += 1

    async def _send(self, piece: bytes, position: int) -> None:
        session, stream = self._session, self._stream
        if self._is_pcm and session.speaks_records:
            await session.audio(stream, self._codec, piece, position=position, number=self._number)
            return
        data = StreamAudioData(audio_data=piece, position=position, stream=stream)
        message = AudioStreamData(data=data)
        if self._is_pcm:
            await session.tell(message)
        else:  # answered, and sent again after a break
            await session.request(message)


def _voice(shown: VoiceShown | None) -> VoiceShown:
    return shown if shown is not None else VoiceShown(status="nothing", text="")


def _cut(sound: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(sound), size):
        yield sound[at : at + size]


async def _pieces(sound: AsyncIterable[bytes] | Iterable[bytes]) -> Any:
    if isinstance(sound, AsyncIterable):
        async for piece in sound:
            yield piece
        return
    for piece in sound:
        yield piece
