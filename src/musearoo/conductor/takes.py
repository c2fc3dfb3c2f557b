"""Takes of a part: select, commit, lock, edit. A take never changes; an edit makes another."""

from collections import OrderedDict

from msgspec.structs import replace

from musearoo.conductor.access import is_hidden, visible_in
from musearoo.conductor.drafts import bars_of
from musearoo.conductor.parameters import settle
from musearoo.conductor.plans import in_order
from musearoo.conductor.sessions import Ack, Deed, Desk
from musearoo.conductor.values import unpack
from musearoo.conductor.world import World
from musearoo.domain.commands import CommitTake, EditNotes, Lock, SelectTake, Unlock
from musearoo.domain.context import EngineContext
from musearoo.domain.engine import MAXIMUM_BARS, Operation
from musearoo.domain.errors import Conflict, InvalidValue, NotFound
from musearoo.domain.events import (
    Event,
    Landing,
    LocksSet,
    NotesEdited,
    TakeCommitted,
    TakeSelected,
)
from musearoo.domain.ids import ProjectId, SessionId, TakeId
from musearoo.domain.music.note import Note, checked
from musearoo.domain.permissions import Access, Actor
from musearoo.domain.records import Take
from musearoo.domain.session.landing import land
from musearoo.domain.session.state import PartState, SessionState
from musearoo.ports.store import Transaction

MAXIMUM_NOTES = 20_000
MAXIMUM_VOICE = 40
KEPT_TAKES = 256


