import logging
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import msgspec
import pytest

from musearoo.domain.engine import EngineDescription, ParameterSpec
from musearoo.domain.errors import InvalidValue
from musearoo.engines import drummaroo, loading
from musearoo.engines.loading import BUILT_IN, BrokenEngine, checked_description, load_engines

GOOD = EngineDescription(
    name="kazoo", version="1", title="Kazoo", default_part="kazoo", parameters=()
)


def _engine(description: object = GOOD, **missing: object) -> SimpleNamespace:
    methods = {name: lambda: None for name in ("begin", "play_bar", "confidence")}
    return SimpleNamespace(**{**methods, "description": description, **missing})


def _described(**changes: object) -> SimpleNamespace:
    return _engine(msgspec.structs.replace(GOOD, **changes))


class _Point:
    """An entry point that loads what a test says."""

    def __init__(self, name: str, loaded: object) -> None:
        self.name, self.value, self._loaded = name, f"{name}:engine", loaded

    def load(self) -> object:
        if isinstance(self._loaded, BaseException):
            raise self._loaded
        return self._loaded


@pytest.fixture
def install(monkeypatch):
    """Pretend that distributions declare these entry points, and no others."""

    def pretend(**loaded: object) -> None:
        points = [_Point(name, thing) for name, thing in loaded.items()]
        monkeypatch.setattr(loading, "entry_points", lambda group: points)

    return pretend


class TestLoading:
    def test_ours_load_without_any_distribution(self, install):
        """A plain source tree has no entry points; the built-in engines load all the same."""
        install()
        broken: list[BrokenEngine] = []
        assert list(BUILT_IN) == list(load_engines(broken.append))
        assert not broken

    def test_entry_points_point_at_the_built_in_objects(self):
        """`musearoo.engines.<name>:engine` is the object that is loaded."""
        assert drummaroo.engine is load_engines()["drummaroo"]

    def test_a_plug_in_is_found(self, install):
        """Theirs follow ours."""
        kazoo = _engine()
        install(kazoo=kazoo)
        assert kazoo is load_engines()["kazoo"]

    @pytest.mark.parametrize(
        "fault", [ImportError("no such module"), RuntimeError("boom"), SystemExit(3), KeyError("x")]
    )
    def test_a_broken_plug_in_is_reported_and_left_out(self, install, fault):
        """Whatever its import does, the others load."""
        install(kazoo=fault, zither=_described(name="zither"))
        broken: list[BrokenEngine] = []
        engines = load_engines(broken.append)
        assert {*BUILT_IN, "zither"} == set(engines)
        assert [("kazoo", "kazoo:engine")] == [(b.name, b.source) for b in broken]
        assert type(fault).__name__ in broken[0].reason

    def test_no_plug_in_takes_our_names(self, install):
        """A second drummaroo is refused; ours stays."""
        install(drummaroo=_described(name="drummaroo"))
        broken: list[BrokenEngine] = []
        assert drummaroo.engine is load_engines(broken.append)["drummaroo"]
        assert "not yet taken" in broken[0].reason

    def test_our_own_entry_points_are_read_once(self, monkeypatch):
        """An installed musearoo declares what is built in; that is no second engine."""
        own = EntryPoint("drummaroo", "musearoo.engines.drummaroo:engine", loading.GROUP)
        monkeypatch.setattr(loading, "entry_points", lambda group: [own])
        broken: list[BrokenEngine] = []
        load_engines(broken.append)
        assert not broken

    def test_the_log_hears_of_it_by_default(self, install, caplog):
        """One warning with a constant name; the rest are fields."""
        install(kazoo=RuntimeError("boom"))
        with caplog.at_level(logging.WARNING):
            load_engines()
        (record,) = caplog.records
        assert "engine.skipped" == record.message
        assert "kazoo" == record.engine


class TestDescription:
    @pytest.mark.parametrize(
        "engine",
        [
            _engine(begin=None),
            _engine("not a description"),
            _described(name="Kazoo"),
            _described(name="../kazoo"),
            _described(default_part="a part"),
            _described(version=""),
            _described(program=128),
            _described(voices=()),
            _described(voices=("a", "a")),
            _described(parameters=(ParameterSpec(name="buzz", default=2.0),)),
            _described(parameters=(ParameterSpec(name="buzz", minimum=1.0, maximum=0.0),)),
            _described(parameters=(ParameterSpec(name="buzz", kind="choice", default="loud"),)),
            _described(parameters=(ParameterSpec(name="Buzz!"),)),
            _described(parameters=(ParameterSpec(name="buzz"), ParameterSpec(name="buzz"))),
        ],
    )
    def test_faults_are_found(self, engine):
        """Names, version, program, voices, ranges and defaults."""
        with pytest.raises(InvalidValue):
            checked_description(engine)

    def test_a_sound_description_passes(self):
        """It is given back."""
        assert GOOD is checked_description(_engine())
