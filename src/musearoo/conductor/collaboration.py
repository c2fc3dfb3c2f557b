"""Invitations and collaborators."""

from typing import Final

import msgspec

from musearoo.conductor.access import Gate
from musearoo.conductor.accounts import checked_email
from musearoo.conductor.projects import ProjectView, view_in
from musearoo.conductor.repeats import Keep, Repeats
from musearoo.conductor.values import fingerprint, hash_secret
from musearoo.conductor.world import World
from musearoo.domain.audit import audit_entry
from musearoo.domain.errors import Conflict, Forbidden, InvalidValue, NotFound
from musearoo.domain.ids import CommandId, InvitationId, ProjectId, UserId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import ALL, Access, Actor, Grant, Permission
from musearoo.domain.records import Collaborator, Invitation, User
from musearoo.ports.store import Transaction

INVITATION_SECONDS: Final = 7 * 24 * 3600.0
INVITATIONS: Final = 50
INVITATIONS_PER_MINUTE: Final = 10.0
MAXIMUM_MESSAGE: Final = 2_000


class Invited(msgspec.Struct, frozen=True):
    """An invitation that was made; `url` carries the secret in its fragment."""

    invitation_id: str
    expires_at: float
    url: str


class Collaboration:
    """Lets people into projects and out again."""

    def __init__(self, world: World, gate: Gate, repeats: Repeats) -> None:
        self._world = world
        self._gate = gate
        self._repeats = repeats

    async def invite(
        self,
        actor: Actor,
        project: ProjectId,
        email: str,
        permissions: frozenset[Permission],
        message: str | None,
        *,
        origin: Origin,
        command: CommandId | None = None,
    ) -> Invited:
        """Invite an address; granting a right requires holding it."""
        access = await self._gate.access(actor, project, Permission.VIEW, origin)
        try:
            granted = checked_grant(access, permissions)
        except Forbidden as refusal:
            await self._gate.refused(actor, project, "collaborator.invite", origin, refusal)
            raise
        if message is not None and len(message) > MAXIMUM_MESSAGE:
            raise InvalidValue("message", message, f"at most {MAXIMUM_MESSAGE} characters")
        address = checked_email(email)
        email_key = address.casefold()
        now = self._world.clock.monotonic()
        self._world.pacing.admit(
            f"invite:{actor.user}", per_minute=INVITATIONS_PER_MINUTE, burst=INVITATIONS, now=now
        )
        body = fingerprint(("invite", project, email_key, sorted(granted), message))

        async def work(keep: Keep) -> Invited:
            invited = await self._store(actor, access, email_key, granted, message, origin, keep)
            if self._world.mailer.configured:
                await self._world.mailer.send(
                    address, "An invitation to make music together", f"Join here: {invited.url}"
                )
            return invited

        return await self._repeats.once(actor.user, command, body, Invited, work)

    async def join(
        self, actor: Actor, secret: str, *, origin: Origin, command: CommandId | None = None
    ) -> ProjectView:
        """Accept an invitation; another address than the invited one sees no invitation."""
        body = fingerprint(("join", hash_secret(secret)))

        async def work(keep: Keep) -> str:
            def accept(tx: Transaction) -> str:
                project = self._accept(tx, actor, secret, origin)
                keep(tx, project)
                return project

            return await self._world.store.write(accept)

        project = ProjectId(await self._repeats.once(actor.user, command, body, str, work))
        self._gate.forget(actor.user)
        access = await self._gate.access(actor, project, Permission.VIEW, origin)
        return await self._world.store.read(lambda tx: view_in(tx, access))

    async def people(
        self, actor: Actor, project: ProjectId, origin: Origin
    ) -> list[tuple[Collaborator, User]]:
        """The collaborators; only for those inside."""
        access = await self._gate.access(actor, project, Permission.VIEW, origin)
        view = await self._world.store.read(lambda tx: view_in(tx, access))
        return list(view.collaborators)

    async def remove(self, actor: Actor, project: ProjectId, user: UserId, origin: Origin) -> None:
        """Take a collaborator out: the owner anyone, others only themselves."""
        if user == actor.user:
            access = await self._gate.access(actor, project, Permission.VIEW, origin)
        else:
            access = await self._gate.owner(actor, project, origin)

        def store(tx: Transaction) -> bool:
            removed = tx.projects.remove_collaborator(access, user)
            if removed:
                now = self._world.clock.now()
                line = audit_entry(
                    origin, actor.user, "collaborator.remove", project, at=now, detail=user
                )
                tx.audit.append(line)
            return removed

        if not await self._world.store.write(store):
            raise NotFound("collaborator")
        self._gate.forget(user)

    async def _store(
        self,
        actor: Actor,
        access: Access,
        email_key: str,
        granted: frozenset[Permission],
        message: str | None,
        origin: Origin,
        keep: Keep,
    ) -> Invited:
        now = self._world.clock.now()
        secret = self._world.random.secret()
        invitation = Invitation(
            id=InvitationId(self._world.ids.new()),
            token_hash=hash_secret(secret),
            project=access.project,
            inviter=actor.user,
            email_key=email_key,
            permissions=granted,
            message=message,
            created_at=now,
            expires_at=now + INVITATION_SECONDS,
        )
        url = f"{self._world.rules.public_url}/#join={secret}"
        invited = Invited(invitation.id, invitation.expires_at, url)

        def store(tx: Transaction) -> None:
            tx.projects.insert_invitation(invitation)
            line = audit_entry(origin, actor.user, "collaborator.invite", access.project, at=now)
            tx.audit.append(line)
            keep(tx, invited)

        await self._world.store.write(store)
        return invited

    def _accept(self, tx: Transaction, actor: Actor, secret: str, origin: Origin) -> ProjectId:
        now = self._world.clock.now()
        invitation = tx.projects.invitation(hash_secret(secret))
        user = tx.accounts.get(actor.user)
        if invitation is None or user is None or invitation.expires_at < now:
            raise NotFound("invitation")
        proved = user.email_verified or not self._world.mailer.configured
        if user.email_key != invitation.email_key or not proved:
            raise NotFound("invitation")
        if not invitation.permissions <= _held(tx, invitation.project, invitation.inviter):
            raise NotFound("invitation")  # whoever gave these rights has lost them since
        facts = tx.projects.facts(invitation.project, actor.user)
        if facts is None or not tx.projects.accept_invitation(invitation.id, now):
            raise NotFound("invitation")
        if facts.owner == actor.user:
            raise Conflict("The project is yours already.")
        tx.projects.put_collaborator(
            Collaborator(
                project=invitation.project,
                user=actor.user,
                permissions=invitation.permissions | facts.granted,
                joined_at=now,
            )
        )
        line = audit_entry(origin, actor.user, "collaborator.join", invitation.project, at=now)
        tx.audit.append(line)
        return invitation.project


def _held(tx: Transaction, project: ProjectId, user: UserId) -> frozenset[Permission]:
    """The rights that a user was given, not those of the public."""
    facts = tx.projects.facts(project, user)
    if facts is None:
        return frozenset()
    return ALL if facts.owner == user else facts.granted


def checked_grant(access: Grant, permissions: frozenset[Permission]) -> frozenset[Permission]:
    """What an inviter may give: at least view, and nothing that they do not hold."""
    if not permissions:
        raise InvalidValue("permissions", [], "one or more of " + ", ".join(ALL))
    wanted = permissions | {Permission.VIEW}
    if Permission.EDIT not in access.permissions or not wanted <= access.permissions:
        raise Forbidden("You can only give rights that you hold, and inviting needs edit.")
    return wanted
