"""HarmonyRoo: chords that move little and comp in the style's rhythm."""

from musearoo.engines.harmonyroo.engine import HarmonyRoo

engine = HarmonyRoo()
