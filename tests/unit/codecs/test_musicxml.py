"""Songs as scores: complete measures in every meter, read back by hand."""

from typing import Any

import pytest
from hypothesis import given

from musearoo.codecs.musicxml import encode
from musearoo.domain.context import Section
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import Note
from musearoo.domain.music.tempo_map import TempoChange, TempoMap
from musearoo.domain.song import Song, SongPart
from tests.unit.codecs.scores import Written, number, read_score, tree
from tests.unit.codecs.songs import BAR, METERS, funk, note, part, song, songs

TICKS = 40  # to a division


def bar_of(
    part_notes: list[Note], meter: str = "4/4", program: int | None = 73, **more: Any
) -> Any:
    return tree(encode(song(part(part_notes, program), bars=1, meter=Meter.parse(meter), **more)))


def shapes(score: Any) -> list[str]:
    """The first part in short: q quarter, e eighth, "." dot, "~" tied on, "3" triplet, r rest."""
    letters = {"whole": "w", "half": "h", "quarter": "q", "eighth": "e", "16th": "s", "32nd": "t"}
    words = []
    for found in score.find("part").iter("note"):
        if found.find("chord") is None:
            word = letters.get(found.findtext("type") or "", "bar") + "." * len(
                found.findall("dot")
            )
            word += "3" if found.find("time-modification") is not None else ""
            word += "~" if found.find("tie[@type='start']") is not None else ""
            words.append(("r" if found.find("rest") is not None else "") + word)
    return words


def line(*lengths: int) -> list[Note]:
    """Notes one after another; a negative length is a rest."""
    notes, now = [], 0
    for length in lengths:
        if length > 0:
            notes.append(note(now, length))
        now += abs(length)
    return notes


def starts_and_pitches(notes: list[Written]) -> list[tuple[int, str]]:
    return sorted((read.start, read.pitch) for read in notes)


