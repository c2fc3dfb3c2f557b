"""Standard MIDI files: songs to bytes, and bytes of strangers to checked values."""

from musearoo.codecs.midi.reader import MidiFile, MidiTrack, decode
from musearoo.codecs.midi.writer import encode

__all__ = ["MidiFile", "MidiTrack", "decode", "encode"]
