"""What is spoken: the grammar of it, its sound, and the refusal where nothing can hear it."""

import io
import sys

import numpy as np
import pytest
import soundfile

from musearoo.domain.errors import Unavailable
from musearoo.ports.voice import Speech
from musearoo.voice.jsgf import speech_grammar, spoken_words
from musearoo.voice.lexicon import FILLERS, Lexicon
from musearoo.voice.listener import MAXIMUM_SECONDS, frame, read_frame, samples_of
from musearoo.voice.numbers import WORDS
from musearoo.voice.speech import PocketsphinxRecogniser
from tests.unit.voice.band import engines, told


class TestWithout:
    async def test_missing_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The refusal names the extra and what works without it."""
        monkeypatch.setattr(PocketsphinxRecogniser, "is_installed", staticmethod(lambda: False))
        with pytest.raises(Unavailable, match=r"musearoo\[voice\].*as text"):
            await PocketsphinxRecogniser().transcribe(Speech(audio=b"\0\0"))


class TestGrammar:
    def test_all_spoken_words_are_read(self) -> None:
        """What the recogniser can hear, the text grammar knows."""
        known = Lexicon(engines()).words | FILLERS | WORDS | set("abcdefg")
        assert not spoken_words() - known

    def test_text_of_the_rules(self) -> None:
        """Only words that can be pronounced are offered."""
        text = speech_grammar(lambda word: word != "funk")
        assert text.startswith("#JSGF V1.0;")
        assert "| funk |" not in text
        assert ["tempo 96"] == told("set the tempo to ninety six")


class TestSound:
    def test_wav_is_resampled(self) -> None:
        """Any rate and both channels come out as 16 kHz mono."""
        file = io.BytesIO()
        soundfile.write(file, np.zeros((44_100, 2)), 44_100, format="WAV")
        samples = samples_of(Speech(audio=file.getvalue()))
        assert 16_000 == pytest.approx(len(samples), abs=2)

    @pytest.mark.parametrize(
        "speech",
        [
            Speech(audio=b"no sound"),
            Speech(audio=bytes(200), codec="pcm_s16le", rate=100),
            Speech(audio=bytes(int(MAXIMUM_SECONDS * 16_000 + 1) * 2), codec="pcm_s16le"),
        ],
    )
    def test_refusals(self, speech: Speech) -> None:
        with pytest.raises(ValueError, match=r"\w+"):
            samples_of(speech)

    def test_frames(self) -> None:
        """Whole frames or none."""
        whole = frame(b"abc")
        assert b"abc" == read_frame(io.BytesIO(whole))
        assert read_frame(io.BytesIO(whole[:-1])) is None
        assert read_frame(io.BytesIO(b"\xff\xff\xff\xff")) is None
        assert sys.byteorder in ("little", "big")
