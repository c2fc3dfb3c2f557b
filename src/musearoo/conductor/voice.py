"""Voice commands: words become the same commands that every door submits, with the same rights.

What a message means is decided once and kept under its id; a repeat carries out the same
acts under the same ids, so that "a bit louder" sent twice is a bit louder once.
"""

import asyncio
from collections import OrderedDict
from typing import Final, Literal, TypeVar

import msgspec

from musearoo.conductor.access import Gate, is_hidden
from musearoo.conductor.repeats import Keep, Repeats
from musearoo.conductor.sessions import Ack, Desk, Sessions
from musearoo.conductor.values import fingerprint
from musearoo.conductor.world import World
from musearoo.domain.commands import (
    COMMANDS,
    NAMES,
    Act,
    At,
    CancelGeneration,
    Command,
    CommitTake,
    SelectTake,
)
from musearoo.domain.errors import Conflict, InvalidValue, MuseArooError, Unavailable
from musearoo.domain.ids import CommandId, ProjectId, SessionId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Access, Actor, Permission
from musearoo.domain.records import Take
from musearoo.domain.session.state import SessionState
from musearoo.ports.voice import (
    Bearings,
    CancelRunning,
    Speech,
    Step,
    TakeStep,
    Understanding,
    Understood,
)

K = TypeVar("K")
V = TypeVar("V")

MAXIMUM_CHARACTERS: Final = 500
MAXIMUM_BYTES: Final = 2 << 20
ASKED_SECONDS: Final = 30.0
"""For so long "yes" means the last question."""
_MAXIMUM_KEPT: Final = 2_000
_MAXIMUM_TAKES: Final = 500
_LONG_ID: Final = 100


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """An act as it is kept: `args` is JSON."""

    name: str
    args: str
    told: str
    at: At | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a message was taken for."""

    status: Literal["ready", "asked", "nothing", "declined"]
    steps: tuple[Planned, ...] = ()
    words: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    confidence: float = 0.0
    question: str | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """One act that was carried out (`ack`) or refused (`code` and `detail`)."""

    name: str
    told: str
    ack: Ack | None = None
    code: str | None = None
    detail: str | None = None


class VoiceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard, what it was taken for, and what was done.

    "asked": nothing was done yet; say yes within 30 s, or send it again confirmed.
    "nothing": no act was understood. "declined": the question was answered with no.
    """

    status: Literal["done", "asked", "nothing", "declined"]
    text: str
    words: tuple[str, ...]
    unknown: tuple[str, ...]
    confidence: float
    question: str | None = None
    done: tuple[Done, ...] = ()

    @property
    def understood(self) -> str:
        """In words: what was done, or would be."""
        return "; ".join(dict.fromkeys(each.told for each in self.done)) or (self.question or "")


class _Words(msgspec.Struct, frozen=True):
    actor: Actor
    session: SessionId
    text: str
    confirmed: bool
    spoken: bool

    @property
    def who(self) -> tuple[str, str, str]:
        return self.actor.user, self.session, self.actor.client


