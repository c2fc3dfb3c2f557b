"""Live sound of one connection: its streams, the notes it plays, and how both reach the others."""

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from musearoo.codecs.ws import (
    AudioRecord,
    AudioStreamData,
    AudioStreamEnd,
    AudioStreamStart,
    Header,
    NoteRecord,
    encode_audio,
    encode_note,
)
from musearoo.codecs.ws.outgoing import AckData, RecordingShown
from musearoo.conductor.pcm import Form
from musearoo.conductor.stream import Ended, Stream
from musearoo.domain.errors import (
    Forbidden,
    MuseArooError,
    NotFound,
    PayloadTooLarge,
    TooManyRequests,
    Unauthenticated,
)
from musearoo.domain.ids import CommandId
from musearoo.domain.permissions import Actor, Permission
from musearoo.protocols.ws.notes import carry
from musearoo.protocols.ws.pacing import Bucket

if TYPE_CHECKING:
    from musearoo.conductor.room_entrance import Guest
    from musearoo.protocols.ws.connection import Connection

BYTES_PER_SECOND: Final = 512 << 10
"""Of all streams of a connection: 48 kHz stereo floats take 384,000."""
RECORDS_PER_SECOND: Final = 250.0
SPOKEN_BYTES: Final = 2 << 20
SPOKEN_SECONDS: Final = 30.0
"""A recorded command of which nothing more came for so long is forgotten."""
TELL_SECONDS: Final = 1.0
"""The same refusal of a stream's records is told once in that time."""
_SPOKEN: Final = 0  # the stream number of recorded commands
_MOST_TOLD: Final = 64


