"""The bass player's vocabulary: `styles.toml`, sorted from plain to involved."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import msgspec

from musearoo.domain.music.meter import Meter
from musearoo.domain.music.rhythm import grid_of, syncopation

BAR: Final = 16
REST: Final = "."
Approach = Literal["diatonic", "chromatic"]
ROLES: Final = ("root", "walking", "riff", "octave", "synth", "slap")
_FALLBACK: Final = "rock"


class Line(msgspec.Struct, frozen=True):
    """A bar of degrees over sixteen steps; `load` orders lines from plain to involved."""

    degrees: str
    load: int


class Manner(msgspec.Struct, frozen=True):
    """What a role or style plays and how; `dead` if it mutes notes for rhythm."""

    lines: tuple[Line, ...]
    gate: int
    approach: Approach
    dead: bool = False
    walks: bool = False


class Style(msgspec.Struct, frozen=True):
    """A style: its own manner, what `auto` plays, and below what tempo it doubles."""

    name: str
    own: Manner
    role: str
    double_below: int


@cache
def style_of(name: str) -> Style:
    """The style of a name of `STYLES`; rock for a name that nobody knows."""
    written = _written()["style"]
    table = written.get(name, written[_FALLBACK])
    return Style(name, _manner(table), table.get("role", "style"), table.get("double_below", 0))


@cache
def manner_of(style: str, role: str) -> Manner:
    """How to play a role in a style; `auto` is the style's own way."""
    own = style_of(style)
    chosen = own.role if role == "auto" else role
    if chosen == "style":
        return own.own
    if chosen == "walking":
        return msgspec.structs.replace(own.own, walks=True, gate=920)
    return _manner(_written()["role"][chosen], own.own.approach)


@cache
def _written() -> dict[str, Any]:
    text = files(__package__).joinpath("styles.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _manner(table: dict[str, Any], approach: Approach = "diatonic") -> Manner:
    lines = sorted((_line(text) for text in table["pattern"]), key=lambda line: line.load)
    return Manner(
        tuple(lines),
        table["gate"],
        table.get("approach", approach),
        "g" in "".join(table["pattern"]),
    )


def _line(degrees: str) -> Line:
    onsets = [step for step, degree in enumerate(degrees) if degree != REST]
    colours = sum(degree not in "R.g" for degree in degrees)
    weights = grid_of(Meter()).weights
    return Line(degrees, 8 * syncopation(onsets, weights) + 3 * len(onsets) + 2 * colours)