class Takes:
    """Carries out commands on takes, and reads them."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        self._known: OrderedDict[TakeId, Take] = OrderedDict()
        desk.take_on(SelectTake, self.select)
        desk.take_on(CommitTake, self.commit)
        desk.take_on(Lock, self.lock)
        desk.take_on(Unlock, self.unlock)
        desk.take_on(EditNotes, self.edit)

    async def take(self, take_id: TakeId, session: SessionId) -> Take:
        """A take of this session; raises `NotFound`. Takes never change, so they are kept."""
        take = self._known.get(take_id) or await self._read(take_id)
        if take is None or take.project != ProjectId(session):
            raise NotFound("take")
        self.remember(take)
        return take

    def remember(self, take: Take) -> None:
        """Keep a take in memory, since whoever plays next will ask for it."""
        self._known[take.id] = take
        self._known.move_to_end(take.id)
        if len(self._known) > KEPT_TAKES:
            self._known.popitem(last=False)

    def forget(self, take_id: TakeId) -> None:
        """A remembered take was not stored after all."""
        self._known.pop(take_id, None)

    async def _read(self, take_id: TakeId) -> Take | None:
        take = await self._world.store.read(lambda tx: tx.work.take(take_id))
        if take is not None:
            return take
        # Selected a moment ago, and on its way to the disk: writes keep their order.
        return await self._world.store.write(lambda tx: tx.work.take(take_id))

    async def visible(self, take_id: TakeId, actor: Actor) -> Take:
        """A take that the actor may see; a stranger's looks missing."""
        return await self._world.store.read(
            lambda tx: visible_in(tx, actor, tx.work.take(take_id), "take")
        )

    async def list_for(
        self, access: Access, *, part: str | None, limit: int, offset: int
    ) -> tuple[list[Take], int]:
        """Takes of a project or of one part, newest first, and how many there are."""
        return await self._world.store.read(
            lambda tx: tx.work.takes(access, part=part, limit=limit, offset=offset)
        )

    async def selected(self, state: SessionState, session: SessionId) -> dict[str, Take]:
        """The take that each part plays."""
        return {
            name: await self.take(part.selected, session)
            for name, part in state.parts.items()
            if part.selected is not None
        }

    async def heard(self, state: SessionState, session: SessionId) -> dict[str, tuple[Note, ...]]:
        """The notes that sound in each part: those of a running clip before the selected take's."""
        return {
            name: (await self.take(part.heard, session)).notes
            for name, part in state.parts.items()
            if part.heard is not None
        }

    async def select(self, deed: Deed, act: SelectTake) -> Ack:
        """Switch a part to another of its takes, or back to the one it played before."""
        wanted = act.take_id or _part(deed.session.state, act.part).before
        if wanted is None:
            raise Conflict(f'The part "{act.part}" has played no other take; name one.')
        take = await self._of_part(deed, act.part, wanted)
        landing = land(deed.session.state, deed.at, self._world.clock.now())
        event = TakeSelected(
            part=act.part, engine=take.recipe.engine, take_id=take.id, lands_at=landing
        )
        return await self._settle(deed, take, (event,), landing)

    async def commit(self, deed: Deed, act: CommitTake) -> Ack:
        """Make a take the one that the part keeps; a part that plays nothing plays it then."""
        take = await self._of_part(deed, act.part, act.take_id)
        committed = TakeCommitted(part=act.part, take_id=take.id)
        if not take.draft or act.part in deed.session.state.parts:
            return await self._settle(deed, take, (committed,), None)
        selected = TakeSelected(part=act.part, engine=take.recipe.engine, take_id=take.id)
        return await self._settle(deed, take, (selected, committed), None)

    async def _settle(
        self, deed: Deed, take: Take, events: tuple[Event, ...], landing: Landing | None
    ) -> Ack:
        """Sequence what becomes of a take; a draft is heard by everyone first."""
        if not take.draft:
            return await settle(deed, events[-1], landing=landing)
        bar_ticks = unpack(take.context, EngineContext).meter.bar_ticks
        user, cause = deed.command.actor.user, deed.command.id
        for event in (*bars_of(take, bar_ticks), *events):
            deed.session.sequence(event, user=user, cause=cause)
        ack = Ack(seq=deed.session.seq, epoch=deed.session.epoch, lands_at=landing, take_id=take.id)

        def record(tx: Transaction) -> None:
            tx.work.publish_take(take.id)
            deed.keep(tx, ack)

        self.remember(replace(take, draft=False))
        try:
            await deed.session.commit(record)
        except BaseException:
            self.remember(take)
            raise
        return ack

    async def lock(self, deed: Deed, act: Lock) -> Ack:
        """Add locks; without bars or voices, every bar of the selected take."""
        part = _part(deed.session.state, act.part)
        _check_locks(act.bars, act.voices)
        bars = act.bars
        if not bars and not act.voices:
            bars = tuple(range(1, (await self._selected(deed, act.part)).bars + 1))
        event = LocksSet(
            part=act.part,
            bars=tuple(sorted({*part.locked_bars, *bars})),
            voices=tuple(sorted({*part.locked_voices, *act.voices})),
        )
        return await settle(deed, event)

    async def unlock(self, deed: Deed, act: Unlock) -> Ack:
        """Take locks away; without bars or voices, all of them."""
        part = _part(deed.session.state, act.part)
        _check_locks(act.bars, act.voices)
        everything = not act.bars and not act.voices
        event = LocksSet(
            part=act.part,
            bars=() if everything else tuple(b for b in part.locked_bars if b not in act.bars),
            voices=()
            if everything
            else tuple(v for v in part.locked_voices if v not in act.voices),
        )
        return await settle(deed, event)

    async def edit(self, deed: Deed, act: EditNotes) -> Ack:
        """Put and remove notes of the selected take: the result is a new take, selected."""
        base = await self._selected(deed, act.part)
        if act.take_id is not None and act.take_id != base.id:
            raise Conflict(
                "The part plays another take by now; edit that one, or select yours first."
            )
        take = self._edited(deed, act, base)
        event = NotesEdited(
            part=act.part, take_id=take.id, parent_take=base.id, put=act.put, removed=act.remove
        )
        command = deed.command
        sequenced = deed.session.sequence(event, user=command.actor.user, cause=command.id)
        ack = Ack(seq=sequenced.seq, epoch=sequenced.epoch, take_id=take.id)

        def record(tx: Transaction) -> None:
            tx.work.insert_take(take)
            deed.keep(tx, ack)

        await deed.session.commit(record)
        self.remember(take)
        return ack

    def _edited(self, deed: Deed, act: EditNotes, base: Take) -> Take:
        ids = {note.id for note in base.notes}
        missing = [note_id for note_id in act.remove if note_id not in ids]
        if missing:
            raise InvalidValue("remove", missing[0], "the id of a note of this take")
        put = {note.id or self._world.ids.new(): checked_edit(note) for note in act.put}
        gone = {*act.remove, *put}
        notes = [note for note in base.notes if note.id not in gone]
        notes += [replace(note, id=note_id) for note_id, note in put.items()]
        if len(notes) > MAXIMUM_NOTES:
            raise InvalidValue("notes", len(notes), f"at most {MAXIMUM_NOTES} in a take")
        placed = tuple(replace(note, id=note_id) for note_id, note in put.items())
        operation = Operation(kind="edit", removed=act.remove, put=placed)
        return replace(
            base,
            id=TakeId(self._world.ids.new()),
            parent=base.id,
            user=deed.command.actor.user,
            generation=None,
            created_at=self._world.clock.now(),
            notes=in_order(notes),
            recipe=replace(base.recipe, operations=(*base.recipe.operations, operation)),
        )

    async def _selected(self, deed: Deed, name: str) -> Take:
        part = _part(deed.session.state, name)
        if part.selected is None:
            raise Conflict(f'The part "{name}" has no take yet; generate one first.')
        return await self.take(part.selected, deed.command.session)

    async def _of_part(self, deed: Deed, part: str, take_id: TakeId) -> Take:
        take = await self.take(take_id, deed.command.session)
        if is_hidden(take, deed.command.actor.user):
            raise NotFound("take")
        if take.part != part:
            raise InvalidValue("take_id", take_id, f'a take of the part "{part}"')
        return take


def checked_edit(note: Note) -> Note:
    """A note that a person may put: in range, with a short voice name."""
    if len(note.voice) > MAXIMUM_VOICE or len(note.id) > MAXIMUM_VOICE:
        raise InvalidValue("note.voice", note.voice, f"at most {MAXIMUM_VOICE} characters")
    if note.end > MAXIMUM_BARS * 32 * 3840:
        raise InvalidValue("note.start", note.start, "inside the music")
    return checked(note)


def _part(state: SessionState, name: str) -> PartState:
    part = state.parts.get(name)
    if part is None:
        known = ", ".join(state.parts) or "none yet; generate one first"
        raise InvalidValue("part", name, f"one of the project's parts ({known})")
    return part


def _check_locks(bars: tuple[int, ...], voices: tuple[str, ...]) -> None:
    for bar in bars:
        if not 1 <= bar <= MAXIMUM_BARS:
            raise InvalidValue("bars", bar, f"1 to {MAXIMUM_BARS}")
    for voice in voices:
        if not 1 <= len(voice) <= MAXIMUM_VOICE:
            raise InvalidValue("voices", voice, f"1 to {MAXIMUM_VOICE} characters")
