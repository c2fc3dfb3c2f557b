"""A song as a whole audio file: each part played alone, then balanced and encoded."""

from typing import Final

from musearoo.domain.song import Song, SongPart
from musearoo.ports.work import AudioFormat
from musearoo.render import mix, sound_file
from musearoo.render.programs import Preset, kit_preset, melodic_preset
from musearoo.render.synth import Samples, SynthName, choose, timed_notes

_COMMON_PROGRAMS: Final = (4, 27, 33, 48, 65, 80)


def render_audio(
    song: Song,
    format: AudioFormat,  # noqa: A002 - the port's word
    *,
    synth: SynthName = "sampler",
    bits: sound_file.Bits = 16,
) -> bytes:
    """The stereo mix at 44.1 kHz; the same song gives the same bytes.

    It lasts to the end of the last bar plus what still rings, at most 3 s more.
    `bits` (16 or 24) counts for WAV and FLAC.
    """
    return sound_file.encode(render_samples(song, synth=synth), format, bits=bits, title=song.title)


def render_samples(song: Song, *, synth: SynthName = "sampler") -> Samples:
    """The stereo mix as float32 of shape (2, n), peaks at most -1 dBFS."""
    player = choose(synth)
    bus = mix.bus(seconds(song))
    for part in song.parts:
        player.add(bus, preset_of(part), timed_notes(song, part), mix.sides(part.gain, part.pan))
    return mix.mastered(bus, seconds(song))


def seconds(song: Song) -> float:
    """From bar 0 to the end of the last bar."""
    return song.tempo_map.seconds_at(song.length) - song.tempo_map.origin_seconds


def preset_of(part: SongPart) -> Preset:
    """The preset of the sound font that plays a part."""
    return kit_preset(part.kit) if part.program is None else melodic_preset(part.program)


def warm_up(synth: SynthName = "sampler") -> None:
    """Decode the samples of the common presets: about half a second and 50 MB."""
    player = choose(synth)
    for program in _COMMON_PROGRAMS:
        player.load(melodic_preset(program))
    player.load(kit_preset(0))