class Sound:
    """What a connection plays. Records are taken at once and never wait."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        now = connection.door.clock.monotonic()
        self._bytes = Bucket(BYTES_PER_SECOND, 2 * BYTES_PER_SECOND, now)
        self._records = Bucket(RECORDS_PER_SECOND, 2 * round(RECORDS_PER_SECOND), now)
        self._told: dict[tuple[int, str], float] = {}
        self._counted: dict[int, int] = {}
        self.listening = False  # a recorded command is being recognised
        self._spoken = bytearray()
        self._spoken_at = now

    # Records

    def take(self, record: AudioRecord | NoteRecord) -> None:
        """Take a record of the client; a refusal is told, but not for every record."""
        try:
            if isinstance(record, NoteRecord):
                self._note(record)
            else:
                self._audio(record)
        except MuseArooError as refusal:
            self._tell(refusal, record.header)

    def _note(self, record: NoteRecord) -> None:
        self._check_right()
        late = self._records.take(1.0, self._connection.door.clock.monotonic())
        if late:
            raise TooManyRequests("Notes come too fast.", retry_after=late)
        self._relay(encode_note(replace(record, header=self._header(record.header))))
        carry(self._connection, record)

    def _audio(self, record: AudioRecord) -> None:
        self._pace(len(record.audio))
        stream = record.header.stream
        if stream == _SPOKEN:
            self.collect(record.audio)
            return
        self._feed(stream, record.audio, record.position, record.codec)
        self._relay(encode_audio(replace(record, header=self._header(record.header))))

    def _header(self, header: Header) -> Header:
        """The client's own numbers under the server's name and time."""
        connection = self._connection
        time_us = round(connection.door.clock.now() * 1_000_000)
        return Header(header.number, connection.present.sender, header.stream, time_us)

    def _relay(self, record: bytes) -> None:
        if self._connection.room is not None:
            self._connection.room.relay(record, but=self._connection)

    def _tell(self, refusal: MuseArooError, header: Header) -> None:
        now, key = self._connection.door.clock.monotonic(), (header.stream, str(refusal.code))
        if now - self._told.get(key, -TELL_SECONDS) < TELL_SECONDS:
            return
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        self._told[key] = now
        self._connection.refuse(refusal, str(header.number))

    # Streams

    async def start(self, message: AudioStreamStart) -> AckData:
        """Begin a stream; its number is in the answer."""
        data, guest = message.data, self._guest
        started = await self._connection.door.conductor.streams.start(
            self.actor,
            guest.session,
            Form(data.codec, data.rate, data.channels),
            record=data.record,
            steer=data.steer,
            origin=self._connection.origin,
            command=CommandId(message.message_id) if message.message_id is not None else None,
        )
        self._counted.pop(started.stream, None)
        return AckData(seq=started.ack.seq, epoch=started.ack.epoch, stream=started.stream)

    def data(self, message: AudioStreamData) -> AckData:
        """Sound in base64: taken and relayed like a record."""
        data = message.data
        self._pace(len(data.audio_data))
        stream = self._stream(data.stream)
        position = stream.position if data.position is None else data.position
        self._feed(stream.number, data.audio_data, data.position, None)
        number = self._counted.get(stream.number, 0)
        self._counted[stream.number] = number + 1
        header = self._header(Header(number=number, stream=stream.number))
        codec, audio = stream.form.codec, data.audio_data
        record = AudioRecord(header=header, codec=codec, position=position, audio=audio)
        self._relay(encode_audio(record))
        return self._standing()

    async def end(self, message: AudioStreamEnd) -> AckData:
        """End a stream; the answer tells what became of it."""
        stream = self._stream(message.data.stream)
        self._counted.pop(stream.number, None)
        conductor = self._connection.door.conductor
        ended = await conductor.streams.end(self.actor, self._guest.session, stream.number)
        url = conductor.assets.link(ended.asset_id) if ended.asset_id is not None else None
        return AckData(seq=ended.ack.seq, epoch=ended.ack.epoch, recording=shown(ended, url))

    async def leave(self) -> None:
        """End all streams: this connection does not come back."""
        await self._connection.door.conductor.streams.leave(self.actor, self._guest.session)

    def _feed(self, stream: int, audio: bytes, position: int | None, codec: str | None) -> None:
        streams, session = self._connection.door.conductor.streams, self._guest.session
        self._check_right()
        streams.feed(self.actor, session, stream, audio, position=position, codec=codec)

    def _stream(self, number: int | None) -> Stream:
        """One of this connection's own streams; without a number the one begun last."""
        streams = self._connection.door.conductor.streams
        own = streams.own(self.actor, self._guest.session)
        found = [each for each in own if number is None or each.number == number]
        if not found:
            raise NotFound("audio stream")
        return found[-1]

    # Recorded commands

    def collect(self, audio: bytes) -> None:
        """Keep a piece of a recorded command until its message comes."""
        now = self._connection.door.clock.monotonic()
        if now - self._spoken_at > SPOKEN_SECONDS:
            self._spoken.clear()
        self._spoken_at = now
        if len(self._spoken) + len(audio) > SPOKEN_BYTES:
            self._spoken.clear()
            raise PayloadTooLarge(f"A recorded command may have {SPOKEN_BYTES} bytes; begin anew.")
        self._spoken += audio

    def collected(self) -> bytes:
        """The recorded command, which is then forgotten."""
        audio = bytes(self._spoken)
        self._spoken.clear()
        return audio

    # Who, how much

    @property
    def actor(self) -> Actor:
        """Who plays: the person on this connection."""
        return replace(self._guest.actor, client=self._connection.name)

    @property
    def _guest(self) -> "Guest":
        if self._connection.guest is None:
            raise Unauthenticated("Send session_join first.")
        return self._connection.guest

    def _check_right(self) -> None:
        if Permission.EDIT not in self._guest.permissions:
            raise Forbidden("You may listen in this project, not play.")

    def _pace(self, size: int) -> None:
        now = self._connection.door.clock.monotonic()
        late = self._records.take(1.0, now) or self._bytes.take(size, now)
        if late:
            limit = f"Audio comes too fast: at most {BYTES_PER_SECOND} bytes a second."
            raise TooManyRequests(limit, retry_after=late)

    def _standing(self) -> AckData:
        room = self._connection.room
        return AckData(seq=room.seq if room else 0, epoch=room.epoch if room else "")


def shown(ended: Ended, url: str | None) -> RecordingShown:
    """How a stream ended, as its connection is told."""
    return RecordingShown(
        stream=ended.stream,
        seconds=ended.seconds,
        missing=ended.missing,
        late=ended.late,
        dropped=ended.dropped,
        asset_id=ended.asset_id,
        analysis_id=ended.analysis_id,
        url=url,
    )
