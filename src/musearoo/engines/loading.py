"""Finds the installed engines by entry point, checks them, and leaves broken ones out.

A plug-in is a distribution with an entry point in the group `musearoo.engines` that names
an `Engine` object. Ours are declared in the same way, and load even where the package
runs from a plain source tree that was never installed.
"""

import logging
import re
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, cast

import msgspec

from musearoo.domain.engine import EngineDescription, ParameterSpec
from musearoo.domain.errors import InvalidValue
from musearoo.engines.contract import Engine

GROUP: Final = "musearoo.engines"
BUILT_IN: Final = ("drummaroo", "bassaroo", "melodyroo", "harmonyroo")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_METHODS: Final = ("begin", "play_bar", "confidence")
_MAXIMUM_PROGRAM: Final = 127
_log = logging.getLogger(__name__)


class BrokenEngine(msgspec.Struct, frozen=True):
    """A plug-in that was left out, and why."""

    name: str
    source: str
    reason: str


Report = Callable[[BrokenEngine], None]


def log_broken(broken: BrokenEngine) -> None:
    """Say in the log what was left out."""
    _log.warning(
        "engine.skipped",
        extra={"engine": broken.name, "source": broken.source, "reason": broken.reason},
    )


def load_engines(report: Report = log_broken) -> dict[str, Engine[Any]]:
    """Every usable engine by name, ours first; `report` hears of each one left out."""
    engines: dict[str, Engine[Any]] = {}
    for point in _points():
        try:
            engine = point.load()
            name = _free_name(checked_description(engine), engines)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plug-in may raise anything
            report(BrokenEngine(point.name, point.value, f"{type(error).__name__}: {error}"))
        else:
            engines[name] = cast("Engine[Any]", engine)
    return engines


def checked_description(engine: object) -> EngineDescription:
    """Return the engine's description, or raise `InvalidValue` naming its first fault."""
    missing = [name for name in _METHODS if not callable(getattr(engine, name, None))]
    if missing:
        raise InvalidValue("engine", type(engine).__name__, "an object with " + ", ".join(missing))
    description = getattr(engine, "description", None)
    if not isinstance(description, EngineDescription):
        raise InvalidValue("engine.description", type(description).__name__, "EngineDescription")
    _check_names(description)
    if not description.version:
        raise InvalidValue("engine.version", description.version, "a version")
    if description.program is not None and not 0 <= description.program <= _MAXIMUM_PROGRAM:
        raise InvalidValue("engine.program", description.program, "0 to 127, or None for drums")
    for spec in description.parameters:
        _check_parameter(spec)
    return description


def _points() -> Iterator[EntryPoint]:
    """Ours first, so that no plug-in can take their names, then by name."""
    for name in BUILT_IN:
        yield EntryPoint(name, f"{GROUP}.{name}:engine", GROUP)
    installed = {(point.name, point.value): point for point in entry_points(group=GROUP)}
    for (_, value), point in sorted(installed.items()):
        if not value.startswith(f"{GROUP}."):
            yield point


def _free_name(description: EngineDescription, engines: dict[str, Engine[Any]]) -> str:
    if description.name in engines:
        raise InvalidValue("engine.name", description.name, "a name not yet taken")
    return description.name


def _check_names(description: EngineDescription) -> None:
    for field, name in (("name", description.name), ("default_part", description.default_part)):
        if not _NAME.fullmatch(name):
            raise InvalidValue(f"engine.{field}", name, "lower-case letters, digits and _")
    names = [spec.name for spec in description.parameters]
    if len(set(names)) != len(names):
        raise InvalidValue("engine.parameters", names, "names that differ")
    voices = description.voices
    if not voices or len(set(voices)) != len(voices):
        raise InvalidValue("engine.voices", voices, "one or more voices that differ")


def _check_parameter(spec: ParameterSpec) -> None:
    if not _NAME.fullmatch(spec.name):
        raise InvalidValue("parameter.name", spec.name, "lower-case letters, digits and _")
    if not spec.minimum <= spec.maximum:
        raise InvalidValue(spec.name, (spec.minimum, spec.maximum), "minimum <= maximum")
    spec.checked(spec.default)
