"""Drums on a five-line percussion staff.

Positions and heads after Norman Weinberg, "Guide to Standardized Drumset
Notation" (Percussive Arts Society, 1998); names of General MIDI level 1.
"""

from typing import Final

import msgspec


class Stroke(msgspec.Struct, frozen=True):
    """Where a drum is written (treble clef name), its note head, and who plays it."""

    name: str
    step: str
    octave: int
    head: str = "normal"
    foot: bool = False
    open: bool = False


_STROKES: Final = {
    35: Stroke("Acoustic Bass Drum", "E", 4, foot=True),
    36: Stroke("Bass Drum", "F", 4, foot=True),
    37: Stroke("Side Stick", "C", 5, "x"),
    38: Stroke("Snare", "C", 5),
    39: Stroke("Hand Clap", "C", 5, "triangle"),
    40: Stroke("Electric Snare", "C", 5),
    41: Stroke("Low Floor Tom", "G", 4),
    42: Stroke("Closed Hi-Hat", "G", 5, "x"),
    43: Stroke("Floor Tom", "A", 4),
    44: Stroke("Pedal Hi-Hat", "D", 4, "x", foot=True),
    45: Stroke("Low Tom", "B", 4),
    46: Stroke("Open Hi-Hat", "G", 5, "x", open=True),
    47: Stroke("Mid Tom", "D", 5),
    48: Stroke("High Mid Tom", "D", 5),
    49: Stroke("Crash Cymbal", "A", 5, "x"),
    50: Stroke("High Tom", "E", 5),
    51: Stroke("Ride Cymbal", "F", 5, "x"),
    52: Stroke("China Cymbal", "C", 6, "x"),
    53: Stroke("Ride Bell", "F", 5, "diamond"),
    54: Stroke("Tambourine", "D", 5, "triangle"),
    55: Stroke("Splash Cymbal", "B", 5, "x"),
    56: Stroke("Cowbell", "E", 5, "triangle"),
    57: Stroke("Crash Cymbal 2", "B", 5, "x"),
    58: Stroke("Vibraslap", "B", 4, "slash"),
    59: Stroke("Ride Cymbal 2", "F", 5, "x"),
    60: Stroke("High Bongo", "E", 5, "slash"),
    61: Stroke("Low Bongo", "D", 5, "slash"),
    62: Stroke("Mute High Conga", "E", 5, "x"),
    63: Stroke("High Conga", "D", 5, "slash"),
    64: Stroke("Low Conga", "B", 4, "slash"),
    65: Stroke("High Timbale", "E", 5, "slash"),
    66: Stroke("Low Timbale", "C", 5, "slash"),
    67: Stroke("High Agogo", "F", 5, "triangle"),
    68: Stroke("Low Agogo", "D", 5, "triangle"),
    69: Stroke("Cabasa", "G", 5, "slash"),
    70: Stroke("Shaker", "G", 5, "slash"),
    75: Stroke("Claves", "B", 5, "triangle"),
    76: Stroke("High Wood Block", "E", 5, "triangle"),
    77: Stroke("Low Wood Block", "B", 4, "triangle"),
    80: Stroke("Mute Triangle", "A", 5, "triangle"),
    81: Stroke("Open Triangle", "A", 5, "triangle"),
}


def stroke_of(pitch: int) -> Stroke:
    """How a percussion key is written; keys without a drum of their own get a slash."""
    return _STROKES.get(pitch) or Stroke(f"Percussion {pitch}", "C", 5, "slash")
