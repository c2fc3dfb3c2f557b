"""Songs as MusicXML 4.0 scores, written by us from quantised notes."""

from musearoo.codecs.musicxml.score import encode

__all__ = ["encode"]
