"""Spoken commands: made by espeak-ng, recognised in the recogniser's own process."""

import io
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from musearoo.domain.errors import Unavailable, UnsupportedAudio
from musearoo.ports.voice import Speech
from musearoo.voice.jsgf import speech_grammar, spoken_words
from musearoo.voice.lexicon import FILLERS, Lexicon
from musearoo.voice.listener import MAXIMUM_SECONDS, frame, read_frame, samples_of
from musearoo.voice.numbers import WORDS
from musearoo.voice.speech import PocketsphinxRecogniser
from tests.unit.voice.band import engines, told

INSTALLED = PocketsphinxRecogniser.is_installed()
with_recogniser = pytest.mark.skipif(not INSTALLED, reason="the extra `voice` is not installed")
COMMANDS = ("undo", "set the tempo to ninety six", "make the bass busier", "play from bar five")


def spoken(words: str) -> bytes:
    command = ["espeak-ng", "-v", "en-us", "-s", "150", "--stdout", words]
    return subprocess.run(command, capture_output=True, check=True).stdout


@with_recogniser
class TestRecogniser:
    @pytest.mark.needs("espeak-ng")
    async def test_words_of_a_clear_voice(self) -> None:
        """Four plain commands, all right, from a file with digital silence around them."""
        recogniser = PocketsphinxRecogniser()
        try:
            heard = [
                (await recogniser.transcribe(Speech(audio=spoken(words)))).text
                for words in COMMANDS
            ]
        finally:
            await recogniser.close()
        assert list(COMMANDS) == heard

    async def test_silence_and_rubbish(self) -> None:
        """Silence is no word; what is no recording is refused, and the process lives on."""
        recogniser = PocketsphinxRecogniser()
        try:
            with pytest.raises(UnsupportedAudio):
                await recogniser.transcribe(Speech(audio=b"RIFF rubbish"))
            pid = recogniser._process.pid if recogniser._process else None
            heard = await recogniser.transcribe(
                Speech(audio=bytes(16_000), codec="pcm_s16le", rate=8_000)
            )
            assert pid == (recogniser._process.pid if recogniser._process else 0)
            assert len(heard.text.split()) <= 2
        finally:
            await recogniser.close()

    async def test_a_dead_process_is_replaced(self) -> None:
        """Killed between two commands, it starts anew."""
        recogniser = PocketsphinxRecogniser()
        silence = Speech(audio=bytes(16_000), codec="pcm_s16le", rate=8_000)
        try:
            await recogniser.transcribe(silence)
            assert recogniser._process is not None
            recogniser._process.kill()
            await recogniser._process.wait()
            await recogniser.transcribe(silence)
        finally:
            await recogniser.close()

    async def test_patience_ends(self) -> None:
        """No answer in time is a refusal, not a wait."""
        recogniser = PocketsphinxRecogniser(patience_seconds=0.01)
        with pytest.raises(Unavailable, match="no answer"):
            await recogniser.transcribe(Speech(audio=bytes(100), codec="pcm_s16le"))
        await recogniser.close()


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
