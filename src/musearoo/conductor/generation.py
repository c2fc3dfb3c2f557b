"""Commands that make takes: generate, regenerate, cancel."""

from typing import Final

import msgspec

from musearoo.conductor.access import Gate, is_hidden, visible_in
from musearoo.conductor.admission import Admission, Admitted, Deferred
from musearoo.conductor.hearing import Hearing
from musearoo.conductor.performance import Performance
from musearoo.conductor.plans import Plan, Stamp, plan_generation, plan_regeneration
from musearoo.conductor.played import accepted_event
from musearoo.conductor.sessions import Ack, Deed, Desk
from musearoo.conductor.stages import Marks
from musearoo.conductor.takes import Takes
from musearoo.conductor.underway import generation_job
from musearoo.conductor.values import pack, unpack
from musearoo.conductor.world import World
from musearoo.domain.commands import CancelGeneration, Generate, Regenerate
from musearoo.domain.errors import Conflict, InvalidValue, NotFound, ReducedCapacity
from musearoo.domain.events import Landing
from musearoo.domain.ids import GenerationId, TakeId
from musearoo.domain.permissions import Actor
from musearoo.domain.records import GenerationRecord, QualityTarget
from musearoo.domain.session.landing import land
from musearoo.domain.session.state import PartState
from musearoo.ports.security import Window
from musearoo.ports.store import Transaction

MAXIMUM_PART: Final = 40


class Request(msgspec.Struct, frozen=True):
    """A planned generation on its way in: what will be played, how, and whether it must wait."""

    plan: Plan
    record: GenerationRecord
    landing: Landing | None
    begin_within: float | None

    @property
    def queued(self) -> bool:
        """Whether it waits as a durable job instead of being played at once."""
        return self.begin_within is None


