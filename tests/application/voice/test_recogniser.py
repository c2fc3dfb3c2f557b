"""Spoken commands: made by espeak-ng, recognised in the recogniser's own process."""

import subprocess

import pytest

from musearoo.domain.errors import Unavailable, UnsupportedAudio
from musearoo.ports.voice import Speech
from musearoo.voice.speech import PocketsphinxRecogniser

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
