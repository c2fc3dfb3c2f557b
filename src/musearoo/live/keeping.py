"""Takes in Live: each committed take has a clip on the track of its part, found by its name.

A part's track is the one that the settings name, else the MIDI track called like the part, else
a new one. While a take is being played an empty clip is put into the next free slot, so that a
commit has only the notes to write. A clip that was renamed by hand is no longer ours.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec
import structlog

from musearoo.domain.errors import Conflict, MuseArooError, Unavailable
from musearoo.domain.events import ClipLaunched, Landing
from musearoo.domain.ids import ProjectId, TakeId
from musearoo.domain.music.ticks import quarters
from musearoo.domain.permissions import Permission
from musearoo.domain.records import Take
from musearoo.live.clips import clip_name, clip_of, find, read_name, spare_name, tail_of
from musearoo.live.link import LiveLink, Mirror, Place, SlotPlays, Written
from musearoo.live.room import Room
from musearoo.ports.ambient import Clock

log = structlog.get_logger(__name__)

TRIES: Final = 3
SEEN_SECONDS: Final = 3.0
AGAIN_SECONDS: Final = 10.0
KNOWN_TAKES: Final = 500


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A take that is not in Live, and why; `at` is UNIX seconds."""

    part: str
    take_id: TakeId
    detail: str
    at: float


