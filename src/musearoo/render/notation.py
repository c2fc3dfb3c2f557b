"""A song as one engraved picture: our MusicXML, set by verovio, joined into a single SVG.

Verovio 6.4.1 answers a truncated document with a blank page and success, so
the score is parsed first and the picture after; its ids are random unless
seeded. It is LGPL-3.0 and used as an unmodified wheel.
"""

import re
import xml.etree.ElementTree as ET
from functools import cache
from typing import Any, Final

from musearoo.codecs import musicxml
from musearoo.codecs.musicxml.elements import element, escaped
from musearoo.domain.errors import Unavailable
from musearoo.domain.song import Song

_SEED: Final = 20250101
_OPTIONS: Final = {
    "pageWidth": 2400,
    "pageHeight": 60000,
    "adjustPageHeight": True,
    "scale": 40,
    "header": "none",
    "footer": "none",
    "breaks": "auto",
    "svgViewBox": True,
    "svgHtml5": False,
    "xmlIdSeed": _SEED,
}


def render_svg(song: Song) -> bytes:
    """The score as one SVG in UTF-8; the same song gives the same bytes."""
    return engraved(musicxml.encode(song), song.title)


def engraved(score: bytes, title: str) -> bytes:
    """Engrave a MusicXML document; raises `Unavailable` where that gives no music."""
    ET.fromstring(score)  # noqa: S314
    toolkit = _toolkit()
    toolkit.resetXmlIdSeed(_SEED)
    if not toolkit.loadData(score.decode()):
        raise Unavailable("The score could not be engraved.")
    pages = [toolkit.renderToSVG(page) for page in range(1, toolkit.getPageCount() + 1)]
    return pages[0].encode()


@cache
def _toolkit() -> Any:
    import verovio

    toolkit = verovio.toolkit()
    toolkit.setOptions(_OPTIONS)
    return toolkit