class Generation:
    """Lets generations in: quota, then deadline admission, then the record, then the music."""

    def __init__(
        self,
        world: World,
        desk: Desk,
        gate: Gate,
        takes: Takes,
        hearing: Hearing,
        performance: Performance,
        admission: Admission,
    ) -> None:
        self._world = world
        self._gate = gate
        self._takes = takes
        self._hearing = hearing
        self._performance = performance
        self._admission = admission
        desk.take_on(Generate, self.generate)
        desk.take_on(Regenerate, self.regenerate)
        desk.take_on(CancelGeneration, self.cancel)

    async def generate(self, deed: Deed, act: Generate) -> Ack:
        """Play a new take of a part; the answer comes when the request is durable."""
        marks = self._marks()
        description = self._world.engines.describe(act.engine)
        part = checked_part(act.part or description.default_part)
        state = deed.session.state
        if act.quality_target == "fast":
            self._refuse_if_late(self._decision(deed, act.engine, act.bars or state.bars))
        selected = await self._takes.selected(state, deed.command.session)
        plan = plan_generation(
            act,
            description,
            await self._hearing.music(deed, act, state),
            state,
            parts=await self._takes.heard(state, deed.command.session),
            selected=selected.get(part),
            stamp=self._stamp(deed, act.seed),
        )
        return await self._accept(deed, plan, act.quality_target, marks)

    async def regenerate(self, deed: Deed, act: Regenerate) -> Ack:
        """Play bars or voices of the selected take again; the rest stays bit-identical."""
        marks = self._marks()
        locks = deed.session.state.parts.get(act.part, PartState(""))
        if locks.selected is None:
            raise Conflict(f'The part "{act.part}" has no take to play again; generate one first.')
        base = await self._takes.take(locks.selected, deed.command.session)
        description = self._world.engines.describe(base.recipe.engine)
        stamp = self._stamp(deed, act.seed)
        plan = plan_regeneration(act, description, locks, base, stamp=stamp)
        return await self._accept(deed, plan, "balanced", marks)

    async def cancel(self, deed: Deed, act: CancelGeneration) -> Ack:
        """Stop a generation; one that has ended already is a conflict."""
        record = await self.record(act.generation_id)
        if record.project != deed.access.project or is_hidden(record, deed.access.user):
            raise NotFound("generation")
        await self._performance.cancel(deed.session, record)
        ack = Ack(seq=deed.session.seq, epoch=deed.session.epoch, generation_id=act.generation_id)
        await self._world.store.write(lambda tx: deed.keep(tx, ack))
        return ack

    async def record(self, generation: GenerationId) -> GenerationRecord:
        """A generation as it stands; raises `NotFound`."""
        record = await self._world.store.read(lambda tx: tx.work.generation(generation))
        if record is None:
            raise NotFound("generation")
        return record

    async def visible(self, generation: GenerationId, actor: Actor) -> GenerationRecord:
        """A generation that the actor may see; a stranger's looks missing."""
        return await self._world.store.read(
            lambda tx: visible_in(tx, actor, tx.work.generation(generation), "generation")
        )

    def windows(self, actor: Actor) -> tuple[Window, ...]:
        """What is left of the actor's quotas; empty where quotas are off."""
        if not self._world.rules.quotas:
            return ()
        return self._world.limiter.windows(actor.user, actor.tier, self._world.clock.monotonic())

    async def estimate_seconds(self, record: GenerationRecord) -> float | None:
        """About how long a generation that has not ended will take; None when it has."""
        if record.status not in {"queued", "processing"}:
            return None
        bars = unpack(record.run, Plan).bars
        own = self._admission.estimate(record.engine, bars)
        if record.status == "processing":
            return round(own, 3)
        ahead = await self._world.store.read(lambda tx: tx.jobs.waiting())
        return round(own * (ahead + 1), 3)

    async def _accept(self, deed: Deed, plan: Plan, quality: QualityTarget, marks: Marks) -> Ack:
        self._take_quota(deed.command.actor)
        try:
            request = self._request(deed, plan, quality)
            marks.reach("admitted")
            return await self._start(deed, request, marks)
        except Exception:  # not a caller who leaves: what was handed over is played all the same
            self._refund(deed.command.actor)
            raise

    async def _start(self, deed: Deed, request: Request, marks: Marks) -> Ack:
        plan, record = request.plan, request.record
        if not record.draft:
            self._tell(deed, request)
        ack = Ack(
            seq=deed.session.seq,
            epoch=deed.session.epoch,
            lands_at=request.landing,
            generation_id=record.id,
            take_id=plan.take_id,
        )
        self._performance.expect(record.id)
        if not request.queued:
            self._performance.begin(
                deed.session, plan, record, marks=marks, begin_within=request.begin_within
            )
        counters = self._counters(deed.command.actor)

        def keep(tx: Transaction, record: GenerationRecord) -> None:
            tx.work.insert_generation(record)
            tx.quotas.save(counters)
            if request.queued:
                tx.jobs.enqueue(generation_job(self._world, record))
            deed.keep(tx, ack)

        await self._performance.accept(deed.session, record, keep)
        if request.queued:
            self._world.jobs.wake()
        return ack

    def _tell(self, deed: Deed, request: Request) -> None:
        plan, record, command = request.plan, request.record, deed.command
        accepted = accepted_event(plan, record, queued=request.queued, landing=request.landing)
        deed.session.sequence(accepted, user=command.actor.user, cause=command.id)

    def _request(self, deed: Deed, plan: Plan, quality: QualityTarget) -> Request:
        now = self._world.clock.now()
        decision = self._decision(deed, plan.run.engine, plan.bars)
        if quality == "fast":
            self._refuse_if_late(decision)
        begin_within = None
        if isinstance(decision, Admitted) and quality != "quality":
            begin_within = decision.begin_within_seconds
        record = GenerationRecord(
            id=GenerationId(self._world.ids.new()),
            project=deed.access.project,
            user=deed.command.actor.user,
            engine=plan.run.engine,
            part=plan.part,
            quality_target=quality,
            status="queued" if begin_within is None else "processing",
            created_at=now,
            run=pack(plan),
            parameters_used=plan.run.parameters,
            parent_take=plan.parent,
            draft=plan.draft,
        )
        # A draft lands when it is selected.
        landing = None if plan.draft else land(deed.session.state, deed.at, now)
        return Request(plan, record, landing, begin_within)

    def _refuse_if_late(self, decision: Admitted | Deferred) -> None:
        if isinstance(decision, Deferred):
            raise ReducedCapacity(
                "No player is free in time; ask again, or with quality_target "
                '"balanced" to have it queued.',
                retry_after=max(1.0, decision.estimate_seconds),
            )

    def _decision(self, deed: Deed, engine: str, bars: int) -> Admitted | Deferred:
        pool = self._world.engines
        return self._admission.decide(
            engine,
            bars,
            lag=self._world.lag(),
            queued=pool.queued(deed.command.actor.user),
            workers=pool.workers(),
            idle=pool.idle(),
            under_way=self._performance.under_way,
        )

    def _stamp(self, deed: Deed, seed: int | None) -> Stamp:
        return Stamp(
            seed=self._world.random.seed() if seed is None else seed,
            take_id=TakeId(self._world.ids.new()),
            cause=deed.command.id,
        )

    def _marks(self) -> Marks:
        return Marks(self._world.clock, self._world.clock.monotonic())

    def _take_quota(self, actor: Actor) -> None:
        if self._world.rules.quotas:
            self._world.limiter.take(actor.user, actor.tier, 1, self._world.clock.monotonic())

    def _counters(self, actor: Actor) -> dict[str, bytes]:
        """The actor's quota counters, stored with the generation: a crash forgives nothing."""
        if not self._world.rules.quotas:
            return {}
        clock = self._world.clock
        return self._world.limiter.snapshot(clock.monotonic(), clock.now(), actor.user)

    def _refund(self, actor: Actor) -> None:
        if self._world.rules.quotas:
            self._world.limiter.refund(actor.user, 1, self._world.clock.monotonic())


def checked_part(name: str) -> str:
    """A part name that can stand in a parameter path and an OSC address."""
    allowed = name.replace("-", "").replace("_", "")
    if not 1 <= len(name) <= MAXIMUM_PART or not allowed.isascii() or not allowed.isalnum():
        raise InvalidValue("part", name, f"1 to {MAXIMUM_PART} letters, digits, - or _")
    if name == "session":
        raise InvalidValue("part", name, 'another name than "session", which names the settings')
    return name
