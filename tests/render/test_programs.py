"""No program and no kit is silent or out of tune, though the font has 22 of 128 + 8."""

import pytest

from musearoo.render import sf3
from musearoo.render.audio import preset_of, render_samples
from musearoo.render.programs import DRUM_BANK, kit_preset, melodic_preset
from musearoo.render.synth import choose
from tests.render.listening import cents_off, played, rms_db
from tests.unit.codecs.songs import note, part, song

BASS_SOUNDS = {32, 33, 36, 38}


def test_every_program_sounds_in_tune() -> None:
    synth = choose()
    for program in range(128):
        preset = melodic_preset(program)
        pitch = 43 if preset.program in BASS_SOUNDS else 62
        sound = played(synth, preset, (0.0, 0.6, pitch, 90))[:, 2000:28_000]
        assert -36 < rms_db(sound) < -14, program
        assert abs(cents_off(sound, pitch)) <= 12, program


@pytest.mark.parametrize("kit", [0, 1, 8, 16, 24, 25, 26, 32, 40, 48, 56, 127])
def test_every_kit_sounds(kit: int) -> None:
    beat = part([note(0, 120, 36), note(960, 120, 38), note(1440, 120, 42)], None, kit=kit)
    assert rms_db(render_samples(song(beat, bars=1))) > -40


def test_all_stand_ins_exist() -> None:
    presets = {melodic_preset(program) for program in range(128)}
    presets |= {kit_preset(kit) for kit in range(128)}
    assert {(preset.bank, preset.program) for preset in presets} == set(sf3.bundled().presets)


def test_programs_of_the_font_play_themselves() -> None:
    for bank, program in sf3.bundled().presets:
        chosen = kit_preset(program) if bank == DRUM_BANK else melodic_preset(program)
        assert (bank, program) == (chosen.bank, chosen.program)


def test_a_part_without_program_is_a_kit() -> None:
    assert kit_preset(25) == preset_of(part([], None, kit=25))
    assert melodic_preset(33) == preset_of(part([], 33))
