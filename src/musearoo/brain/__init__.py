"""BrainAroo: audio in, musical context out."""

from musearoo.brain.decode import Decoded, DecodeLimits, decode
from musearoo.brain.pipeline import analyze, analyze_file

__all__ = ["DecodeLimits", "Decoded", "analyze", "analyze_file", "decode"]
