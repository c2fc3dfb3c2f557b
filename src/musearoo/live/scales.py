"""Live's names of scales, and ours."""

from typing import Final

from musearoo.domain.music.key import Key

_MODES: Final = {
    "Major": "major",
    "Minor": "minor",
    "Dorian": "dorian",
    "Phrygian": "phrygian",
    "Lydian": "lydian",
    "Mixolydian": "mixolydian",
    "Locrian": "locrian",
    "Harmonic Minor": "harmonic minor",
    "Melodic Minor": "melodic minor",
    "Major Pentatonic": "major pentatonic",
    "Minor Pentatonic": "minor pentatonic",
    "Minor Blues": "blues",
}
_SCALES: Final = {mode: scale for scale, mode in _MODES.items()}


def key_of(root: int, scale: str) -> Key | None:
    """The key that Live's scale is; None for the scales that only Live has."""
    mode = _MODES.get(scale)
    return Key(root, mode) if mode is not None else None


def scale_of(key: Key) -> tuple[int, str]:
    """Root (0 to 11) and Live's name of a key."""
    return key.tonic, _SCALES[key.mode]