class Voice:
    """Understands sentences of members and submits what they mean."""

    def __init__(
        self, world: World, gate: Gate, sessions: Sessions, desk: Desk, repeats: Repeats
    ) -> None:
        self._world = world
        self._gate = gate
        self._sessions = sessions
        self._desk = desk
        self._repeats = repeats
        self._asked: OrderedDict[tuple[str, str, str], tuple[float, Plan]] = OrderedDict()
        self._focus: OrderedDict[tuple[str, str, str], tuple[str, ...]] = OrderedDict()
        self.hears = False
        """Whether recorded commands are recognised; known once `prepare` has run."""

    async def prepare(self) -> None:
        """Make the grammar ready for the engines that are installed."""
        recogniser = self._world.recogniser
        self.hears = recogniser is not None and recogniser.is_installed()
        understanding = self._world.understanding
        if understanding is not None:
            engines = self._world.engines.engines()
            await asyncio.to_thread(understanding.prepare, engines)

    async def listen(
        self,
        actor: Actor,
        session: SessionId,
        speech: Speech,
        *,
        origin: Origin,
        command: CommandId | None = None,
        confirmed: bool = False,
    ) -> VoiceAnswer:
        """Recognise a recorded command and carry it out; needs view, and what the acts need."""
        if not 0 < len(speech.audio) <= MAXIMUM_BYTES:
            raise InvalidValue("audio_data", len(speech.audio), f"1 to {MAXIMUM_BYTES} bytes")
        await self._gate.access(actor, ProjectId(session), Permission.VIEW, origin)
        if self._world.recogniser is None:
            raise Unavailable("This server recognises no speech; send the words as text.")
        transcript = await self._world.recogniser.transcribe(speech)
        words = _Words(actor, session, transcript.text, confirmed, spoken=True)
        return await self._carry_out(words, origin, command)

    async def say(
        self,
        actor: Actor,
        session: SessionId,
        text: str,
        *,
        origin: Origin,
        command: CommandId | None = None,
        confirmed: bool = False,
    ) -> VoiceAnswer:
        """Carry out a sentence; needs view, and of each act what that act needs."""
        if not text.strip() or len(text) > MAXIMUM_CHARACTERS:
            raise InvalidValue("command", text, f"1 to {MAXIMUM_CHARACTERS} characters")
        words = _Words(actor, session, text, confirmed, spoken=False)
        return await self._carry_out(words, origin, command)

    async def _carry_out(
        self, words: _Words, origin: Origin, command: CommandId | None
    ) -> VoiceAnswer:
        access = await self._gate.access(
            words.actor, ProjectId(words.session), Permission.VIEW, origin
        )
        body = fingerprint(("voice", words.session, words.text, words.confirmed, words.spoken))

        async def decide(keep: Keep) -> Plan:
            plan = await self._plan(words, access)
            if command is not None:
                await self._world.store.write(lambda tx: keep(tx, plan))
            return plan

        plan = await self._repeats.once(words.actor.user, command, body, Plan, decide)
        if plan.status != "ready":
            self._remember(words, plan)
            return _answer(words.text, plan, plan.status, ())
        done = await self._submit(words, plan, origin, command)
        return _answer(words.text, plan, "done", done)

    async def _plan(self, words: _Words, access: Access) -> Plan:
        understanding = self._world.understanding
        if understanding is None:
            raise Unavailable("Voice commands are switched off on this server.")
        owner = await self._sessions.open(words.session)
        understood = self._understand(understanding, words, owner.state)
        if understood.reply is not None:
            return self._replied(words, understood.reply)
        steps = [
            planned
            for step in understood.steps
            for planned in await self._resolved(step, owner.state, access)
        ]
        asks = understood.question if steps and not words.confirmed else None
        status: Literal["ready", "asked", "nothing"] = "ready" if steps else "nothing"
        if understood.parts:
            _put(self._focus, words.who, understood.parts)
        return Plan(
            status="asked" if asks else status,
            steps=tuple(steps),
            words=understood.words,
            unknown=understood.unknown,
            confidence=understood.confidence,
            question=asks,
        )

    def _understand(
        self, understanding: Understanding, words: _Words, state: SessionState
    ) -> Understood:
        bearings = Bearings(
            state=state,
            engines=self._world.engines.engines(),
            now=self._world.clock.now(),
            focus=self._focus.get(words.who, ()),
            spoken=words.spoken,
        )
        return understanding.understand(words.text, bearings)

    def _replied(self, words: _Words, reply: Literal["yes", "no"]) -> Plan:
        asked_at, plan = self._asked.pop(words.who, (0.0, Plan(status="nothing")))
        if plan.status == "nothing" or self._world.clock.monotonic() - asked_at > ASKED_SECONDS:
            return Plan(status="nothing", words=(reply,))
        status: Literal["ready", "declined"] = "ready" if reply == "yes" else "declined"
        return msgspec.structs.replace(plan, status=status, question=None)

    def _remember(self, words: _Words, plan: Plan) -> None:
        if plan.status == "asked":
            _put(self._asked, words.who, (self._world.clock.monotonic(), plan))

    # --- acts -----------------------------------------------------------------------------

    async def _resolved(self, step: Step, state: SessionState, access: Access) -> list[Planned]:
        match step.do:
            case TakeStep() as wish:
                acts: list[Act] = [await self._take(wish, state, access)]
            case CancelRunning(parts=parts):
                acts = await self._running(parts, access)
            case act:
                acts = [act]
        return [
            Planned(
                name=NAMES[type(act)],
                args=msgspec.json.encode(act).decode(),
                told=step.told,
                at=step.at,
            )
            for act in acts
        ]

    async def _take(self, wish: TakeStep, state: SessionState, access: Access) -> Act:
        takes, _ = await self._world.store.read(
            lambda tx: tx.work.takes(access, part=wish.part, limit=_MAXIMUM_TAKES, offset=0)
        )
        take = _wished(takes, wish, state)
        if take is None:
            raise Conflict(f"The part {wish.part} has no such take.")
        kind = CommitTake if wish.keep else SelectTake
        return kind(part=wish.part, take_id=take.id)

    async def _running(self, parts: tuple[str, ...], access: Access) -> list[Act]:
        running = await self._world.store.read(lambda tx: tx.work.unfinished_generations())
        return [
            CancelGeneration(generation_id=each.id)
            for each in running
            if each.project == access.project
            and (not parts or each.part in parts)
            and not is_hidden(each, access.user)
        ]

    async def _submit(
        self, words: _Words, plan: Plan, origin: Origin, command: CommandId | None
    ) -> tuple[Done, ...]:
        """Carry out every act that is allowed; raises the refusal when none was."""
        done: list[Done] = []
        refusals: list[MuseArooError] = []
        for index, step in enumerate(plan.steps):
            try:
                ack = await self._desk.submit(
                    Command(
                        session=words.session,
                        actor=words.actor,
                        act=_act(step),
                        origin=origin,
                        id=_id(command, index),
                        at=step.at,
                    )
                )
            except MuseArooError as refusal:
                refusals.append(refusal)
                code, detail = str(refusal.code), refusal.detail
                done.append(Done(name=step.name, told=step.told, code=code, detail=detail))
            else:
                done.append(Done(name=step.name, told=step.told, ack=ack))
        if len(refusals) == len(plan.steps):
            raise refusals[0]
        return tuple(done)


