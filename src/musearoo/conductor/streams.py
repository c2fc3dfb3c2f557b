"""Live audio on its way in: numbered streams, recorded into the project and analysed at the end.

A stream is independent of the transport. Its sound is lossy: what does not come, or comes
faster than it can be written, is counted and stands as silence, so that time stays true.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import structlog

from musearoo.conductor.access import Gate
from musearoo.conductor.pcm import HEADER_BYTES, Form, header
from musearoo.conductor.repeats import Keep, Repeats
from musearoo.conductor.sequencer import Sequencer
from musearoo.conductor.sessions import Ack, Desk, Sessions
from musearoo.conductor.steering import Steering
from musearoo.conductor.stream import Ended, Stream
from musearoo.conductor.uploads import Upload, Uploads, Wanted, inspected
from musearoo.conductor.values import fingerprint
from musearoo.conductor.world import World
from musearoo.domain.analysis import FEATURES
from musearoo.domain.errors import (
    InvalidValue,
    MuseArooError,
    NotFound,
    TooManyRequests,
)
from musearoo.domain.events import (
    AudioStreamEnded,
    AudioStreamStarted,
    ContextAdopted,
    Sequenced,
    TempoSet,
    TransportChanged,
)
from musearoo.domain.ids import AnalysisId, AssetId, CommandId, ProjectId, SessionId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Access, Actor, Permission
from musearoo.domain.session.state import SessionState
from musearoo.ports.store import Received, Transaction
from musearoo.ports.voice import Ear

log = structlog.get_logger(__name__)

SILENCE_SECONDS: Final = 10.0
"""A stream that nothing comes from for so long has ended."""
SHORTEST_SECONDS: Final = 0.5
PER_USER: Final = 4
PER_SESSION: Final = 16
_LAST_NUMBER: Final = 65_535
_READ_BYTES: Final = 256 << 10
_MAXIMUM_KEPT: Final = 2_000
_GUIDING: Final = (TempoSet, TransportChanged, ContextAdopted)
_FEWEST_BYTES: Final = 256  # a shorter encoded stream holds no music


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """A stream has begun; `stream` is its number in the session."""

    ack: Ack
    stream: int


class Streams:
    """The streams of this process."""

    def __init__(
        self,
        world: World,
        gate: Gate,
        sessions: Sessions,
        desk: Desk,
        uploads: Uploads,
        repeats: Repeats,
    ) -> None:
        self._world = world
        self._desk = desk
        self._gate = gate
        self._sessions = sessions
        self._uploads = uploads
        self._repeats = repeats
        self._open: dict[tuple[SessionId, int], Stream] = {}
        self._numbers: dict[SessionId, int] = {}
        self._ended: OrderedDict[tuple[SessionId, int], Ended] = OrderedDict()

    async def start(
        self,
        actor: Actor,
        session: SessionId,
        form: Form,
        *,
        record: bool,
        origin: Origin,
        command: CommandId | None = None,
        steer: str | None = None,
    ) -> Started:
        """Begin a stream; needs edit. Raises `PayloadTooLarge` where nothing more is stored.

        `steer` names a part whose intensity and follow go with what is heard, which must be PCM.
        """
        if steer is not None and form.container is not None:
            heard = "pcm_s16le or pcm_f32le: only they are followed while they come"
            raise InvalidValue("codec", form.codec, heard)
        if steer is not None:
            self._check_part(steer)
        if record:
            access, room = await self._uploads.room(actor, ProjectId(session), origin)
        else:
            access, room = await self._access(actor, session, origin), 0
        allowance = self._world.rules.allowances[actor.tier]
        body = fingerprint(("audio_stream", session, form, record, steer))

        async def work(keep: Keep) -> Started:
            stream = self._begin(actor, session, form, access)
            stream.longest = allowance.seconds
            stream.room = allowance.file_bytes
            if form.container is None:
                stream.room = int(allowance.seconds * form.rate) * form.frame_bytes
            if record:
                whole = max(0, room - HEADER_BYTES) // form.frame_bytes
                stream.room = min(stream.room, whole * form.frame_bytes)
                stream.recording = self._world.spawn(self._record(stream), name="stream.record")
            if steer is not None:
                Steering(self._world, self._desk, session, steer).follow(stream, origin)
            return await self._announce(session, stream, command, keep)

        return await self._repeats.once(actor.user, command, body, Started, work)

    def feed(
        self,
        actor: Actor,
        session: SessionId,
        stream: int,
        sound: bytes,
        *,
        position: int | None = None,
        codec: str | None = None,
    ) -> None:
        """Take sound of one's own stream; never waits. Raises `NotFound` for any other."""
        found = self._mine(actor, session, stream)
        if codec is not None and codec != found.form.codec:
            raise InvalidValue("codec", codec, f"{found.form.codec}, as the stream was begun")
        found.feed(sound, position, self._world.clock.monotonic())
        if found.full and found.ending is None:
            found.ending = self._world.spawn(self._finish(session, found), name="stream.full")

    async def end(self, actor: Actor, session: SessionId, stream: int) -> Ended:
        """End one's own stream: it becomes a recording of the project, and is analysed."""
        return await self._end(session, self._mine(actor, session, stream))

    def find(self, session: SessionId, stream: int) -> Stream | None:
        """A stream that is open."""
        return self._open.get((session, stream))

    def of(self, session: SessionId) -> tuple[Stream, ...]:
        """The open streams of a session."""
        return tuple(stream for (place, _), stream in self._open.items() if place == session)

    def own(self, actor: Actor, session: SessionId) -> tuple[Stream, ...]:
        """The open streams of a connection (`actor.client`), the oldest first."""
        who = actor.user, actor.client
        return tuple(
            each for each in self.of(session) if (each.actor.user, each.actor.client) == who
        )

    def outcome(self, session: SessionId, stream: int) -> Ended | None:
        """How a stream of this number ended last, as long as it is remembered."""
        return self._ended.get((session, stream))

    async def leave(self, actor: Actor, session: SessionId) -> None:
        """End the streams of a connection (`actor.client`) that is gone."""
        for stream in self.own(actor, session):
            await self._end_somehow(session, stream)

    async def sweep(self) -> int:
        """End the streams that nothing has come from for 10 s; answers how many."""
        before = self._world.clock.monotonic() - SILENCE_SECONDS
        silent = [item for item in self._open.items() if item[1].heard_at < before]
        for (session, _), stream in silent:
            await self._end_somehow(session, stream)
        return len(silent)

    async def keep_sweeping(self) -> None:
        """Sweep every second, for as long as the server runs."""
        while True:
            await self._world.clock.sleep(1.0)
            await self.sweep()

    async def close(self) -> None:
        """End every stream: the server stops."""
        for (session, _), stream in list(self._open.items()):
            await self._end_somehow(session, stream)

    # --- beginning ------------------------------------------------------------------------

    async def _access(self, actor: Actor, session: SessionId, origin: Origin) -> Access:
        return await self._gate.access(actor, ProjectId(session), Permission.EDIT, origin)

    def _check_part(self, part: str) -> None:
        known = {each.default_part for each in self._world.engines.engines()}
        if part not in known:
            raise InvalidValue("steer", part, "one of " + ", ".join(sorted(known)))

    def _begin(self, actor: Actor, session: SessionId, form: Form, access: Access) -> Stream:
        mine = sum(each.actor.user == actor.user for each in self._open.values())
        if mine >= PER_USER or len(self.of(session)) >= PER_SESSION:
            raise TooManyRequests(
                f"At most {PER_USER} streams a person and {PER_SESSION} a session; end one.",
                retry_after=SILENCE_SECONDS,
            )
        number = self._numbers.get(session, 0) % _LAST_NUMBER + 1
        while (session, number) in self._open:
            number = number % _LAST_NUMBER + 1
        self._numbers[session] = number
        stream = self._open[session, number] = Stream(number, form, actor, access)
        stream.began_at = stream.heard_at = self._world.clock.monotonic()
        return stream

    async def _announce(
        self, session: SessionId, stream: Stream, command: CommandId | None, keep: Keep
    ) -> Started:
        form = stream.form
        event = AudioStreamStarted(
            stream=stream.number, codec=form.codec, rate=form.rate, channels=form.channels
        )
        owner = await self._sessions.open(session)
        stream.ear = await self._ear(form, owner.state)
        if stream.ear is not None:
            guide = partial(self._guide, owner, stream.ear)
            stream.unguide = self._world.bus.subscribe(session, guide)
        sequenced = owner.sequence(event, user=stream.actor.user, cause=command)
        ack = Ack(seq=sequenced.seq, epoch=sequenced.epoch)
        started = Started(ack=ack, stream=stream.number)
        await owner.commit(lambda tx: keep(tx, started))
        return started

    async def _ear(self, form: Form, state: SessionState) -> Ear | None:
        """A follower; people play along with a session that plays, or whose tempo was set."""
        if self._world.ears is None or form.container is not None:
            return None
        near = self._near(state)
        return await self._world.ears(form.codec, form.rate, form.channels, near)

    def _near(self, state: SessionState) -> float | None:
        if not state.transport.playing and state.tempo_map == SessionState().tempo_map:
            return None
        return state.tempo_map.bpm_at(state.tick_at(self._world.clock.now()))

    def _guide(self, owner: Sequencer, ear: Ear, events: Sequence[Sequenced]) -> None:
        """Tell a follower when the session's tempo is another."""
        if any(isinstance(each.event, _GUIDING) for each in events):
            ear.expect(self._near(owner.state))

    def _mine(self, actor: Actor, session: SessionId, number: int) -> Stream:
        stream = self._open.get((session, number))
        if stream is None or (stream.actor.user, stream.actor.client) != (actor.user, actor.client):
            raise NotFound("audio stream")
        return stream

    # --- recording ------------------------------------------------------------------------

    async def _record(self, stream: Stream) -> Received | None:
        """Write the sound as it comes; None if that is impossible, and it goes on unrecorded."""
        sound = stream.sound()
        if stream.form.container is not None:
            sound = inspected(sound, stream.longest)
        try:
            return await self._world.blobs.receive(sound, maximum=stream.room)
        except MuseArooError:
            return None  # the disk is full, or this is not the music it was said to be

    async def _end(self, session: SessionId, stream: Stream) -> Ended:
        if stream.ending is None:
            stream.ending = self._world.spawn(self._finish(session, stream), name="stream.end")
        return await asyncio.shield(stream.ending)

    async def _end_somehow(self, session: SessionId, stream: Stream) -> None:
        """End a stream that nobody waits for: one that fails keeps no other open."""
        try:
            await self._end(session, stream)
        except MuseArooError as failure:  # its project may be gone
            log.warning("stream.not_ended", session=session, error=repr(failure))

    async def _finish(self, session: SessionId, stream: Stream) -> Ended:
        stream.close()
        stream.unguide()
        try:
            asset, analysis = await self._stored(stream)
        except MuseArooError:
            asset, analysis = None, None  # the room for it was used up meanwhile
        finally:
            self._open.pop((session, stream.number), None)
        owner = await self._sessions.open(session)
        event = AudioStreamEnded(stream=stream.number, asset_id=asset, analysis_id=analysis)
        sequenced = owner.sequence(event, user=stream.actor.user, cause=None)
        await owner.commit(_nothing_else)
        tally, form = stream.tally, stream.form
        ended = Ended(
            ack=Ack(seq=sequenced.seq, epoch=sequenced.epoch),
            stream=stream.number,
            seconds=tally.frames / form.rate if form.container is None else None,
            missing=tally.missing,
            late=tally.late,
            dropped=tally.dropped,
            asset_id=asset,
            analysis_id=analysis,
        )
        self._remember(session, ended)
        return ended

    def _remember(self, session: SessionId, ended: Ended) -> None:
        self._ended[session, ended.stream] = ended
        self._ended.move_to_end((session, ended.stream))
        while len(self._ended) > _MAXIMUM_KEPT:
            self._ended.popitem(last=False)

    async def _stored(self, stream: Stream) -> tuple[AssetId | None, AnalysisId | None]:
        written = await stream.recording if stream.recording is not None else None
        if written is None:
            return None, None
        upload = await self._kept(stream.form, written, f"Stream {stream.number}")
        if upload is None:
            return None, None
        wanted = Wanted("comprehensive", FEATURES)
        record = await self._uploads.analyze(stream.access, upload, wanted, command=None)
        return record.asset, record.id

    async def _kept(self, form: Form, written: Received, name: str) -> Upload | None:
        """The recording as a file of its own kind; None if it is too short to be one."""
        try:
            if form.container is not None:
                if written.size < _FEWEST_BYTES:
                    return None
                await self._world.blobs.adopt(written.path, written.key)
                kind = form.container
                return Upload(f"{name}.{kind}", f"audio/{kind}", written.key, written.size)
            if written.size < SHORTEST_SECONDS * form.rate * form.frame_bytes:
                return None
            chunks = _wav(form, written.path, written.size)
            whole = await self._world.blobs.receive(chunks, maximum=written.size + HEADER_BYTES)
            await self._world.blobs.adopt(whole.path, whole.key)
            return Upload(f"{name}.wav", "audio/wav", whole.key, whole.size)
        finally:
            await asyncio.to_thread(Path(written.path).unlink, missing_ok=True)


def _nothing_else(_tx: Transaction) -> None:
    pass


async def _wav(form: Form, path: str, size: int) -> AsyncIterator[bytes]:
    """The recording as a WAV file: the header needs the length, so it is written last."""
    yield header(form, size)
    file = await asyncio.to_thread(Path(path).open, "rb")
    try:
        while chunk := await asyncio.to_thread(file.read, _READ_BYTES):
            yield chunk
    finally:
        await asyncio.to_thread(file.close)
