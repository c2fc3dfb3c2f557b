"""The terminal: a riff in, a band out; what cannot be done is told in one line, with its code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.flow.outcomes import LONG
from tests.flow.sounds import RATE, riff, wav
from tests.servers.server import nobody_listens

LEAD = 0.75


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A riff after three quarters of a second of silence."""
    file = tmp_path_factory.mktemp("cli") / "my riff.wav"
    silence = np.zeros(int(LEAD * RATE))
    file.write_bytes(wav(np.concatenate([silence, riff(bpm=110)])))
    return file


def musearoo(*arguments: object, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "musearoo.app", *map(str, arguments)]
    return subprocess.run(
        command,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def test_a_band_in_a_folder(recording: Path, tmp_path: Path) -> None:
    """Every file is there; the riff and the band start bar 1 together."""
    done = musearoo("band", recording, "-o", tmp_path / "out", "--seed", 3, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    said: dict[str, Any] = json.loads(done.stdout)
    assert (said["key"], said["time_signature"]) == ("A minor", "4/4")
    assert said["tempo"] == pytest.approx(110, abs=1)
    assert said["bar_1_at_seconds"] == pytest.approx(LEAD, abs=0.04)
    assert {file.name for file in (tmp_path / "out").iterdir()} == set(said["files"])
    mix, rate = soundfile.read(tmp_path / "out" / "mix.wav")
    both, _ = soundfile.read(tmp_path / "out" / "together.wav")
    assert np.abs(both).max() < 1
    assert len(both) >= len(mix) + int(LEAD * rate) - rate // 20
    assert np.abs(both[: int(0.5 * rate)]).max() < 0.01  # the riff's own silence
    for part in said["parts"]:
        assert part["notes"], part
        assert part["fit"]["in_key_ratio"] is None or part["fit"]["in_key_ratio"] > 0.9


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("band", "none.wav", "-o", "out"), 3, "no file none.wav"),
        (("band", ".", "-o", "out"), 3, "folder"),
        (("band", "SILENCE", "-o", "out"), 3, "silent"),
        (("band", "RIFF", "-o", "out", "--set", "colour=3"), 3, "colour"),
        (("band", "RIFF", "-o", "out", "--set", "complexity=nan"), 3, "0 to 1"),
        (("band", "RIFF", "-o", "out", "--set", "style=polka"), 3, "funk"),
        (("band", "RIFF", "-o", "out", "--type", "psychic"), 3, "quick"),
        (("band", "RIFF", "-o", "RIFF"), 3, "--output"),
        (("generate", "RIFF", "--engine", "nobody"), 3, "drummaroo"),
        (("generate", "RIFF"), 2, "--engine"),
        (("export", "nothing", "--format", "midi"), 4, "server"),
        (("dance",), 2, "dance"),
    ],
)
def test_what_cannot_be_done(
    recording: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """One clear line on standard error, no traceback, nothing written."""
    silence = tmp_path / "silence.wav"
    silence.write_bytes(wav(np.zeros(5 * RATE)))
    names = {"RIFF": str(recording), "SILENCE": str(silence), "out": str(tmp_path / "out")}
    told = [names.get(word, word) for word in arguments]
    with nobody_listens() as port:
        done = musearoo(*told, MUSEAROO_DATA_DIR=str(tmp_path), MUSEAROO_PORT=str(port))
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").glob("*"))
