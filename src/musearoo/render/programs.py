"""General MIDI programs and kits, each played by a preset that our sound font has.

The font carries 19 of the 128 programs and three kits (soundfont/README.md);
asked for any other, players answer with silence and without an error. So every
program is mapped to the nearest kin that exists: the same way of making sound
first, then register.
"""

from typing import Final

import msgspec

DRUM_BANK: Final = 128


class Preset(msgspec.Struct, frozen=True):
    """A preset of the font: bank 0, or 128 for drums, and program."""

    bank: int
    program: int

    @property
    def is_kit(self) -> bool:
        """Whether its keys are drums."""
        return self.bank == DRUM_BANK


# One row per General MIDI family of eight (GM level 1 sound set).
_STAND_INS: Final = (
    (0, 0, 0, 0, 4, 4, 24, 27),  # pianos: harpsichord plucks, clavinet is a clean guitar
    (11, 11, 11, 11, 11, 11, 11, 24),  # chromatic percussion
    (16, 16, 16, 16, 16, 16, 16, 16),  # organs
    (24, 24, 27, 27, 27, 29, 29, 27),  # guitars
    (32, 33, 33, 33, 36, 36, 38, 38),  # basses
    (48, 48, 48, 48, 48, 24, 24, 32),  # strings: pizzicato and harp are plucked
    (48, 48, 48, 48, 89, 89, 89, 61),  # ensembles
    (56, 56, 61, 56, 61, 61, 61, 61),  # brass
    (65, 65, 65, 65, 65, 65, 65, 73),  # reeds
    (73, 73, 73, 73, 73, 73, 73, 73),  # pipes
    (80, 81, 73, 80, 29, 89, 81, 81),  # synth leads
    (89, 89, 89, 89, 89, 89, 89, 89),  # synth pads
    (89, 89, 11, 89, 89, 89, 89, 81),  # synth effects
    (24, 24, 24, 24, 11, 65, 48, 65),  # world
    (11, 11, 11, 11, 32, 32, 38, 89),  # percussive
    (27, 73, 89, 73, 11, 89, 89, 38),  # sound effects
)
_KITS: Final = ((24, 0), (32, 25), (40, 0), (48, 40))  # (first kit beyond, stand-in)


def melodic_preset(program: int) -> Preset:
    """The preset that plays a General MIDI program (0-127)."""
    return Preset(0, _STAND_INS[program // 8][program % 8])


def kit_preset(kit: int) -> Preset:
    """The preset that plays a drum kit: electronic ones as 808, brushes as brushes."""
    return Preset(DRUM_BANK, next((preset for limit, preset in _KITS if kit < limit), 0))
