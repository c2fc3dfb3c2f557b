"""How each style comps, read once from styles.json."""

from importlib.resources import files
from typing import Final

import msgspec

from musearoo.domain.music.voice_leading import Layout


class StyleSheet(msgspec.Struct, frozen=True, kw_only=True):
    """A style's texture, layouts and patterns; see the notes in styles.json."""

    texture: str
    layouts: tuple[Layout, ...]
    tension: int
    push: int
    steady: int
    short: int
    bars: dict[str, tuple[str, ...]]
    pair: tuple[str, ...]
    triple: tuple[str, ...]
    centre: int = 0
    fewest: bool = False


class _Styles(msgspec.Struct, frozen=True):
    styles: dict[str, StyleSheet]


def _read() -> dict[str, StyleSheet]:
    text = files("musearoo.engines.harmonyroo").joinpath("styles.json").read_bytes()
    return msgspec.json.decode(text, type=_Styles).styles


STYLE_SHEETS: Final = _read()
