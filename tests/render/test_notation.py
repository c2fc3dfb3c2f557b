"""Songs as pictures: one valid SVG, the same twice, never a blank page."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings

from musearoo.codecs import musicxml
from musearoo.domain.errors import Unavailable
from musearoo.domain.music.meter import Meter
from musearoo.domain.song import Song
from musearoo.render.notation import engraved, render_svg, warm_up
from tests.unit.codecs.songs import METERS, funk, note, part, song, songs

SVG = "{http://www.w3.org/2000/svg}"
PRIVATE_USE = re.compile("[\ue000-\uf8ff]")


def classes(picture: ET.Element, name: str) -> int:
    return sum(name in (element.get("class") or "").split() for element in picture.iter())


class TestPicture:
    def test_everything_is_drawn(self) -> None:
        picture = ET.fromstring(render_svg(funk()))
        assert SVG + "svg" == picture.tag
        assert 8 == classes(picture, "measure")
        assert classes(picture, "note") >= sum(len(p.notes) for p in funk().parts)
        assert (5, 2) == (classes(picture, "harm"), classes(picture, "reh"))
        words = "".join(picture.itertext())
        for expected in (
            "Greasy Spoon",
            "Melody",
            "Drums",
            "Em7",
            "Cmaj7",
            "♩ = 110".replace(" ", "\xa0"),
        ):
            assert expected in words or expected.replace("\xa0", " ") in words

    def test_same_song_same_bytes(self) -> None:
        assert render_svg(funk()) == render_svg(funk())

    def test_different_songs_have_different_ids(self) -> None:
        """Two pictures on one page must not share ids."""
        one, other = render_svg(funk()), render_svg(song(part([note(0)])))
        ids = [set(re.findall(rb'id="([\w-]+)"', picture)) for picture in (one, other)]
        assert not ids[0] & ids[1]

    def test_it_is_named_for_those_who_cannot_see_it(self) -> None:
        picture = ET.fromstring(render_svg(funk()))
        named = {picture.find(f"{SVG}{kind}").get("id") for kind in ("title", "desc")}  # type: ignore[union-attr]
        assert "img" == picture.get("role")
        assert named == set((picture.get("aria-labelledby") or "").split())
        assert "Greasy Spoon" == picture.findtext(f"{SVG}title")
        description = picture.findtext(f"{SVG}desc") or ""
        assert "Melody, Harmony, Bass, Drums: 8 bars of 4/4 in E minor at 110 bpm" in description

    def test_no_sign_needs_a_font_that_only_verovio_has(self) -> None:
        text = render_svg(funk()).decode()
        assert "font-face" not in text
        assert not PRIVATE_USE.search(text)

    def test_drums_have_crosses_and_open_hats_circles(self) -> None:
        text = render_svg(song(part([note(0, 100, 42), note(480, 100, 46)], None))).decode()
        assert "#E0A9" in text  # noteheadXBlack
        assert 'class="artic' in text

    @pytest.mark.parametrize("meter", METERS)
    def test_every_meter(self, meter: str) -> None:
        value = Meter.parse(meter)
        notes = [note(at, 200, 60) for at in range(0, value.bar_ticks, 240)]
        picture = ET.fromstring(render_svg(song(part(notes, 0), part(notes, None), meter=value)))
        assert 2 == classes(picture, "measure")

    @settings(max_examples=15)
    @given(songs())
    def test_any_song_is_drawn(self, any_song: Song) -> None:
        picture = ET.fromstring(render_svg(any_song))
        assert not any_song.parts or classes(picture, "measure") >= any_song.bars

    def test_a_long_song_is_one_picture(self) -> None:
        notes = [note(at * 480, 400, 60 + at % 12) for at in range(8 * 48)]
        long = song(*(part(notes, program) for program in (0, 33)), bars=48)
        picture = ET.fromstring(render_svg(long))
        assert 48 == classes(picture, "measure")

    @pytest.mark.parametrize("title", ["", "<svg onload='x'>&\"", "\x00\ud800", "שלום 🎸" * 90])
    def test_hostile_names(self, title: str) -> None:
        picture = ET.fromstring(render_svg(song(part([note(0)], title=title), title=title)))
        assert not any("onload" in key for element in picture.iter() for key in element.attrib)

    def test_empty_songs(self) -> None:
        assert 2 == classes(ET.fromstring(render_svg(song(part([], 0)))), "measure")
        assert ET.fromstring(render_svg(song())).findtext(f"{SVG}title")


class TestRefusal:
    def test_a_truncated_score_is_no_blank_page(self) -> None:
        warm_up()
        with pytest.raises(Unavailable, match="well-formed"):
            engraved(musicxml.encode(funk())[:-200], "A", "B")

    def test_a_score_without_music(self) -> None:
        with pytest.raises(Unavailable):
            engraved(b"<html/>", "A", "B")
