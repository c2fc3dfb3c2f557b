"""Ableton Live by our script with a running server: installed, connected, played, written."""

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.application.live.script.stage import load
from tests.doubles.fake_live import FakeLive
from tests.doubles.fake_live.song import Song
from tests.flow.outcomes import LONG, outcome
from tests.servers.server import serving
from tests.waiting import wait_until


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """A script port that the script must find again after a restart."""
    return {
        "MUSEAROO_LIVE": "script",
        "MUSEAROO_LIVE_SCRIPT_PORT": str(quiet_port()),
        "MUSEAROO_DATA_DIR": str(tmp_path / "data"),
    }


def quiet_port() -> int:
    """A free port of those that systems give to nobody by themselves (32768 and above)."""
    for port in random.SystemRandom().sample(range(20_000, 32_000), 50):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


@pytest.fixture
def live(tmp_path: Path, settings: dict[str, str]) -> Iterator[FakeLive]:
    """Live, with the script that the command put in place."""
    scripts = tmp_path / "Remote Scripts"
    done = subprocess.run(
        [sys.executable, "-m", "musearoo.app", "live", "install", "--path", str(scripts), "--json"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    song = Song(midi_tracks=2, audio_tracks=1)
    song.tracks[1].name = "Drums"
    running = FakeLive(load(Path(json.loads(done.stdout)["installed"])), song=song).start()
    yield running
    running.stop()


def status(http: httpx.Client) -> Any:
    return http.get("/api/v3/live").json()


def test_from_the_installation_to_a_clip(
    tmp_path: Path, settings: dict[str, str], live: FakeLive
) -> None:
    """Tempo goes both ways, a take becomes a clip, and Live is told when the server ends."""
    with serving(tmp_path / "data", settings) as server, server.client() as http:
        project = http.post("/api/v3/projects", json={"name": "Live"}).json()["id"]
        http.post(f"/api/v3/projects/{project}/sessions").raise_for_status()
        wait_until(lambda: status(http)["presence"] == "here", "the script", LONG)
        wait_until(lambda: status(http)["session_id"] == project, "the session in Live")
        assert status(http)["way"] == "MuseAroo script"
        command(http, project, "set_parameter", path="session/tempo", value=97.5)
        wait_until(lambda: live.song.tempo == 97.5, "the tempo in Live")
        live.do(lambda: setattr(live.song, "tempo", 133.0))
        wait_until(lambda: state(http, project)["tempo"] == 133.0, "the tempo of Live")
        take = generated(http, project)
        command(http, project, "commit_take", part="drums", take_id=take)
        slots = live.song.tracks[1].clip_slots
        played = {note["pitch"] for note in http.get(f"/api/v3/takes/{take}").json()["notes"]}
        wait_until(lambda: written(slots[0].clip) == played, lambda: str(written(slots[0].clip)))
        assert "drums " in slots[0].clip.name
        assert status(http)["failure"] is None
    wait_until(
        lambda: "MuseAroo: the server is gone; waiting for it" in live.messages, "word of the end"
    )


def written(clip: Any) -> set[int]:
    """The pitches in a clip, if there is one."""
    return {note.pitch for note in clip._notes} if clip is not None else set()


def command(http: httpx.Client, project: str, name: str, **args: Any) -> None:
    body = {"name": name, "args": args}
    http.post(f"/api/v3/sessions/{project}/commands", json=body).raise_for_status()


def state(http: httpx.Client, project: str) -> Any:
    return http.get(f"/api/v3/sessions/{project}").json()["state"]


def generated(http: httpx.Client, project: str) -> str:
    answer = http.post(
        f"/api/v3/projects/{project}/generate", json={"engine": "drummaroo", "seed": 5}
    )
    return str(outcome(http, answer)["take_id"])
