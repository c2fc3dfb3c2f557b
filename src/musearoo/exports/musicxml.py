"""The song as a score, for every notation program."""

from typing import Final

from musearoo.codecs import musicxml
from musearoo.domain.song import Song


class MusicXmlExport:
    """MusicXML 4.0, uncompressed and partwise."""

    format: Final = "musicxml"
    media_type: Final = "application/vnd.recordare.musicxml+xml"
    suffix: Final = ".musicxml"

    def export(self, song: Song) -> bytes:
        return musicxml.encode(song)