class TestMeasures:
    @given(songs())
    def test_every_measure_adds_up_in_any_song(self, any_song: Song) -> None:
        """`read_score` fails on gaps, overlaps, wrong symbols, open ties, beams or tuplets."""
        octets = encode(any_song)
        assert octets == encode(any_song)
        parts = read_score(octets)
        assert len(any_song.parts) == len(parts)
        for given_part, read in zip(any_song.parts, parts, strict=True):
            assert {str(n.pitch) for n in given_part.notes} == {found.pitch for found in read}

    def test_a_song_on_the_grid_keeps_every_onset_and_pitch(self) -> None:
        given_song = funk()
        for given_part, read in zip(given_song.parts, read_score(encode(given_song)), strict=True):
            expected = sorted((n.start // TICKS, str(n.pitch)) for n in given_part.notes)
            assert expected == starts_and_pitches(read)

    @pytest.mark.parametrize(
        ("meter", "lengths", "expected"),
        [
            ("4/4", (3840,), "w"),
            ("4/4", (480, 960, 480, 1920), "e q e h"),
            ("4/4", (1440, 960, 1440), "q. e~ e q."),
            ("4/4", (960, 1920, 960), "q h q"),
            ("4/4", (720, 480, 720, 1920), "e. s~ s e. h"),
            ("4/4", (240, 480, 240, -2880), "s e s rq rh"),
            ("4/4", (-480, 480, -1920, 960), "re e rq rq q"),
            ("3/4", (2880,), "h."),
            ("3/4", (960, 1920), "q h"),
            ("5/4", (4800,), "h.~ h"),
            ("6/8", (1440, 1440), "q. q."),
            ("6/8", (960, 960, 960), "q e~ e q"),
            ("6/8", (2880,), "h."),
            ("6/8", (-1440, 480, -960), "rq. e rq"),
            ("12/8", (5760,), "w."),
            ("7/8 2+2+3", (3360,), "h~ q."),
            ("7/8 3+2+2", (3360,), "q.~ h"),
            ("7/8 2+2+3", (480, 960, 480, 1440), "e e~ e e q."),
            ("2/2", (1920, 960, 960), "h q q"),
            ("4/4", (320, 320, 320, 2880), "e3 e3 e3 h."),
            ("4/4", (640, 320, 2880), "q3 e3 h."),
            ("4/4", (160, 160, 160, 480, 2880), "s3 s3 s3 e.3 h."),
            ("4/4", (-640, 320, 960, 1920), "rq3 e3 q h"),
            ("4/4", (120, 120, 120, 600, 2880), "t t t t~ e h."),
        ],
    )
    def test_rhythm_is_written_as_a_musician_would(
        self, meter: str, lengths: tuple[int, ...], expected: str
    ) -> None:
        assert expected.split() == shapes(bar_of(line(*lengths), meter))

    @pytest.mark.parametrize("meter", METERS)
    def test_the_finest_grid_fits_every_meter(self, meter: str) -> None:
        value = Meter.parse(meter)
        notes = [note(at, 120, 60 + at // 120 % 5) for at in range(0, 2 * value.bar_ticks, 120)]
        for program in (73, None):
            (read,) = read_score(encode(song(part(notes, program), meter=value)))
            assert sorted((n.start // TICKS, str(n.pitch)) for n in notes) == starts_and_pitches(
                read
            )

    def test_an_empty_bar_is_one_rest(self) -> None:
        assert ["rbar", "rbar"] == shapes(tree(encode(song(part([], 0)))))

    def test_a_song_without_parts_is_well_formed(self) -> None:
        assert not tree(encode(song())).findall("part")

    def test_notes_beyond_the_last_bar_get_a_bar(self) -> None:
        assert 3 == len(tree(encode(song(part([note(2 * BAR, 960)])))).findall("part/measure"))


class TestVoices:
    def test_a_held_note_under_a_moving_one_gets_a_voice(self) -> None:
        notes = [note(0, 3840, 48), *(note(at * 960, 960, 72) for at in range(4))]
        (read,) = read_score(encode(song(part(notes, 73), bars=1)))
        voices = {found.pitch: found.voice for found in read}
        assert {"72": "1", "48": "2"} == voices
        assert [96] == [found.length for found in read if found.pitch == "48"]

    def test_what_moves_above_takes_the_upper_voice(self) -> None:
        notes = [note(0, 3840, 60), note(960, 960, 72), note(1920, 960, 74)]
        (read,) = read_score(encode(song(part(notes, 73), bars=1)))
        assert {"60": "2", "72": "1", "74": "1"} == {found.pitch: found.voice for found in read}

    def test_legato_overlap_stays_one_voice(self) -> None:
        notes = [note(0, 1100, 60), note(960, 960, 62)]
        (read,) = read_score(encode(song(part(notes, 73), bars=1)))
        assert {"1"} == {found.voice for found in read}

    def test_three_layers_are_written_in_two_voices(self) -> None:
        notes = [note(0, 3840, 48), note(240, 3360, 60), note(960, 480, 72), note(960, 960, 76)]
        (read,) = read_score(encode(song(part(notes, 73), bars=1)))
        assert {"48", "60", "72", "76"} == {found.pitch for found in read}

    def test_a_key_struck_again_ends_what_it_held(self) -> None:
        notes = [note(0, 3840, 60), note(960, 960, 60)]
        (read,) = read_score(encode(song(part(notes, 73), bars=1)))
        assert [(0, 24), (24, 24)] == [(found.start, found.length) for found in read]

    def test_staccato_is_written_as_its_beat(self) -> None:
        assert ["e"] * 8 == shapes(bar_of([note(at * 480, 260) for at in range(8)]))

    def test_a_wide_keyboard_part_gets_two_staves(self) -> None:
        notes = [note(0, 1920, 40), note(0, 1920, 64), note(0, 1920, 67), note(1920, 1920, 62)]
        score = bar_of(notes, program=0)
        assert "2" == score.findtext("part/measure/attributes/staves")
        staves = [(n.findtext("pitch/octave"), n.findtext("staff")) for n in score.iter("note")]
        assert [("2", "2"), ("4", "1"), ("4", "1"), ("4", "1")] == sorted(
            (octave, staff) for octave, staff in staves if octave
        )


class TestPitches:
    @pytest.mark.parametrize(
        ("key", "chord", "pitch", "expected"),
        [
            ("C major", None, 61, "C1"), ("C major", None, 63, "E-1"), ("C major", None, 66, "F1"),
            ("C major", None, 70, "B-1"), ("A minor", None, 68, "G1"), ("F minor", None, 61, "D-1"),
            ("E major", None, 63, "D1"), ("F# major", None, 65, "E1"),
            ("Db major", None, 66, "G-1"),
            ("C major", "Ab:maj", 63, "E-1"), ("C major", "Ab:7", 66, "G-1"),
            ("C major", "B:7", 63, "D1"), ("G major", "D#:dim7", 60, "C0"),
            ("C minor", "C:minmaj7", 71, "B0"), ("Bb major", "E:hdim7", 70, "B-1"),
        ],
    )  # fmt: skip
    def test_spelling(self, key: str, chord: str | None, pitch: int, expected: str) -> None:
        spans = (ChordSpan(0, BAR, Chord.parse(chord)),) if chord else ()
        score = bar_of([note(0, 960, pitch)], key=Key.parse(key), chords=spans)
        found = next(score.iter("pitch"))
        assert expected == f"{found.findtext('step')}{number(found, 'alter')}"

    def test_octave_of_b_sharp_and_c_flat(self) -> None:
        score = bar_of(
            [note(0, 960, 60)],
            key=Key.parse("C# minor"),
            chords=(ChordSpan(0, BAR, Chord(8, "maj")),),
        )
        found = next(score.iter("pitch"))
        assert ("B", 1, 3) == (
            found.findtext("step"),
            number(found, "alter"),
            number(found, "octave"),
        )

    def test_accidentals_are_shown_once_a_bar_and_taken_back(self) -> None:
        pitches = (66, 66, 65, 78, 65)
        notes = [note(index * 960, 960, pitch) for index, pitch in enumerate(pitches)]
        score = tree(encode(song(part(notes, 73))))
        assert ["sharp", None, "natural", "sharp", None] == [
            found.findtext("accidental")
            for found in score.iter("note")
            if found.find("pitch") is not None
        ]

    def test_a_tied_note_needs_no_accidental_in_the_next_bar(self) -> None:
        score = tree(encode(song(part([note(2880, 1920, 66), note(4800, 960, 66)], 73))))
        found = [
            n.findtext("accidental") for n in score.iter("note") if n.find("pitch") is not None
        ]
        assert ["sharp", None, "sharp"] == found

    @pytest.mark.parametrize(
        ("program", "pitches", "clef"),
        [
            (73, (72, 84), ("G", 0)), (73, (96, 100), ("G", 1)), (33, (28, 40), ("F", -1)),
            (33, (48, 55), ("F", 0)), (43, (40, 50), ("F", 0)), (24, (45, 60), ("G", -1)),
            (24, (70, 80), ("G", 0)), (0, (40, 45), ("F", 0)),
        ],
    )  # fmt: skip
    def test_clef_follows_the_range(
        self, program: int, pitches: tuple[int, ...], clef: tuple[str, int]
    ) -> None:
        score = bar_of([note(i * 960, 960, p) for i, p in enumerate(pitches)], program=program)
        found = score.find("part/measure/attributes/clef")
        assert clef == (found.findtext("sign"), number(found, "clef-octave-change"))


class TestBeams:
    @pytest.mark.parametrize(
        ("meter", "lengths", "expected"),
        [
            ("4/4", (480,) * 8, "begin continue continue end begin continue continue end"),
            ("4/4", (480, 480, 960, 480, 240, 240, -960), "begin end - begin continue end -"),
            ("7/8 2+2+3", (480,) * 7, "begin end begin end begin continue end"),
            ("7/8 3+2+2", (480,) * 7, "begin continue end begin end begin end"),
            ("6/8", (480,) * 6, "begin continue end begin continue end"),
            ("3/4", (480,) * 6, "begin end begin end begin end"),
            ("4/4", (480, -480, 480, 480, 1920), "- - begin end -"),
        ],
    )
    def test_beams_show_the_beats(
        self, meter: str, lengths: tuple[int, ...], expected: str
    ) -> None:
        score = bar_of(line(*lengths), meter)
        found = [n.findtext("beam") or "-" for n in score.iter("note")]
        assert expected.split() == found[: len(expected.split())]

    def test_dotted_rhythm_has_a_hook(self) -> None:
        score = bar_of(line(720, 240, 240, 720, -1920))
        hooks = [n.findtext("beam[@number='2']") for n in score.iter("note")]
        assert [None, "backward hook", "forward hook", None, None] == hooks


class TestDrums:
    def test_hands_and_feet_are_two_voices_on_a_percussion_staff(self) -> None:
        beat = [
            note(0, 100, 36),
            note(0, 100, 42),
            note(480, 100, 42),
            note(960, 100, 38),
            note(1440, 100, 46),
        ]
        score = bar_of(beat, program=None)
        assert "percussion" == score.findtext("part/measure/attributes/clef/sign")
        found = {
            n.find("instrument").get("id"): (
                n.findtext("voice"), n.findtext("stem"), n.findtext("notehead") or "normal",
                n.findtext("unpitched/display-step") + n.findtext("unpitched/display-octave"),
            )
            for n in score.iter("note")
            if n.find("unpitched") is not None
        }  # fmt: skip
        assert {
            "P1-I36": ("2", "down", "normal", "F4"),
            "P1-I38": ("1", "up", "normal", "C5"),
            "P1-I42": ("1", "up", "x", "G5"),
            "P1-I46": ("1", "up", "x", "G5"),
        } == found
        assert 1 == len(score.findall(".//technical/open"))

    def test_each_drum_names_its_midi_key(self) -> None:
        score = bar_of([note(0, 100, 36), note(0, 100, 81), note(0, 100, 20)], program=None)
        names = {i.get("id"): i.findtext("instrument-name") for i in score.iter("score-instrument")}
        assert {
            "P1-I20": "Percussion 20",
            "P1-I36": "Bass Drum",
            "P1-I81": "Open Triangle",
        } == names
        keys = {i.get("id"): number(i, "midi-unpitched") for i in score.iter("midi-instrument")}
        assert {"P1-I20": 21, "P1-I36": 37, "P1-I81": 82} == keys

    def test_strokes_are_written_up_to_the_next_or_the_beat(self) -> None:
        assert ["e.", "s", "q", "rh"] == shapes(
            bar_of([note(0, 30, 38), note(720, 30, 38), note(960, 30, 38)], program=None)
        )


class TestSwing:
    def swung(self, late: int) -> list[Note]:
        return [note(beat * 960 + at, 200, 60) for beat in range(8) for at in (0, late)]

    @pytest.mark.parametrize("late", [600, 640, 660])
    def test_swung_eighths_are_written_straight(self, late: int) -> None:
        score = tree(encode(song(part(self.swung(late), 73))))
        assert ["e"] * 16 == shapes(score)
        assert "Swing" == score.findtext(".//words")
        assert "eighth" == score.findtext(".//swing/swing-type")

    def test_triplets_stay_triplets(self) -> None:
        notes = [note(beat * 960 + at, 300, 60) for beat in range(8) for at in (0, 320, 640)]
        score = tree(encode(song(part(notes, 73))))
        assert ["e3"] * 24 == shapes(score)
        assert score.find(".//words") is None

    def test_a_true_triplet_among_swung_eighths(self) -> None:
        notes = [*self.swung(640), *(note(2 * BAR + at, 300, 60) for at in (0, 320, 640))]
        found = shapes(tree(encode(song(part(notes, 73), bars=3))))
        assert ["e3", "e3", "e3"] == found[16:19]

    def test_swung_sixteenths(self) -> None:
        notes = [note(beat * 480 + at, 100, 60) for beat in range(16) for at in (0, 290)]
        score = tree(encode(song(part(notes, 73))))
        assert ["s"] * 32 == shapes(score)
        assert "Swing 16ths" == score.findtext(".//words")

    def test_swing_by_microtiming_is_only_named(self) -> None:
        late = [note(beat * 960 + 480, 400, 60, offset_us=83_333) for beat in range(8)]
        notes = [*(note(beat * 960, 400, 60) for beat in range(8)), *late]
        score = tree(encode(song(part(notes, 73))))
        assert ["e"] * 16 == shapes(score)
        assert "Swing" == score.findtext(".//words")

    def test_straight_music_is_not_called_swing(self) -> None:
        assert tree(encode(funk())).find(".//words") is None


class TestAbove:
    def test_chord_symbols(self) -> None:
        symbols = ("C:maj", "A:min7/C", "Bb:7", "F#:hdim7", "G:sus4(b7)")
        spans = tuple(ChordSpan(i * 480, 480, Chord.parse(s)) for i, s in enumerate(symbols))
        score = bar_of([note(0)], chords=spans)
        found = [
            (h.findtext("root/root-step"), number(h, "root/root-alter"), h.findtext("kind"),
             h.findtext("bass/bass-step"))
            for h in score.iter("harmony")
        ]  # fmt: skip
        assert [
            ("C", 0, "major", None), ("A", 0, "minor-seventh", "C"), ("B", -1, "dominant", None),
            ("F", 1, "half-diminished", None), ("G", 0, "suspended-fourth", None),
        ] == found  # fmt: skip

    def test_a_chord_symbol_is_not_repeated(self) -> None:
        assert 5 == len(list(tree(encode(funk())).iter("harmony")))

    def test_tempo_of_a_compound_meter_counts_dotted_beats(self) -> None:
        score = bar_of([note(0)], "6/8", bpm=120.0)
        assert "80" == score.findtext(".//metronome/per-minute")
        assert score.find(".//metronome/beat-unit-dot") is not None
        assert "120" == score.find(".//sound[@tempo]").get("tempo")

    def test_small_tempo_changes_sound_but_do_not_show(self) -> None:
        changes = (TempoChange(0, 100.0), TempoChange(960, 101.0), TempoChange(1920, 120.0))
        score = bar_of([note(0)], tempo_map=TempoMap(changes))
        assert ["100", "101", "120"] == [
            s.get("tempo") for s in score.iter("sound") if s.get("tempo")
        ]
        assert ["100", "120"] == [m.findtext("per-minute") for m in score.iter("metronome")]

    def test_sections_are_rehearsal_marks_behind_double_bars(self) -> None:
        score = tree(encode(funk()))
        assert ["A", "B"] == [mark.text for mark in score.iter("rehearsal")]
        styles = [m.findtext("barline/bar-style") for m in score.find("part").findall("measure")]  # type: ignore[union-attr]
        assert ["light-light", None, None, None, "light-heavy"] == styles[3:]

    def test_lines_begin_with_phrases(self) -> None:
        score = tree(encode(funk()))
        first = score.find("part")
        assert first is not None
        lines = [
            m.get("number")
            for m in first.findall("measure")
            if m.find("print[@new-system]") is not None
        ]
        assert ["5"] == lines

    def test_dense_bars_get_shorter_lines(self) -> None:
        notes = [note(at * 120, 100) for at in range(4 * 32)]
        score = tree(encode(song(part(notes, 73), bars=4)))
        lines = [
            m.get("number")
            for m in score.iter("measure")
            if m.find("print[@new-system]") is not None
        ]
        assert ["3"] == lines


class TestNames:
    HOSTILE = "<&>\"'\x00\x1b\ud800 ]]> 🎸" + "x" * 500

    def test_hostile_names_are_escaped(self) -> None:
        named = song(
            part([note(0)], title=self.HOSTILE),
            title=self.HOSTILE,
            sections=(Section(self.HOSTILE, 0, 1),),
        )
        score = tree(encode(named))
        title = score.findtext("work/work-title") or ""
        assert title.startswith("<&>\"'   ")
        assert 300 == len(title)

    def test_nameless_things_have_names(self) -> None:
        score = tree(encode(song(SongPart(name="", title="", notes=(), program=1), title="")))
        assert ("Untitled", "P1") == (
            score.findtext("work/work-title"),
            score.findtext(".//part-name"),
        )