class Keeper:
    """Keeps the clips of one room in one Live. `tracks` maps parts to names of tracks."""

    def __init__(self, link: LiveLink, room: Room, clock: Clock, tracks: Mapping[str, str]) -> None:
        self.failure: Failure | None = None
        self.latest: Written | None = None
        self._link = link
        self._room = room
        self._clock = clock
        self._tracks = tracks
        self._turns: dict[str, asyncio.Lock] = {}
        self._owed: dict[TakeId, str] = {}  # takes that are not written yet, and their parts
        self._known: dict[tuple[str, str], TakeId] = {}

    # --- what happened in the session -------------------------------------------------------

    async def prepare(self, part: str, bars: int) -> None:
        """Put an empty clip where the next take of a part will go, if the part has a track."""
        async with self._turn(part):
            mirror = self._link.mirror
            track = self._find_track(mirror, part)
            if mirror.presence != "here" or track is None:
                return
            if spare_name(part) in mirror.tracks[track].clips:
                return
            slot = _free_slot(mirror, track)
            if slot is None:
                return
            length = quarters(bars * self._room.state.meter.bar_ticks)
            try:
                await self._link.prepare_clip(Place(track, slot), spare_name(part), length)
            except MuseArooError as failure:
                log.info("live.not_prepared", part=part, detail=failure.detail)
            else:
                await self._seen(spare_name(part))  # whoever commits next finds it

    async def commit(self, part: str, take_id: TakeId) -> None:
        """Write a take as a clip; what cannot be written now is owed until Live is there."""
        self._owed[take_id] = part
        async with self._turn(part):
            if take_id in self._owed:
                await self._write(part, take_id)

    async def launch(self, part: str, take_id: TakeId, landing: Landing | None) -> None:
        """Launch a take's clip, so that Live's quantisation lands it where the session says."""
        await self._until_bar_before(landing)
        async with self._turn(part):
            await self._fire(part, take_id)

    async def _fire(self, part: str, take_id: TakeId) -> None:
        name = clip_name(part, take_id)
        if find(self._link.mirror, name) is None:
            await self._write(part, take_id)
        for left in reversed(range(TRIES)):
            place = await self._seen(name)
            if place is None or self._link.mirror.tracks[place.track].playing == place.slot:
                return
            try:
                await self._link.fire(place)
            except Conflict:
                if not left:
                    raise
                await self._clock.sleep(SEEN_SECONDS / TRIES)
            else:
                return

    async def settle_debts(self) -> None:
        """Write what was committed while Live was away, or did not confirm."""
        for take_id, part in tuple(self._owed.items()):
            await self.commit(part, take_id)

    async def keep_settling(self) -> None:
        """Try again every few seconds what Live did not confirm; never ends."""
        while True:
            await self._clock.sleep(AGAIN_SECONDS)
            if self._owed and self._link.mirror.presence == "here":
                await self.settle_debts()

    # --- what happens in Live ----------------------------------------------------------------

    async def played(self, report: SlotPlays) -> None:
        """A track plays another clip: one of ours is usage, and others hear it."""
        tracks = self._link.mirror.tracks
        clips = tracks[report.track].clips if report.track < len(tracks) else ()
        name = clips[report.slot] if 0 <= report.slot < len(clips) else None
        found = await self._take_called(name)
        await self._stopped_on(report.track, report.slot, but=found[0] if found else None)
        if found is None:
            return
        part, take_id = found
        if self._room.state.parts[part].launched != take_id:
            await self._room.tell(ClipLaunched(part=part, take_id=take_id, source="live"))

    async def look(self) -> None:
        """Compare everything: after Live came, or its clips changed."""
        mirror = self._link.mirror
        for part, state in tuple(self._room.state.parts.items()):
            if state.launched is None:
                continue
            place = find(mirror, clip_name(part, state.launched))
            if place is None or mirror.presence == "gone":
                await self._room.tell(ClipLaunched(part=part, take_id=None, source="live"))

    async def arrived(self) -> None:
        """Live is there, or its clips are others: what runs in it is known."""
        await self.look()
        for track, each in enumerate(self._link.mirror.tracks):
            if each.playing >= 0:
                await self.played(SlotPlays(track, each.playing))

    async def leave(self) -> None:
        """Live goes with this session no more: what runs in it is not heard here."""
        for part, state in tuple(self._room.state.parts.items()):
            if state.launched is not None:
                await self._room.tell(ClipLaunched(part=part, take_id=None, source="live"))

    async def _stopped_on(self, track: int, slot: int, *, but: str | None) -> None:
        """Of our clips that ran on this track, only that in the slot still does."""
        mirror = self._link.mirror
        for part, state in tuple(self._room.state.parts.items()):
            place = find(mirror, clip_name(part, state.launched)) if state.launched else None
            elsewhere = place is not None and place.track == track and place.slot != slot
            if elsewhere and part != but:
                await self._room.tell(ClipLaunched(part=part, take_id=None, source="live"))

    # --- writing ------------------------------------------------------------------------------

    async def _write(self, part: str, take_id: TakeId) -> None:
        """Write a take, in a few tries: tracks may move while it is done."""
        take = await self._room.conductor.takes.take(take_id, self._room.session)
        for left in reversed(range(TRIES)):
            try:
                self.latest = await self._put(take)
            except Unavailable as failure:
                self._failed(take, failure)
                return
            except Conflict as failure:
                if not left:
                    self._failed(take, failure)
                    self._owed.pop(take_id, None)
                    return
                await self._clock.sleep(SEEN_SECONDS / TRIES)
            else:
                break
        if self.failure is not None and self.failure.part == part:
            self.failure = None
        self._owed.pop(take_id, None)
        self._known[part, tail_of(take_id)] = take_id
        log.info("live.written", part=part, notes=self.latest.notes if self.latest else 0)
        await self._seen(clip_name(part, take_id))  # whoever launches it next finds it

    async def _put(self, take: Take) -> Written:
        state, mirror = self._room.state, self._link.mirror
        if mirror.presence == "gone":
            raise Unavailable("Ableton Live is not there; the clip is written when it comes.")
        clip = clip_of(take, state.tempo_map.mean_bpm(max(1, take.bars * state.meter.bar_ticks)))
        place = find(mirror, clip.name)
        if place is not None:
            return await self._link.write_clip(place, clip, over=clip.name)
        spare = spare_name(take.part)
        track = self._find_track(mirror, take.part)
        if track is None:
            track = await self._link.create_midi_track(self._track_name(take.part))
            slot: int | None = 0
        elif spare in mirror.tracks[track].clips:
            place = Place(track, mirror.tracks[track].clips.index(spare))
            return await self._link.write_clip(place, clip, over=spare)
        else:
            slot = _free_slot(mirror, track)
        if slot is None:
            slot = await self._link.create_scene()
        place = Place(track, slot)
        await self._link.prepare_clip(place, spare, clip.length)
        return await self._link.write_clip(place, clip, over=spare)

    def _failed(self, take: Take, failure: MuseArooError) -> None:
        self.failure = Failure(
            part=take.part, take_id=take.id, detail=failure.detail, at=self._room.now
        )
        log.warning("live.not_written", part=take.part, detail=failure.detail)

    async def _seen(self, name: str) -> Place | None:
        """Where a clip is, once Live has told of it."""
        until = self._clock.monotonic() + SEEN_SECONDS
        while (place := find(self._link.mirror, name)) is None:
            if self._clock.monotonic() > until:
                return None
            await self._clock.sleep(0.05)
        return place

    async def _until_bar_before(self, landing: Landing | None) -> None:
        """Wait until half a bar before the landing: Live launches at its next bar."""
        if landing is None or landing.server_time is None:
            return
        state = self._room.state
        bar = state.tempo_map.seconds_at(state.meter.bar_ticks) - state.tempo_map.seconds_at(0)
        wait = landing.server_time - bar - self._room.now
        if wait > 0:
            await self._clock.sleep(wait + bar / 2)

    # --- names --------------------------------------------------------------------------------

    def _track_name(self, part: str) -> str:
        return self._tracks.get(part, part)

    def _find_track(self, mirror: Mirror, part: str) -> int | None:
        wanted = self._track_name(part).casefold()
        for number, track in enumerate(mirror.tracks):
            if track.midi and track.name.casefold() == wanted:
                return number
        return None

    async def _take_called(self, name: str | None) -> tuple[str, TakeId] | None:
        """The part and take of a clip's name, if the take is one of this project's."""
        read = read_name(name)
        if read is None or read[0] not in self._room.state.parts:
            return None
        if read not in self._known:
            await self._learn(read[0])
        take_id = self._known.get(read)
        return (read[0], take_id) if take_id is not None else None

    async def _learn(self, part: str) -> None:
        conductor, actor = self._room.conductor, self._room.actor
        project = ProjectId(self._room.session)
        access = await conductor.gate.access(actor, project, Permission.VIEW, self._room.origin)
        takes, _ = await conductor.takes.list_for(access, part=part, limit=KNOWN_TAKES, offset=0)
        self._known.update({(part, tail_of(take.id)): take.id for take in takes})

    def _turn(self, part: str) -> asyncio.Lock:
        return self._turns.setdefault(part, asyncio.Lock())


def _free_slot(mirror: Mirror, track: int) -> int | None:
    """The first empty slot below the last clip of a track, else any; None when it is full."""
    clips = mirror.tracks[track].clips
    filled = [slot for slot, name in enumerate(clips) if name is not None]
    after = filled[-1] + 1 if filled else 0
    empty = [slot for slot, name in enumerate(clips) if name is None]
    return next((slot for slot in empty if slot >= after), empty[0] if empty else None)
