"""A song as one engraved picture: our MusicXML, set by verovio, joined into a single SVG.

Verovio 6.4.1 answers a truncated document with a blank page and success, so
the score is parsed first; its ids are random unless seeded; it does not know
MusicXML's "open" for hi-hats, and it writes the note of a tempo mark in a font
that only it has. It is LGPL-3.0 and used as an unmodified wheel.
"""

import re
import zlib
from functools import cache
from typing import Any, Final, Protocol
from xml.parsers import expat

from musearoo.codecs import musicxml
from musearoo.codecs.musicxml.elements import element, wrapped
from musearoo.domain.errors import Unavailable
from musearoo.domain.song import Song

_PAGE_WIDTH: Final = 3000
_SCALE: Final = 40  # per cent: a page becomes 1200 units wide
_OPTIONS: Final = {
    "pageWidth": _PAGE_WIDTH,
    "pageHeight": 60_000,
    "adjustPageHeight": True,
    "scale": _SCALE,
    "header": "auto",
    "footer": "none",
    "breaks": "encoded",
    "minLastJustification": 0.4,
    "smuflTextFont": "none",
    "svgFormatRaw": True,
    "svgRemoveXlink": True,
    "svgViewBox": True,
}
_VIEW_BOX: Final = re.compile(r'<svg viewBox="0 0 (\d+) (\d+)"')
_MUSIC_FONT: Final = re.compile(r'font-family="Leipzig" font-size="\d+px"')
# SMuFL signs inside text (metronome marks, chord symbols), which only music fonts have.
_SIGNS: Final = {
    "\ueca2": "𝅝", "\ueca3": "𝅗𝅥", "\ueca5": "♩", "\ueca7": "♪", "\uecb7": ".",
    "\ued60": "♭", "\ued61": "♮", "\ued62": "♯", "\ued63": "♯♯", "\ued64": "♭♭",
    "\uea63": "♭♭", "\uea64": "♭", "\uea65": "♮", "\uea66": "♯", "\uea67": "♯♯",
}  # fmt: skip
_SIGN: Final = re.compile("[\ue000-\uf8ff]")


class Toolkit(Protocol):
    """What we use of verovio's toolkit."""

    def loadData(self, data: str) -> bool: ...  # noqa: N802
    def getPageCount(self) -> int: ...  # noqa: N802
    def renderToSVG(self, page: int) -> str: ...  # noqa: N802
    def setOptions(self, options: dict[str, Any]) -> bool: ...  # noqa: N802
    def resetXmlIdSeed(self, seed: int) -> None: ...  # noqa: N802


def render_svg(song: Song) -> bytes:
    """The score as one SVG in UTF-8; the same song gives the same bytes."""
    return engraved(musicxml.encode(song), song.title or "Untitled", _description(song))


def engraved(score: bytes, title: str, description: str) -> bytes:
    """Engrave a MusicXML document; raises `Unavailable` where that gives no music."""
    _check_well_formed(score)
    toolkit = _toolkit()
    seed = zlib.crc32(score) & 0x7FFFFFFF  # ids differ between pictures on one page
    toolkit.resetXmlIdSeed(seed)
    text = score.decode().replace("<technical><open/>", "<technical><open-string/>")
    if not toolkit.loadData(text):
        raise Unavailable("The score could not be engraved.")
    pages = [toolkit.renderToSVG(page) for page in range(1, toolkit.getPageCount() + 1)]
    return _joined(pages, title, description, seed).encode()


def warm_up() -> None:
    """Load verovio and its fonts."""
    _toolkit()


def _check_well_formed(score: bytes) -> None:
    try:
        expat.ParserCreate().Parse(score, True)
    except expat.ExpatError as error:
        raise Unavailable(f"The score is no well-formed XML: {error}.") from error


def _joined(pages: list[str], title: str, description: str, seed: int) -> str:
    """All pages below each other on white paper, named for readers who cannot see them."""
    content, width, height = "", 0, 0
    for page in pages:
        box = _VIEW_BOX.search(page)
        if box is None:
            raise Unavailable("The engraver gave no picture.")
        wide, high = int(box[1]), int(box[2])
        place = f'<svg y="{height}" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}"'
        content += page[: box.start()] + place + page[box.end() :]
        width, height = max(width, wide), height + high
    content = _MUSIC_FONT.sub('font-size="480px"', content)
    content = _SIGN.sub(lambda sign: _SIGNS.get(sign[0], " "), content).replace("♩ .", "♩.")
    return wrapped(
        "svg",
        element("title", title, id=f"title-{seed}")
        + element("desc", description, id=f"description-{seed}")
        + '<rect width="100%" height="100%" fill="#fff"/>'
        + content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=f"title-{seed} description-{seed}",
    )


def _description(song: Song) -> str:
    parts = ", ".join(part.title or part.name for part in song.parts) or "no parts"
    return (
        f"{parts}: {song.bars} bars of {song.meter.name} in {song.key.name} "
        f"at {song.tempo_map.bpm:.4g} bpm. Made with MuseAroo, engraved by Verovio."
    )


@cache
def _toolkit() -> Toolkit:
    import verovio  # noqa: PLC0415

    verovio.enableLog(verovio.LOG_OFF)
    toolkit: Toolkit = verovio.toolkit()
    toolkit.setOptions(_OPTIONS)
    return toolkit
