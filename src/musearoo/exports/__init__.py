"""Export formats: each a pure function from the one song model to a whole file."""

from typing import Final

from musearoo.exports.midi import MidiExport
from musearoo.exports.musicxml import MusicXmlExport
from musearoo.ports.work import Exporter

EXPORTERS: Final[tuple[Exporter, ...]] = (MidiExport(), MusicXmlExport())
