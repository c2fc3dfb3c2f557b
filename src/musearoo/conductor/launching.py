"""Clips: a part's committed take is launched, here or by a hand in Live."""

from musearoo.conductor.parameters import settle
from musearoo.conductor.sessions import Ack, Deed, Desk
from musearoo.conductor.world import World
from musearoo.domain.commands import LaunchClip
from musearoo.domain.errors import Conflict, InvalidValue
from musearoo.domain.events import ClipLaunched
from musearoo.domain.session.landing import land


class Launching:
    """Carries out launches. The bridge to Live hears the event and fires the clip."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        desk.take_on(LaunchClip, self.launch)

    async def launch(self, deed: Deed, act: LaunchClip) -> Ack:
        """Launch the take that a part keeps."""
        parts = deed.session.state.parts
        part = parts.get(act.part)
        if part is None:
            known = ", ".join(parts) or "none yet; generate one first"
            raise InvalidValue("part", act.part, f"one of the project's parts ({known})")
        if part.committed is None:
            raise Conflict(f'The part "{act.part}" keeps no take yet; commit one first.')
        landing = land(deed.session.state, deed.at, self._world.clock.now())
        event = ClipLaunched(part=act.part, take_id=part.committed, lands_at=landing)
        return await settle(deed, event, landing=landing)
