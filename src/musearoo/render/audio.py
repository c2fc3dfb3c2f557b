"""A song as a whole audio file: each part played alone, then balanced and encoded."""

from musearoo.domain.song import Song, SongPart
from musearoo.ports.work import AudioFormat
from musearoo.render import mix, sound_file
from musearoo.render.programs import Preset, kit_preset, melodic_preset
from musearoo.render.synth import Samples, SynthName, TimedNote, choose, timed_notes


def render_audio(
    song: Song,
    format: AudioFormat,  # noqa: A002 - the port's word
    *,
    synth: SynthName = "auto",
    bits: sound_file.Bits = 16,
) -> bytes:
    """The stereo mix at 44.1 kHz; the same song gives the same bytes.

    It lasts to the end of the last bar plus what still rings, at most 3 s more.
    `bits` (16 or 24) counts for WAV and FLAC.
    """
    return sound_file.encode(render_samples(song, synth=synth), format, bits=bits, title=song.title)


def render_samples(song: Song, *, synth: SynthName = "auto") -> Samples:
    """The stereo mix as float32 of shape (2, n), peaks at most -1 dBFS."""
    player = choose(synth)
    played = []
    for part in song.parts:
        preset = preset_of(part)
        samples = player.play(preset, timed_notes(song, part))
        played.append((samples, part.gain * preset.gain, part.pan))
    return mix.mixed(played, seconds(song))


def seconds(song: Song) -> float:
    """From bar 0 to the end of the last bar."""
    return song.tempo_map.seconds_at(song.length) - song.tempo_map.origin_seconds


def preset_of(part: SongPart) -> Preset:
    """The preset of the sound font that plays a part."""
    return kit_preset(part.kit) if part.program is None else melodic_preset(part.program)


def warm_up(synth: SynthName = "auto") -> None:
    """Load the synthesizer and the samples of the common presets (about a second)."""
    player = choose(synth)
    chord = tuple(
        TimedNote(0.0, 0.05, pitch, velocity)
        for pitch in range(28, 92, 3)
        for velocity in (40, 80, 110)
    )
    for program in (0, 4, 24, 27, 32, 33, 48, 65, 73):
        player.play(melodic_preset(program), chord)
    for kit in (0, 25, 40):
        player.play(kit_preset(kit), chord)
