"""Which OSC sources act for whom: pairing by a short code, and the local owner's session."""

import hmac
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec.structs import replace

from musearoo.conductor.access import Gate
from musearoo.conductor.accounts import LOCAL_OWNER
from musearoo.conductor.guesses import Guesses
from musearoo.conductor.values import hash_secret
from musearoo.conductor.watch import Watch
from musearoo.conductor.world import World
from musearoo.domain.audit import audit_entry
from musearoo.domain.errors import MuseArooError, NotFound, Unavailable
from musearoo.domain.ids import FamilyId, ProjectId, SessionId, UserId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Actor, Permission
from musearoo.ports.osc import Monitored, OscDoor, Source
from musearoo.ports.security import Signal

CODE_SECONDS: Final = 300
CODE_DIGITS: Final = 7  # a 32-bit float, all that some devices send, carries seven exactly
PAIRED_SECONDS: Final = 8 * 3600.0
SILENT_SECONDS: Final = 3600.0
MAXIMUM_CODES: Final = 1_000
CODES_PER_PERSON: Final = 5
MAXIMUM_PAIRINGS: Final = 1_000
PAIRINGS_PER_PERSON: Final = 64
AGAIN_SECONDS: Final = 0.5
_AT_A_TIME: Final = 25


class Pairing(msgspec.Struct, frozen=True, kw_only=True):
    """A device that acts for somebody in a session. Times are UNIX seconds.

    `actor.client` is the pairing's id; `reply_port` is where feedback goes.
    """

    id: str
    actor: Actor
    session: SessionId
    permissions: frozenset[Permission]
    source: Source
    reply_port: int
    created_at: float
    ends_at: float


class _Code(msgspec.Struct):
    actor: Actor
    session: SessionId
    until: float  # monotonic


