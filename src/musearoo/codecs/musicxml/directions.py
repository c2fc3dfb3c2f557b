"""What stands above the staves: chord symbols, tempo, swing and rehearsal marks."""

from typing import Final

from musearoo.codecs.musicxml.elements import element, wrapped
from musearoo.codecs.musicxml.quantise import Swing
from musearoo.codecs.musicxml.spelling import name, root_name
from musearoo.domain.music.chord import Chord
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter

_KINDS: Final = {
    "maj": ("major", ""), "min": ("minor", "m"), "dim": ("diminished", "dim"),
    "aug": ("augmented", "+"),
    "sus2": ("suspended-second", "sus2"), "sus4": ("suspended-fourth", "sus4"), "5": ("power", "5"),
    "7": ("dominant", "7"), "maj7": ("major-seventh", "maj7"), "min7": ("minor-seventh", "m7"),
    "minmaj7": ("major-minor", "m(maj7)"), "dim7": ("diminished-seventh", "dim7"),
    "hdim7": ("half-diminished", "m7♭5"),
    "maj6": ("major-sixth", "6"), "min6": ("minor-sixth", "m6"),
    "9": ("dominant-ninth", "9"), "maj9": ("major-ninth", "maj9"), "min9": ("minor-ninth", "m9"),
    "sus4(b7)": ("suspended-fourth", "7sus4"),
}  # fmt: skip


def harmony(chord: Chord, key: Key) -> str:
    """A chord symbol (MusicXML 4.0, "harmony")."""
    kind, text = _KINDS[chord.quality]
    content = _note("root", root_name(chord, key)) + element("kind", kind, text=text)
    if chord.bass is not None and chord.bass != chord.root:
        content += _note("bass", name(chord.bass, key, chord))
    if chord.quality == "sus4(b7)":
        content += wrapped(
            "degree",
            element("degree-value", 7, print_object="no")
            + element("degree-alter", 0)
            + element("degree-type", "add"),
            print_object="no",
        )
    return wrapped("harmony", content, placement="above")


def _note(role: str, spelled: tuple[str, int]) -> str:
    letter, alter = spelled
    content = element(f"{role}-step", letter)
    if alter:
        content += element(f"{role}-alter", alter)
    return wrapped(role, content)


def tempo(bpm: float, meter: Meter) -> str:
    """A metronome mark in beats of the meter, and the sound in quarters a minute."""
    dotted = meter.is_compound and meter.denominator == 8
    unit = element("beat-unit", "quarter") + (element("beat-unit-dot") if dotted else "")
    shown = bpm * 2 / 3 if dotted else bpm
    mark = wrapped("metronome", unit + element("per-minute", f"{shown:.4g}"))
    return _direction(wrapped("direction-type", mark) + element("sound", tempo=f"{bpm:.6g}"))


def silent_tempo(bpm: float) -> str:
    """A change too small to print."""
    return element("sound", tempo=f"{bpm:.6g}")


def swing(found: Swing) -> str:
    """The word for players and the ratio for programs (MusicXML 4.0, "swing")."""
    pair = 960 if found.unit == "eighth" else 480
    long, short = _ratio(found.late / pair)
    feel = element("first", long) + element("second", short) + element("swing-type", found.unit)
    word = "Swing" if found.unit == "eighth" else "Swing 16ths"
    return _direction(
        wrapped("direction-type", element("words", word, font_style="italic"))
        + wrapped("sound", wrapped("swing", feel))
    )


def _ratio(share: float) -> tuple[int, int]:
    """The nearest of the usual ratios of long to short."""
    ratios = ((5, 4), (4, 3), (3, 2), (5, 3), (2, 1), (5, 2), (3, 1))
    return min(ratios, key=lambda ratio: abs(ratio[0] / sum(ratio) - share))


def rehearsal(label: str) -> str:
    return _direction(wrapped("direction-type", element("rehearsal", label)))


def _direction(content: str) -> str:
    return wrapped("direction", content, placement="above")
