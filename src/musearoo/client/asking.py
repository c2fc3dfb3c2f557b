"""Everything a client can ask for, as methods."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, TypedDict, Unpack

import msgspec

from musearoo.codecs.ws import (
    AudioRecord,
    AudioStreamEnd,
    AudioStreamStart,
    ChatMessage,
    CommandMessage,
    CursorPosition,
    GenerationRequest,
    HandleTable,
    Header,
    Incoming,
    NoteRecord,
    ParameterChange,
    UserPresence,
    VoiceCommand,
    encode_audio,
    encode_note,
    encode_parameter,
)
from musearoo.codecs.ws.incoming import (
    AudioContext,
    ChatData,
    CommandData,
    CursorData,
    GenerationData,
    ParameterData,
    PresenceData,
    StreamEndData,
    StreamStartData,
    VoiceData,
)
from musearoo.codecs.ws.outgoing import AckData
from musearoo.domain.engine import ParameterValue
from musearoo.domain.records import QualityTarget


class Wishes(TypedDict, total=False):
    """What else a generation may be asked for; the rest is the project's."""

    part: str
    bars: int
    seed: int
    style_hints: tuple[str, ...]
    quality_target: QualityTarget
    audio_context: AudioContext
    at: str


class Asking(ABC):
    """Messages of a session by name; `at` is "now", "next_beat", "next_bar" or "bar N"."""

    connection: str

    @abstractmethod
    async def post(
        self, message: Incoming, records: bytes | None = None
    ) -> asyncio.Future[AckData]:
        """Send a message and keep it until it is answered."""

    @abstractmethod
    async def tell(self, message: Incoming) -> None:
        """Send a message that needs no answer."""

    @abstractmethod
    async def tell_records(self, records: bytes) -> None:
        """Send binary records."""

    @abstractmethod
    def next_number(self) -> int:
        """The next counter of this connection."""

    @property
    @abstractmethod
    def handles(self) -> HandleTable:
        """The parameters that records can name."""

    @property
    @abstractmethod
    def speaks_records(self) -> bool:
        """Whether binary frames may be sent."""

    async def request(self, message: Incoming) -> AckData:
        """Send a message and wait for its answer; raises `Refused` or `Ended`."""
        return await (await self.post(message))

    async def set(
        self,
        path: str,
        value: ParameterValue,
        *,
        gesture: str | None = None,
        at: str | None = None,
    ) -> AckData:
        """Set a parameter ("drums/complexity") or "session/tempo", "session/key" ..."""
        return await (await self.post_change(path, value, gesture=gesture, at=at))

    async def post_change(
        self,
        path: str,
        value: ParameterValue,
        *,
        gesture: str | None = None,
        at: str | None = None,
    ) -> asyncio.Future[AckData]:
        """Set a parameter without waiting for the answer."""
        number = self.next_number()
        data = ParameterData(path=path, value=value, gesture=gesture, at=at)
        message = ParameterChange(message_id=f"{self.connection}:{number}", data=data)
        record = None
        if self.speaks_records and gesture is None and at is None:
            record = self.handles.request_of(path, value, Header(number=number))
        return await self.post(message, None if record is None else encode_parameter(record))

    async def set_many(self, values: Mapping[str, ParameterValue]) -> AckData:
        """Set several parameters in one message; the answer is that of the last."""
        return await self.request(ParameterChange(data=ParameterData(parameters=dict(values))))

    async def generate(
        self,
        engine: str,
        parameters: Mapping[str, ParameterValue] | None = None,
        **wishes: Unpack[Wishes],
    ) -> AckData:
        """Have a part played; its bars come as events."""
        data = GenerationData(engine=engine, parameters=dict(parameters or {}), **wishes)
        return await self.request(GenerationRequest(data=data))

    async def command(
        self, name: str, args: Mapping[str, Any] | None = None, *, at: str | None = None
    ) -> AckData:
        """Any command of the closed list, such as ("transport", {"action": "play"})."""
        raw = msgspec.Raw(msgspec.json.encode(args if args is not None else {}))
        return await self.request(CommandMessage(data=CommandData(name=name, args=raw, at=at)))

    async def undo(self) -> AckData:
        """Take back your latest change."""
        return await self.command("undo")

    async def redo(self) -> AckData:
        """Do again what you took back."""
        return await self.command("redo")

    async def chat(self, text: str) -> AckData:
        """Say something to everyone."""
        return await self.request(ChatMessage(data=ChatData(text=text)))

    async def voice(self, command: str, *, confirm: bool = False) -> AckData:
        """Say in words what shall happen."""
        return await self.request(VoiceCommand(data=VoiceData(command=command, confirm=confirm)))

    async def cursor(
        self, bar: int, beat: float = 0.0, *, pitch: int | None = None, track: str | None = None
    ) -> None:
        """Point at a place in the music."""
        data = CursorData(bar=bar, beat=beat, pitch=pitch, track=track)
        await self.tell(CursorPosition(data=data))

    async def presence(self, status: Literal["active", "idle", "away"]) -> None:
        """Tell the others how present you are."""
        await self.tell(UserPresence(data=PresenceData(status=status)))

    async def start_audio(
        self,
        codec: Literal["pcm_s16le", "pcm_f32le", "opus", "flac"],
        rate: int,
        *,
        channels: int = 1,
        record: bool = True,
        steer: str | None = None,
    ) -> int:
        """Begin to send audio; answers the number of the stream."""
        data = StreamStartData(
            codec=codec, rate=rate, channels=channels, record=record, steer=steer
        )
        return (await self.request(AudioStreamStart(data=data))).stream or 0

    async def audio(
        self, stream: int, codec: str, audio: bytes, *, position: int, number: int
    ) -> None:
        """Send audio from sample frame `position` on, record `number` of its stream."""
        header = Header(number=number, stream=stream)
        record = AudioRecord(header=header, codec=codec, position=position, audio=audio)
        await self.tell_records(encode_audio(record))

    async def end_audio(self, stream: int) -> AckData:
        """Stop sending audio."""
        return await self.request(AudioStreamEnd(data=StreamEndData(stream=stream)))

    async def note(self, note: NoteRecord) -> None:
        """Send a note that you play now to the others (binary clients only)."""
        await self.tell_records(encode_note(note))