class Pairings:
    """Hands out codes, turns them into pairings, and ends these.

    A pairing ends eight hours after it was made, after an hour without a message, with the
    login that made it, with the right to see the session, or by a word of its maker. All are
    held in memory: a server that starts anew knows none.
    """

    def __init__(self, world: World, gate: Gate) -> None:
        self._world = world
        self._gate = gate
        self._codes: dict[str, _Code] = {}
        self._held: dict[Source, Pairing] = {}
        self._heard: dict[Source, float] = {}
        self._guesses = Guesses()
        self._watch = Watch(world)
        self._owner: Actor | None = None
        self._rechecking = False
        self._again = False
        self._told: list[Callable[[Actor, SessionId], None]] = []
        self.door: OscDoor | None = None
        self.local: tuple[Actor, SessionId] | None = None
        gate.on_change(self._recheck)

    def on_opened(self, told: Callable[[Actor, SessionId], None]) -> None:
        """Call `told` with whoever opens a session, and which."""
        self._told.append(told)

    async def opened(self, actor: Actor, session: SessionId) -> None:
        """Somebody opened a session: for the local owner it is where loopback sources act."""
        for told in self._told:
            told(actor, session)
        owner = await self._local_owner()
        if owner is not None and actor.user == owner.user:
            self.local = owner, session

    async def _local_owner(self) -> Actor | None:
        """For whom sources of this machine act in local mode."""
        if self._owner is None and self._world.rules.local_mode:
            user = await self._world.store.read(lambda tx: tx.accounts.find_by_email(LOCAL_OWNER))
            self._owner = Actor(user.id, user.tier, client="osc") if user is not None else None
        return self._owner

    async def code(self, actor: Actor, session: SessionId, *, origin: Origin) -> tuple[str, int]:
        """A single-use code and its seconds; raises `Unavailable` where no OSC door runs."""
        await self._gate.access(actor, ProjectId(session), Permission.VIEW, origin)
        if self.door is None:
            raise Unavailable(
                "The OSC door is not running on this server, so nothing can be paired."
            )
        now = self._world.clock.monotonic()
        self._tidy(now, actor)
        code = f"{self._world.random.seed() % 10**CODE_DIGITS:0{CODE_DIGITS}d}"
        self._codes[hash_secret(code)] = _Code(actor, session, now + CODE_SECONDS)
        return code, CODE_SECONDS

    async def redeem(
        self, code: str, source: Source, reply_port: int | None, origin: Origin
    ) -> Pairing | None:
        """Pair a source, once for each code; None for a wrong code, or too many of them."""
        now = self._world.clock.monotonic()
        if not self._guesses.may(source.host, now):
            return None
        held = self._codes.pop(hash_secret(code), None)
        if held is None or held.until < now:
            self._guesses.failed(source.host, now)
            self._watch.note(Signal.FAILED_LOGIN, origin, about="osc")
            return None
        revision = self._gate.revision
        try:
            actor = await self._gate.actor_of(held.actor.user, FamilyId(held.actor.family))
            access = await self._gate.access(
                actor, ProjectId(held.session), Permission.VIEW, origin
            )
        except MuseArooError:
            return None
        wall = self._world.clock.now()
        pairing_id = self._world.ids.new()
        pairing = Pairing(
            id=pairing_id,
            actor=replace(actor, client=pairing_id),
            session=held.session,
            permissions=access.permissions,
            source=source,
            reply_port=reply_port or source.port,
            created_at=wall,
            ends_at=wall + PAIRED_SECONDS,
        )
        self._hold(pairing, now)
        if revision != self._gate.revision:  # what was looked up may be over
            await self._checked(pairing)
            if source not in self._held:
                return None
        await self._note(pairing, "osc.paired", origin)
        return pairing

    def heard(self, source: Source, at: float) -> Pairing | None:
        """The pairing of a source that was last heard `at` (monotonic); None if it has ended."""
        pairing = self._held.get(source)
        if pairing is None:
            return None
        self._heard[source] = at
        if self._is_over(pairing, self._world.clock.monotonic()):
            self._drop(pairing)
            return None
        return pairing

    def moved(self, source: Source, reply_port: int) -> None:
        """A paired source listens at another port."""
        pairing = self._held.get(source)
        if pairing is not None:
            self._held[source] = replace(pairing, reply_port=reply_port)

    def list_for(self, actor: Actor) -> list[Pairing]:
        """The living pairings that somebody made, the newest first."""
        self.sweep()
        mine = [each for each in self._held.values() if each.actor.user == actor.user]
        return sorted(mine, key=lambda each: each.created_at, reverse=True)

    async def end(self, actor: Actor, pairing_id: str, origin: Origin) -> None:
        """End a pairing that this person made; raises `NotFound`."""
        for pairing in self._held.values():
            if hmac.compare_digest(pairing.id, pairing_id) and pairing.actor.user == actor.user:
                self._drop(pairing)
                await self._note(pairing, "osc.unpaired", origin)
                return
        raise NotFound("pairing")

    def left(self, source: Source) -> None:
        """A source has said goodbye, or its stream has ended."""
        pairing = self._held.get(source)
        if pairing is not None:
            self._drop(pairing)

    def sweep(self) -> None:
        """End what is over by time."""
        now = self._world.clock.monotonic()
        for pairing in list(self._held.values()):
            if self._is_over(pairing, now):
                self._drop(pairing)

    async def monitored(self, actor: Actor) -> Monitored:
        """What the door sees of this person's devices; raises `Unavailable`."""
        owner = await self._local_owner()
        if self.door is None:
            raise Unavailable("The OSC door is not running on this server.")
        return self.door.monitored(actor.user, owner=owner is not None and owner.user == actor.user)

    def _is_over(self, pairing: Pairing, now: float) -> bool:
        silent = now - self._heard.get(pairing.source, now) > SILENT_SECONDS
        return silent or self._world.clock.now() > pairing.ends_at

    def _hold(self, pairing: Pairing, now: float) -> None:
        self._held.pop(pairing.source, None)  # its connection goes on
        mine = [each for each in self._held.values() if each.actor.user == pairing.actor.user]
        if len(mine) >= PAIRINGS_PER_PERSON:
            self._drop(mine[0])
        elif len(self._held) >= MAXIMUM_PAIRINGS:
            self._drop(next(iter(self._held.values())))
        self._held[pairing.source] = pairing
        self._heard[pairing.source] = now

    def _drop(self, pairing: Pairing) -> None:
        self._held.pop(pairing.source, None)
        self._heard.pop(pairing.source, None)
        if self.door is not None:
            self.door.unpaired(pairing.id)

    def _tidy(self, now: float, actor: Actor) -> None:
        self._codes = {key: each for key, each in self._codes.items() if each.until >= now}
        mine = [key for key, each in self._codes.items() if each.actor.user == actor.user]
        for key in mine[: max(0, len(mine) - CODES_PER_PERSON + 1)]:
            del self._codes[key]
        while len(self._codes) >= MAXIMUM_CODES:
            del self._codes[next(iter(self._codes))]

    def _recheck(self, _user: UserId | None) -> None:
        self._again = True
        if self._held and not self._rechecking:
            self._rechecking = True
            self._world.spawn(self._recheck_all(), name="osc.recheck")

    async def _recheck_all(self) -> None:
        try:
            while self._again:
                self._again = False
                for number, pairing in enumerate(list(self._held.values())):
                    await self._checked(pairing)
                    if number % _AT_A_TIME == _AT_A_TIME - 1:
                        await self._world.clock.sleep(0)
        finally:
            self._rechecking = False

    async def _checked(self, pairing: Pairing) -> None:
        origin = Origin("osc", "unknown", pairing.id)
        try:
            actor = await self._gate.actor_of(pairing.actor.user, FamilyId(pairing.actor.family))
            access = await self._gate.access(
                actor, ProjectId(pairing.session), Permission.VIEW, origin
            )
        except Unavailable:  # its commands are refused meanwhile; asked again when it is over
            self._again = True
            await self._world.clock.sleep(AGAIN_SECONDS)
            return
        except MuseArooError:
            self._drop(pairing)
            return
        if self._held.get(pairing.source) is pairing:
            actor = replace(actor, client=pairing.id)
            self._held[pairing.source] = replace(
                pairing, actor=actor, permissions=access.permissions
            )

    async def _note(self, pairing: Pairing, action: str, origin: Origin) -> None:
        line = audit_entry(
            origin, pairing.actor.user, action, pairing.id, at=self._world.clock.now()
        )
        await self._world.store.write(lambda tx: tx.audit.append(line))