def _act(step: Planned) -> Act:
    act: Act = msgspec.json.decode(step.args, type=COMMANDS[step.name].act)
    return act


def _id(command: CommandId | None, index: int) -> CommandId | None:
    if command is None:
        return None
    stem = command if len(command) <= _LONG_ID else fingerprint(command)
    return CommandId(f"{stem}/{index}")


def _wished(takes: list[Take], wish: TakeStep, state: SessionState) -> Take | None:
    """The take meant, from a list with the newest first."""
    if wish.number is not None:
        index = 0 if wish.number == -1 else len(takes) - wish.number
    else:
        part = state.parts.get(wish.part)
        selected = part.selected if part is not None else None
        place = next((i for i, take in enumerate(takes) if take.id == selected), 0)
        index = place - wish.steps
    return takes[index] if 0 <= index < len(takes) else None


def _put(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _MAXIMUM_KEPT:
        kept.popitem(last=False)


def _answer(
    text: str,
    plan: Plan,
    status: Literal["done", "asked", "nothing", "declined"],
    done: tuple[Done, ...],
) -> VoiceAnswer:
    return VoiceAnswer(
        status=status,
        text=text,
        words=plan.words,
        unknown=plan.unknown,
        confidence=plan.confidence,
        question=plan.question,
        done=done,
    )
