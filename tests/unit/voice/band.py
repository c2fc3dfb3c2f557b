"""A session for sentences to be understood in: the installed band, drums and bass playing."""

from functools import cache
from typing import Any

from musearoo.domain.engine import EngineDescription
from musearoo.domain.ids import TakeId
from musearoo.domain.session.state import PartState, SessionState, Transport
from musearoo.engines.loading import load_engines
from musearoo.ports.voice import Bearings, Understood
from musearoo.voice.grammar import Grammar


@cache
def engines() -> tuple[EngineDescription, ...]:
    return tuple(engine.description for engine in load_engines().values())


@cache
def grammar() -> Grammar:
    return Grammar()


PLAYING = SessionState(
    parts={
        "drums": PartState("drummaroo", selected=TakeId("take-1")),
        "bass": PartState("bassaroo", selected=TakeId("take-2")),
    },
    transport=Transport(tick=3 * 3840),
)


def heard(text: str, state: SessionState = PLAYING, **bearings: Any) -> Understood:
    return grammar().understand(text, Bearings(state=state, engines=engines(), **bearings))


def told(text: str, **bearings: Any) -> list[str]:
    return [step.told for step in heard(text, **bearings).steps]
