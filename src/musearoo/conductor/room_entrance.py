"""Who may come into a session's room and stay: tickets, resume tokens, renewal, revocation."""

from typing import Final

import msgspec
import structlog
from msgspec.structs import replace

from musearoo.codecs.ws import CloseCode
from musearoo.conductor.access import Gate
from musearoo.conductor.passes import Passes
from musearoo.conductor.standing import access_in
from musearoo.conductor.values import hash_secret
from musearoo.conductor.world import World
from musearoo.domain.errors import (
    Forbidden,
    MuseArooError,
    NotFound,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from musearoo.domain.ids import FamilyId, ProjectId, SessionId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Actor, Permission

log = structlog.get_logger(__name__)

RESUME_SECONDS: Final = 120.0
AUTHORISED_SECONDS: Final = 600.0
MAXIMUM_TOKENS: Final = 50_000
_WEB: Final = "web"


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a room: proved once, looked up anew whenever rights change.

    `page` is the browser's Origin that the proof was bound to. `connection` is the name of the
    connection that is being resumed, `counter` the highest number it has given a message;
    `expires_at` is the monotonic time at which a new proof is due. `revision` is that of
    everybody's rights when these were looked up: until it changes they are what they were.
    """

    actor: Actor
    session: SessionId
    permissions: frozenset[Permission]
    client: str
    page: str | None
    expires_at: float
    revision: int
    connection: str | None = None
    counter: int = 0


class _Resumable(msgspec.Struct):
    guest: Guest
    ends_at: float | None = None


class Entrance:
    """Turns tickets and resume tokens into guests."""

    def __init__(self, world: World, gate: Gate, passes: Passes) -> None:
        self._world = world
        self._gate = gate
        self._passes = passes
        self._tokens: dict[str, _Resumable] = {}

    async def by_ticket(self, secret: str, page: str | None, origin: Origin) -> Guest:
        """The holder of a ticket that was issued to the same page (or to none)."""
        revision, ticket = self._gate.revision, self._passes.redeem(secret)
        _check_page(ticket.origin, page, ticket.client)
        actor = await self._gate.actor_of(ticket.user, ticket.family)
        session = SessionId(ticket.session)
        return Guest(
            actor=actor,
            session=session,
            permissions=await self._permissions(actor, session, origin),
            client=ticket.client,
            page=ticket.origin,
            expires_at=self._renewed(),
            revision=revision,
        )

    async def by_resume_token(self, secret: str, page: str | None, origin: Origin) -> Guest:
        """The owner of a connection that was lost at most two minutes ago, once.

        Looked up anew only if anybody's rights changed meanwhile: when a server or a network
        comes back, a thousand ask at once.
        """
        held = self._tokens.pop(hash_secret(secret), None)
        now = self._world.clock.monotonic()
        if held is None or (held.ends_at is not None and held.ends_at < now):
            raise Unauthenticated("The resume token is used or too old; ask for a ticket.")
        guest, revision = held.guest, self._gate.revision
        _check_page(guest.page, page, guest.client)
        if guest.revision == revision:
            return guest
        actor = await self._gate.actor_of(guest.actor.user, FamilyId(guest.actor.family))
        permissions = await self._permissions(actor, guest.session, origin)
        return replace(guest, actor=actor, permissions=permissions, revision=revision)

    async def renewed(
        self, guest: Guest, *, ticket: str | None, token: str | None, origin: Origin
    ) -> Guest:
        """The same guest with a fresh proof; another person's proof is refused."""
        revision = self._gate.revision
        if ticket is not None:
            proof = self._passes.redeem(ticket)
            _check_page(proof.origin, guest.page, proof.client)
            actor = await self._gate.actor_of(proof.user, proof.family)
            fits = proof.session == guest.session
        else:
            actor = await self._gate.actor(token or "")
            fits = True
        if actor.user != guest.actor.user or not fits:
            raise Forbidden("This proof is for another person or session; connect anew with it.")
        permissions = await self._permissions(actor, guest.session, origin)
        renewed = replace(
            guest,
            actor=actor,
            permissions=permissions,
            expires_at=self._renewed(),
            revision=revision,
        )
        while renewed.revision != self._gate.revision:  # rights changed meanwhile
            renewed = await self.rechecked(renewed, origin)
        return renewed

    async def rechecked(self, guest: Guest, origin: Origin, token: str = "") -> Guest:
        """The guest with the rights of now; raises what ends the visit.

        Its resume `token` is worth these from now on. A refusal is written down later: until
        then nothing more may be heard.
        """
        revision = self._gate.revision
        actor = await self._gate.actor_of(guest.actor.user, FamilyId(guest.actor.family))
        project = ProjectId(guest.session)
        try:
            access = await self._world.store.read(
                lambda tx: access_in(tx, actor, project, Permission.VIEW)
            )
        except (Forbidden, NotFound) as refusal:
            self._world.spawn(self._noted(actor, project, origin, refusal), name="ws.refused")
            raise
        rights = {"actor": actor, "permissions": access.permissions, "revision": revision}
        held = self._tokens.get(hash_secret(token))
        if held is not None:
            held.guest = replace(held.guest, **rights)
        return replace(guest, **rights)

    def resume_token(self, guest: Guest, connection: str) -> str:
        """A secret that lets this guest come back once, until two minutes after it has left."""
        self._tidy()
        secret = self._world.random.secret()
        self._tokens[hash_secret(secret)] = _Resumable(replace(guest, connection=connection))
        return secret

    def kept(self, token: str, guest: Guest) -> None:
        """The connection that holds this token has renewed its login: the token goes on with it."""
        held = self._tokens.get(hash_secret(token))
        if held is not None:
            held.guest = replace(guest, connection=held.guest.connection)

    def left(self, token: str, counter: int = 0) -> None:
        """The connection that holds this token ended: its two minutes begin."""
        held = self._tokens.get(hash_secret(token))
        if held is not None:
            held.guest = replace(held.guest, counter=counter)
            held.ends_at = self._world.clock.monotonic() + RESUME_SECONDS

    def void(self, token: str) -> None:
        """The connection that holds this token ended for good."""
        self._tokens.pop(hash_secret(token), None)

    async def _noted(
        self, actor: Actor, project: ProjectId, origin: Origin, refusal: Forbidden | NotFound
    ) -> None:
        try:
            await self._gate.refused(actor, project, "project.view", origin, refusal)
        except Unavailable:  # the guest is out all the same
            log.warning("ws.refusal_not_audited", user=actor.user, project=project)

    async def _permissions(
        self, actor: Actor, session: SessionId, origin: Origin
    ) -> frozenset[Permission]:
        access = await self._gate.access(actor, ProjectId(session), Permission.VIEW, origin)
        return access.permissions

    def _renewed(self) -> float:
        return self._world.clock.monotonic() + AUTHORISED_SECONDS

    def _tidy(self) -> None:
        if len(self._tokens) < MAXIMUM_TOKENS:
            return
        now = self._world.clock.monotonic()
        self._tokens = {
            name: held
            for name, held in self._tokens.items()
            if held.ends_at is None or held.ends_at >= now
        }


def ends_visit(failure: MuseArooError) -> tuple[int, str]:
    """The close code and reason for a guest who may not stay, or cannot be looked up."""
    match failure:
        case Unauthenticated():
            return CloseCode.EXPIRED, "unauthenticated"
        case TooManyRequests():
            return CloseCode.ABUSE, "too many"
        case Forbidden() | NotFound():
            return CloseCode.FORBIDDEN, "forbidden"
    return CloseCode.INTERNAL, "unavailable"


def _check_page(bound: str | None, page: str | None, client: str) -> None:
    """A browser's proof works on its own page only, a program's on none."""
    if bound != page or (page is None and client == _WEB):
        raise Unauthenticated("The ticket was issued to another page; ask for one here.")
