"""BassaRoo plays the bass."""

from musearoo.engines.bassaroo.player import BassaRoo

engine = BassaRoo()
