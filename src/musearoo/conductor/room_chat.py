"""Words between the people of a session, kept in its order like everything else."""

from typing import Final

from musearoo.conductor.access import Gate
from musearoo.conductor.repeats import Keep, Repeats
from musearoo.conductor.sessions import Ack, Sessions
from musearoo.conductor.values import fingerprint
from musearoo.domain.errors import Forbidden, InvalidValue
from musearoo.domain.events import ChatSent
from musearoo.domain.ids import CommandId, ProjectId, SessionId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Actor, Permission

MAXIMUM_CHARACTERS: Final = 2_000


class Chat:
    """Lets members of a project talk; a message is durable before it is answered."""

    def __init__(self, gate: Gate, sessions: Sessions, repeats: Repeats) -> None:
        self._gate = gate
        self._sessions = sessions
        self._repeats = repeats

    async def say(
        self,
        actor: Actor,
        session: SessionId,
        text: str,
        *,
        origin: Origin,
        command: CommandId | None = None,
    ) -> Ack:
        """Say something to everyone; needs view, and to be of the project."""
        if not text.strip() or len(text) > MAXIMUM_CHARACTERS:
            raise InvalidValue("text", text, f"1 to {MAXIMUM_CHARACTERS} characters")
        access = await self._gate.access(actor, ProjectId(session), Permission.VIEW, origin)
        if not access.member:
            raise Forbidden("Only the people of this project talk here; ask to be invited.")

        async def work(keep: Keep) -> Ack:
            owner = await self._sessions.open(session)
            sequenced = owner.sequence(ChatSent(text=text), user=actor.user, cause=command)
            ack = Ack(seq=sequenced.seq, epoch=sequenced.epoch)
            await owner.commit(lambda tx: keep(tx, ack))
            return ack

        body = fingerprint(("chat", session, text))
        return await self._repeats.once(actor.user, command, body, Ack, work)
