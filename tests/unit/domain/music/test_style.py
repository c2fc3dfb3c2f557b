"""Styles: every way people write them finds one of the list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.music.style import AUTO, STYLES, find_style, synonyms


class TestFindStyle:
    @pytest.mark.parametrize("style", STYLES)
    def test_every_style_finds_itself_however_it_is_written(self, style):
        for text in (style, style.upper(), style.replace(" ", "_"), style.replace(" ", "-")):
            assert find_style(text) == style

    @pytest.mark.parametrize(
        ("text", "style"),
        [("Hip-Hop", "hip hop"), ("bossa-nova", "latin"), ("  R&B ", "soul"), ("EDM", "dance"),
         ("second_line", "new orleans"), ("lo-fi", "hip hop"), ("auto", AUTO), ("AUTO", AUTO)],
    )  # fmt: skip
    def test_synonyms(self, text, style):
        assert find_style(text) == style

    @pytest.mark.parametrize("text", ["", "polka", "jazz funk", "-"])
    def test_unknown_words_find_nothing(self, text):
        assert find_style(text) is None

    @given(st.text(max_size=30))
    def test_any_text_finds_a_style_or_nothing(self, text):
        assert find_style(text) in (None, AUTO, *STYLES)


def test_every_synonym_means_a_style():
    assert all(find_style(word) == style in STYLES for word, style in synonyms().items())
