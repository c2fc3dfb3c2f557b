"""What every `Synth` promises: our sampler, and symusic."""

import numpy as np
import pytest

from musearoo.render import sf3
from musearoo.render.programs import DRUM_BANK, Preset
from musearoo.render.synth import SAMPLE_RATE, Synth, SynthName, TimedNote, choose
from tests.render.listening import cents_off, harmonic_share, onset, peak_db, played, rms_db

MELODIC = tuple(program for bank, program in sf3.bundled().presets if bank != DRUM_BANK)
KITS = tuple(program for bank, program in sf3.bundled().presets if bank == DRUM_BANK)
BASSES = range(32, 40)
ORGAN = 16  # its 16' stop sounds an octave below the key
DRUMS = (36, 38, 42, 45, 46, 49, 51)


@pytest.fixture(scope="module", params=["sampler", "symusic"])
def synth(request: pytest.FixtureRequest) -> Synth:
    name: SynthName = request.param
    return choose(name)


@pytest.mark.parametrize("program", MELODIC)
def test_every_preset_is_heard_and_in_tune(synth: Synth, program: int) -> None:
    for pitch in (36, 48) if program in BASSES else (48, 60, 72):
        sound = played(synth, Preset(0, program), (0.0, 1.0, pitch, 90))[:, :SAMPLE_RATE]
        assert -40 < rms_db(sound) < -10
        assert abs(cents_off(sound[:, 2000:], pitch)) <= 15
        share = harmonic_share(sound[:, 2000:], pitch - 12 * (program == ORGAN))
        assert share > 0.85


@pytest.mark.parametrize("kit", KITS)
@pytest.mark.parametrize("pitch", DRUMS)
def test_every_drum_is_heard(synth: Synth, kit: int, pitch: int) -> None:
    assert peak_db(played(synth, Preset(DRUM_BANK, kit), (0.0, 0.1, pitch, 110))) > -40


def test_notes_begin_when_they_should(synth: Synth) -> None:
    sound = played(synth, Preset(DRUM_BANK, 0), (0.5, 0.1, 38, 110))
    assert pytest.approx(0.5, abs=0.004) == onset(sound)


def test_louder_keys_sound_louder(synth: Synth) -> None:
    for preset, pitch in ((Preset(0, 33), 40), (Preset(0, 4), 60), (Preset(DRUM_BANK, 0), 38)):
        levels = [rms_db(played(synth, preset, (0.0, 0.3, pitch, v))) for v in (30, 60, 90, 120)]
        assert levels == sorted(levels)
        assert levels[3] - levels[0] > 9


def test_levels_of_presets_are_even(synth: Synth) -> None:
    scale = [(0.5 * i, 0.45, 55 + up, 90) for i, up in enumerate((0, 7))]
    levels = {p: rms_db(played(synth, Preset(0, p), *scale)) for p in MELODIC if p not in BASSES}
    assert max(levels.values()) - min(levels.values()) < 12


def test_a_drum_rings_out_after_a_short_key(synth: Synth) -> None:
    sound = played(synth, Preset(DRUM_BANK, 0), (0.0, 0.05, 46, 100))
    assert sound.shape[1] > 2 * SAMPLE_RATE
    assert rms_db(sound[:, SAMPLE_RATE // 4 : SAMPLE_RATE // 2]) > -45


def test_a_closing_hat_chokes_an_open_one(synth: Synth) -> None:
    kit = Preset(DRUM_BANK, 0)
    tail = slice(round(1.4 * SAMPLE_RATE), 2 * SAMPLE_RATE)
    ringing = played(synth, kit, (0.0, 0.1, 46, 100), (3.0, 0.1, 36, 1))
    choked = played(synth, kit, (0.0, 0.1, 46, 100), (0.5, 0.1, 42, 100), (3.0, 0.1, 36, 1))
    assert rms_db(choked[:, tail]) < rms_db(ringing[:, tail]) - 20


def test_nothing_played_is_no_samples(synth: Synth) -> None:
    assert (2, 0) == played(synth, Preset(0, 0)).shape


def test_parts_add_up_with_their_gains(synth: Synth) -> None:
    note, bus = TimedNote(0.0, 0.2, 60, 90), np.ones((2, SAMPLE_RATE), np.float32)
    alone = played(synth, Preset(0, 4), (0.0, 0.2, 60, 90))[:, :SAMPLE_RATE]
    synth.add(bus, Preset(0, 4), [note], (0.0, 0.5))
    assert np.allclose(bus[0], 1)
    assert np.allclose(bus[1, : alone.shape[1]], 1 + 0.5 * alone[1], atol=1e-6)


def test_what_rings_beyond_the_mix_is_lost(synth: Synth) -> None:
    whole = played(synth, Preset(DRUM_BANK, 0), (0.0, 0.3, 46, 90))
    for frames in (1, 1000, 20_000):
        bus = np.zeros((2, frames), np.float32)
        synth.add(bus, Preset(DRUM_BANK, 0), [TimedNote(0.0, 0.3, 46, 90)])
        assert np.allclose(bus, whole[:, :frames])


def test_what_was_played_before_changes_no_bit(synth: Synth) -> None:
    """Caches are filled by other lengths and velocities in between."""
    riff = [(0.25 * i, 0.2, 40 + i, 60 + 5 * i) for i in range(3)]
    for preset in (Preset(0, 4), Preset(0, 38), Preset(DRUM_BANK, 0)):
        first = played(synth, preset, *riff)
        played(synth, preset, *((s, 1.5, p, 127 - v) for s, _, p, v in riff))
        assert np.array_equal(first, played(synth, preset, *riff))


def test_both_play_the_same_pitches_and_times() -> None:
    """The two adapters share no code but the font."""
    riff = [(0.5 * i, 0.4, 55 + 2 * i, 90) for i in range(6)]
    ours = played(choose("sampler"), Preset(0, 65), *riff)
    theirs = played(choose("symusic"), Preset(0, 65), *riff)
    for start, _, pitch, _ in riff:
        window = slice(round((start + 0.05) * SAMPLE_RATE), round((start + 0.38) * SAMPLE_RATE))
        assert abs(cents_off(ours[:, window], pitch) - cents_off(theirs[:, window], pitch)) <= 8
        assert abs(rms_db(ours[:, window]) - rms_db(theirs[:, window])) < 3
