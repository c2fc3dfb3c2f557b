"""MelodyRoo: motifs, phrases and breath over the chords that sound."""

from musearoo.engines.melodyroo.engine import MelodyRoo

engine = MelodyRoo()
