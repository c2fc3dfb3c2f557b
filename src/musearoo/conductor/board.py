"""The knobs of one session: what each may be set to, and where a turn of it lands."""

from typing import Final

from musearoo.conductor.parameters import engine_of
from musearoo.domain.commands import At
from musearoo.domain.engine import ParameterSpec
from musearoo.domain.events import Landing
from musearoo.domain.music.meter import Meter
from musearoo.domain.session.landing import land
from musearoo.domain.session.state import PartState, SessionState, Transport
from musearoo.ports.work import EnginePool

_NOW: Final = At()
_MOST: Final = 1_024


class Board:
    """Remembers what was found for as long as parts, transport and meter are the same."""

    __slots__ = ("_engines", "_landing", "_meter", "_parts", "_specs", "_transport")

    def __init__(self, engines: EnginePool) -> None:
        self._engines = engines
        self._parts: dict[str, PartState] | None = None
        self._specs: dict[str, ParameterSpec] = {}
        self._transport: Transport | None = None
        self._meter: Meter | None = None
        self._landing = Landing(1, 0.0)

    def spec(self, state: SessionState, path: str) -> ParameterSpec:
        """What a part's parameter may be; raises `InvalidValue` for one that there is not."""
        if state.parts is not self._parts:
            self._parts, self._specs = state.parts, {}
        spec = self._specs.get(path)
        if spec is None:
            part, _, name = path.partition("/")
            spec = engine_of(state, self._engines, part).parameter(name)
            if len(self._specs) < _MOST:
                self._specs[path] = spec
        return spec

    def landing(self, state: SessionState, now: float) -> Landing:
        """Where something takes effect that is set now (server UNIX seconds)."""
        transport = state.transport
        if transport.playing:
            return land(state, _NOW, now)
        if transport is not self._transport or state.meter is not self._meter:
            self._transport, self._meter = transport, state.meter
            self._landing = land(state, _NOW, now)
        return self._landing
