"""The music of one part as measures (MusicXML 4.0, "note" and "measure")."""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from musearoo.codecs.musicxml.beams import beam
from musearoo.codecs.musicxml.leaves import STRAIGHT, TRIPLETS
from musearoo.codecs.musicxml.percussion import stroke_of
from musearoo.codecs.musicxml.spelling import diatonic_step, signature, spelled
from musearoo.codecs.musicxml.staves import Layout, Staff
from musearoo.codecs.musicxml.values import Event, Leaf
from musearoo.domain.music.chord import Chord
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter

DIVISIONS: Final = 24  # a quarter note; exact for 32nds and for sextuplets
_TICKS_PER_DIVISION: Final = 40
_ACCIDENTALS: Final = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_TIME_MODIFICATION: Final = (
    "<time-modification><actual-notes>3</actual-notes>"
    "<normal-notes>2</normal-notes></time-modification>"
)
ChordAt = Callable[[int], Chord | None]


class _Bar(msgspec.Struct):
    """The leaves of every voice of a staff in one bar."""

    voice: int
    leaves: list[Leaf]


def duration(ticks: int) -> int:
    """Ticks in divisions."""
    return ticks // _TICKS_PER_DIVISION


class PartWriter:
    """Writes the notes of one part, bar by bar."""

    def __init__(
        self, identity: str, layout: Layout, meter: Meter, key: Key, chord_at: ChordAt
    ) -> None:
        self._identity, self._layout = identity, layout
        self._meter, self._key, self._chord_at = meter, key, chord_at
        self._events = [
            [voice.by_bar(meter.bar_ticks) for voice in staff.voices] for staff in layout.staves
        ]

    def bar(self, index: int) -> str:
        """All voices of all staves of one bar, with a backup before each but the first."""
        written: list[str] = []
        for staff, events in zip(self._layout.staves, self._events, strict=True):
            voices = self._voices(staff, events, index)
            altered = self._accidentals(voices, index) if staff.clef.sign != "percussion" else {}
            for bar in voices:
                if written:
                    written.append(_backup(self._meter.bar_ticks))
                stem = (
                    ("up" if bar.voice % 4 == 1 else "down")
                    if self._is_divided(staff, voices)
                    else ""
                )
                written += self._voice(bar, staff, stem, altered, index)
        return "".join(written)

    def _is_divided(self, staff: Staff, voices: list[_Bar]) -> bool:
        return len(voices) > 1 or staff.clef.sign == "percussion"

    def _voices(self, staff: Staff, events: list[dict[int, list[Event]]], index: int) -> list[_Bar]:
        found: list[_Bar] = []
        for voice, by_bar in zip(staff.voices, events, strict=True):
            touching = by_bar.get(index, [])
            if not touching and found:
                continue
            leaves = self._layout.splitter.bar(index, touching, hidden_rests=voice.hidden_rests)
            beam(leaves, self._meter)
            found.append(_Bar(voice.number, leaves))
        return found

    def _accidentals(self, voices: list[_Bar], index: int) -> dict[tuple[int, int, int], str]:
        """(voice, leaf start, pitch) -> accidental to print, in the order a reader meets them."""
        state = dict[tuple[str, int], int]()
        usual = signature(self._key.fifths)
        printed = {}
        notes = sorted(
            (leaf.start, bar.voice, pitch, leaf.tied_from)
            for bar in voices
            for leaf in bar.leaves
            for pitch in leaf.pitches
        )
        for start, voice, pitch, tied in notes:
            letter, alter, octave = self._spelled(pitch, index, start)
            if tied:
                continue
            if state.get((letter, octave), usual[letter]) != alter:
                printed[voice, start, pitch] = _ACCIDENTALS[alter]
                state[letter, octave] = alter
        return printed

    def _spelled(self, pitch: int, index: int, start: int) -> tuple[str, int, int]:
        return spelled(pitch, self._key, self._chord_at(index * self._meter.bar_ticks + start))

    def _voice(
        self,
        bar: _Bar,
        staff: Staff,
        stem: str,
        altered: dict[tuple[int, int, int], str],
        index: int,
    ) -> Iterator[str]:
        for leaf in bar.leaves:
            tail = f"<staff>{staff.number}</staff>" if len(self._layout.staves) > 1 else ""
            if leaf.hidden:
                yield (
                    f"<forward><duration>{duration(leaf.length)}</duration>"
                    f"<voice>{bar.voice}</voice>{tail}</forward>"
                )
            elif not leaf.pitches:
                yield self._rest(leaf, bar.voice, tail)
            elif staff.clef.sign == "percussion":
                yield from self._strokes(leaf, bar.voice, stem)
            else:
                yield from self._chord(leaf, bar.voice, stem, tail, altered, index)

    def _rest(self, leaf: Leaf, voice: int, tail: str) -> str:
        whole = leaf.length == self._meter.bar_ticks
        kind = '<rest measure="yes"/>' if whole else "<rest/>"
        shape = "" if whole else _shape(leaf)
        tuplet = _notations(leaf, 0)
        return (
            f"<note>{kind}<duration>{duration(leaf.length)}</duration>"
            f"<voice>{voice}</voice>{shape}{_modification(leaf)}{tail}{tuplet}</note>"
        )

    def _chord(
        self,
        leaf: Leaf,
        voice: int,
        stem: str,
        tail: str,
        altered: dict[tuple[int, int, int], str],
        index: int,
    ) -> Iterator[str]:
        names = [(self._spelled(pitch, index, leaf.start), pitch) for pitch in leaf.pitches]
        names.sort(key=lambda named: diatonic_step(named[0][0], named[0][2]))
        ties = ('<tie type="stop"/>' if leaf.tied_from else "") + (
            '<tie type="start"/>' if leaf.tied_to else ""
        )
        shape, modification = _shape(leaf), _modification(leaf)
        for place, ((letter, alter, octave), pitch) in enumerate(names):
            alteration = f"<alter>{alter}</alter>" if alter else ""
            accidental = altered.get((voice, leaf.start, pitch))
            yield (
                f"<note>{'<chord/>' if place else ''}"
                f"<pitch><step>{letter}</step>{alteration}<octave>{octave}</octave></pitch>"
                f"<duration>{duration(leaf.length)}</duration>{ties}<voice>{voice}</voice>{shape}"
                + (f"<accidental>{accidental}</accidental>" if accidental else "")
                + modification
                + (f"<stem>{stem}</stem>" if stem else "")
                + tail
                + (_beams(leaf) if not place else "")
                + _notations(leaf, place)
                + "</note>"
            )

    def _strokes(self, leaf: Leaf, voice: int, stem: str) -> Iterator[str]:
        strokes = [(stroke_of(pitch), pitch) for pitch in leaf.pitches]
        strokes.sort(key=lambda found: diatonic_step(found[0].step, found[0].octave))
        for place, (stroke, pitch) in enumerate(strokes):
            head = "" if stroke.head == "normal" else f"<notehead>{stroke.head}</notehead>"
            extra = "<technical><open/></technical>" if stroke.open else ""
            yield (
                f"<note>{'<chord/>' if place else ''}"
                f"<unpitched><display-step>{stroke.step}</display-step>"
                f"<display-octave>{stroke.octave}</display-octave></unpitched>"
                f"<duration>{duration(leaf.length)}</duration>"
                f'<instrument id="{self._identity}-I{pitch}"/>'
                f"<voice>{voice}</voice>{_shape(leaf)}{_modification(leaf)}<stem>{stem}</stem>{head}"
                + (_beams(leaf) if not place else "")
                + _notations(leaf, place, extra)
                + "</note>"
            )


def _shape(leaf: Leaf) -> str:
    kind, dots = (TRIPLETS if leaf.triplet else STRAIGHT)[leaf.length]
    return f"<type>{kind}</type>" + "<dot/>" * dots


def _modification(leaf: Leaf) -> str:
    return _TIME_MODIFICATION if leaf.triplet else ""


def _beams(leaf: Leaf) -> str:
    return "".join(
        f'<beam number="{level}">{word}</beam>' for level, word in enumerate(leaf.beams, start=1)
    )


def _notations(leaf: Leaf, place: int, extra: str = "") -> str:
    """Ties and tuplet brackets; `place` is the index in the chord, 0 carries the bracket."""
    content = ""
    if leaf.pitches and leaf.tied_from:
        content += '<tied type="stop"/>'
    if leaf.pitches and leaf.tied_to:
        content += '<tied type="start"/>'
    if leaf.tuplet and not place:
        bracket = "" if leaf.beams else ' bracket="yes"'
        content += f'<tuplet type="{leaf.tuplet}"{bracket if leaf.tuplet == "start" else ""}/>'
    content += extra
    return f"<notations>{content}</notations>" if content else ""


def _backup(ticks: int) -> str:
    return f"<backup><duration>{duration(ticks)}</duration></backup>"
