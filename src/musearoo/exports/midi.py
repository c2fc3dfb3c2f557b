"""The song as a Standard MIDI File, for every sequencer."""

from typing import Final

from musearoo.codecs import midi
from musearoo.domain.song import Song


class MidiExport:
    """Format 1, 960 ticks a quarter note: a conductor track and one track per part."""

    format: Final = "midi"
    media_type: Final = "audio/midi"
    suffix: Final = ".mid"

    def export(self, song: Song) -> bytes:
        return midi.encode(song)
