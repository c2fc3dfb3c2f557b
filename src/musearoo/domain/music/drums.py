"""General MIDI percussion, by the piece names that DrummaRoo uses as voices."""

from typing import Final

DRUM_PITCHES: Final = {
    "kick": 36, "snare": 38, "rimshot": 37, "clap": 39, "closed hat": 42, "pedal hat": 44,
    "open hat": 46, "low tom": 45, "mid tom": 47, "high tom": 50, "floor tom": 43, "crash": 49,
    "ride": 51, "ride bell": 53, "splash": 55, "crash 2": 57, "tambourine": 54, "cowbell": 56,
    "shaker": 70, "clave": 75, "high conga": 63, "low conga": 64,
}  # fmt: skip
