"""MIDI controllers: what they set, and learning it from the one that is moved next."""

from typing import Final

from musearoo.conductor.parameters import engine_of, settle
from musearoo.conductor.sessions import Ack, Deed, Desk
from musearoo.conductor.world import World
from musearoo.domain.commands import LearnControl, MapControl, SetParameter, UnmapControl
from musearoo.domain.controls import CHANNELS, CONTROLLERS, control_key
from musearoo.domain.engine import ParameterSpec
from musearoo.domain.errors import InvalidValue
from musearoo.domain.events import ControlMapped
from musearoo.domain.ids import SessionId, UserId
from musearoo.domain.music.style import AUTO, STYLES
from musearoo.domain.music.tempo_map import MAXIMUM_BPM, MINIMUM_BPM
from musearoo.domain.permissions import Actor
from musearoo.domain.session.state import SessionState

LEARN_SECONDS: Final = 60.0
_MOST: Final = 1_000
_SETTINGS: Final = {
    "session/tempo": ParameterSpec(name="tempo", minimum=MINIMUM_BPM, maximum=MAXIMUM_BPM),
    "session/style": ParameterSpec(name="style", kind="choice", choices=(AUTO, *STYLES)),
}


class Controls:
    """Carries out the commands on controllers, and says what one that moves asks for."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        self._learning: dict[tuple[SessionId, UserId], tuple[str, float]] = {}
        desk.take_on(MapControl, self.map)
        desk.take_on(UnmapControl, self.unmap)
        desk.take_on(LearnControl, self.learn)

    async def map(self, deed: Deed, act: MapControl) -> Ack:
        """Have a controller set a parameter."""
        _check(act.channel, act.number)
        _check_ends(act, self._spec(deed.session.state, act.path))
        event = ControlMapped(
            channel=act.channel,
            number=act.number,
            path=act.path,
            minimum=act.minimum,
            maximum=act.maximum,
        )
        return await settle(deed, event)

    async def unmap(self, deed: Deed, act: UnmapControl) -> Ack:
        """Let a controller set nothing."""
        _check(act.channel, act.number)
        return await settle(deed, ControlMapped(channel=act.channel, number=act.number, path=None))

    async def learn(self, deed: Deed, act: LearnControl) -> Ack:
        """Wait for the actor to move a controller."""
        self._spec(deed.session.state, act.path)
        if len(self._learning) >= _MOST:
            del self._learning[next(iter(self._learning))]
        until = self._world.clock.monotonic() + LEARN_SECONDS
        self._learning[deed.command.session, deed.command.actor.user] = act.path, until
        ack = Ack(seq=deed.session.seq, epoch=deed.session.epoch)
        await deed.session.commit(lambda tx: deed.keep(tx, ack))
        return ack

    def moved(
        self,
        actor: Actor,
        session: SessionId,
        state: SessionState,
        place: tuple[int, int],
        position: float,
    ) -> MapControl | SetParameter | None:
        """What a controller at (channel, number) asks for by coming to `position`, 0 to 1.

        To be mapped, if the actor waits for that; else to set what it is mapped to, if anything.
        """
        learning = self._learning.pop((session, actor.user), None)
        if learning is not None and learning[1] >= self._world.clock.monotonic():
            return MapControl(channel=place[0], number=place[1], path=learning[0])
        control = state.controls.get(control_key(*place))
        if control is None:
            return None
        value = control.value(position, self._spec(state, control.path))
        return SetParameter(path=control.path, value=value)

    def _spec(self, state: SessionState, path: str) -> ParameterSpec:
        known = _SETTINGS.get(path)
        if known is not None:
            return known
        part, _, name = path.partition("/")
        if part == "session":
            settings = ", ".join(_SETTINGS)
            raise InvalidValue("path", path, f"{settings} or a parameter of a part")
        return engine_of(state, self._world.engines, part).parameter(name)


def _check_ends(act: MapControl, spec: ParameterSpec) -> None:
    for name, end in (("minimum", act.minimum), ("maximum", act.maximum)):
        if end is not None and not spec.minimum <= end <= spec.maximum:
            raise InvalidValue(name, end, f"{spec.minimum:g} to {spec.maximum:g}")


def _check(channel: int, number: int) -> None:
    if not 1 <= channel <= CHANNELS:
        raise InvalidValue("channel", channel, f"1 to {CHANNELS}")
    if not 0 <= number < CONTROLLERS:
        raise InvalidValue("number", number, f"0 to {CONTROLLERS - 1}")
