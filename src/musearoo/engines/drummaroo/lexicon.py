"""The drummer's vocabulary: grooves written by us and statistics learned from players.

`styles.toml` holds what a style is; `groove.json` how human drummers play it, derived
from the Groove MIDI Dataset 1.0.0 (Gillick et al., ICML 2019, CC BY 4.0).
"""

import json
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from musearoo.domain.music.style import STYLES
from musearoo.engines.layout import Triple

BAR: Final = 16
_OWN_WEIGHT: Final = 60  # a groove written by us counts as much as the commonest learned one
_LEARNED_PER_HUNDRED: Final = 40
_FALLBACK: Final = "rock"


class Groove(msgspec.Struct, frozen=True):
    """One bar of kick and snare over sixteen steps: `.` for a rest, else a kind of stroke.

    `answer` is the second bar of a pair.
    """

    kick: str
    snare: str
    weight: int
    answer: "Groove | None" = None


class Piece(msgspec.Struct, frozen=True):
    """How often, how hard and how late a piece is struck on each step of 4/4.

    `mean_velocity` is over all its strokes.
    """

    often: tuple[int, ...]
    velocity: tuple[int, ...]
    late_us: tuple[int, ...]
    velocity_spread: int
    late_spread_us: int
    mean_velocity: int = 0


class Human(msgspec.Struct, frozen=True):
    """What human bars of the style measure, in thousandths."""

    notes: int
    syncopation: int
    repetition: int
    ghosts: int
    backbeat: int
    kick_on_one: int


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of playing one style."""

    name: str
    grooves: tuple[Groove, ...]
    hand: tuple[str, ...]
    foot: str
    carried: str
    bright: str
    loud: str
    double_below: int
    triple: Triple
    light: bool
    steady: bool
    feet: int
    kick: Piece
    snare: Piece
    ghost: Piece
    hat: Piece
    human: Human


class FillTable(msgspec.Struct, frozen=True):
    """How fills move: weights of the rhythms of a beat, and from piece to piece."""

    rhythms: tuple[int, ...]
    pieces: tuple[str, ...]
    moves: tuple[tuple[int, ...], ...]


@cache
def style_of(name: str) -> Style:
    """The style of a name of `STYLES`; rock for a name that nobody knows."""
    own = _written()
    wanted = name if name in own else _FALLBACK
    return _style(wanted, own[wanted], _learned()["styles"][wanted])


@cache
def fill_table() -> FillTable:
    """The statistics of fills."""
    return msgspec.convert(_learned()["fills"], FillTable)


@cache
def _written() -> dict[str, dict[str, Any]]:
    text = files(__package__).joinpath("styles.toml").read_text(encoding="utf-8")
    tables = {table.get("name", key): table for key, table in tomllib.loads(text).items()}
    return {name: tables[name] for name in STYLES}


@cache
def _learned() -> dict[str, Any]:
    text = files(__package__).joinpath("groove.json").read_text(encoding="utf-8")
    learned: dict[str, Any] = json.loads(text)
    return learned


def _style(name: str, written: dict[str, Any], learned: dict[str, Any]) -> Style:
    carried = written.get("carried", "closed hat")
    return Style(
        name=name,
        grooves=_grooves(written["groove"], learned["words"]),
        hand=tuple(written["hand"]),
        foot=written.get("foot", "." * BAR),
        carried=carried,
        bright=written["bright"],
        loud=written["loud"],
        double_below=written.get("double_below", 0),
        triple=written["triple"],
        light=written.get("light", False),
        steady=written.get("steady", False),
        feet=written.get("feet", 1),
        human=msgspec.convert(learned["human"], Human),
        **{piece: _piece(learned[piece]) for piece in ("kick", "snare", "ghost", "hat")},
    )


def _piece(learned: dict[str, Any]) -> Piece:
    piece = msgspec.convert(learned, Piece)
    total = sum(piece.often) or 1
    loud = sum(o * v for o, v in zip(piece.often, piece.velocity, strict=True))
    return msgspec.structs.replace(piece, mean_velocity=loud // total)


def _grooves(written: list[str], learned: list[list[int]]) -> tuple[Groove, ...]:
    """Ours, then the learned ones that are not among them."""
    own = [_written_groove(text) for text in written]
    total = sum(count for _, _, count in learned) or 1
    share = len(own) * _OWN_WEIGHT * _LEARNED_PER_HUNDRED // 100
    known = {(groove.kick.replace("f", "x"), groove.snare) for groove in own}
    for kick, snare, count in learned:
        texts = (_text(kick, "x"), _text(snare, "X"))
        if texts not in known:
            own.append(Groove(*texts, max(1, share * count // total)))
    return tuple(own)


def _written_groove(text: str) -> Groove:
    kick, snare, *second = text.split()
    answer = Groove(second[0], second[1], _OWN_WEIGHT) if second else None
    return Groove(kick, snare, _OWN_WEIGHT, answer)


def _text(mask: int, kind: str) -> str:
    return "".join(kind if mask >> step & 1 else "." for step in range(BAR))
