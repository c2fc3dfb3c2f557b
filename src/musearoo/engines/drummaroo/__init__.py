"""DrummaRoo plays the drums."""

from musearoo.engines.drummaroo.player import DrummaRoo

engine = DrummaRoo()
