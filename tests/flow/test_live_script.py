"""Ableton Live by our script with a running server: installed, connected, played, written."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.application.live.script.stage import load
from tests.doubles.fake_live import FakeLive
from tests.doubles.fake_live.song import Song
from tests.servers.server import serving

DEADLINE = 20.0


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """A script port that was free a moment ago: the script must find it again after a restart."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return {
        "MUSEAROO_LIVE": "script",
        "MUSEAROO_LIVE_SCRIPT_PORT": str(port),
        "MUSEAROO_DATA_DIR": str(tmp_path / "data"),
    }


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


def until(true: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def status(http: httpx.Client) -> Any:
    return http.get("/api/v3/live").json()


def test_from_the_installation_to_a_clip(
    tmp_path: Path, settings: dict[str, str], live: FakeLive
) -> None:
    """Tempo goes both ways, a take becomes a clip, and Live is told when the server ends."""
    with serving(tmp_path / "data", settings) as server, server.client() as http:
        project = http.post("/api/v3/projects", json={"name": "Live"}).json()["id"]
        http.post(f"/api/v3/projects/{project}/sessions").raise_for_status()
        until(lambda: status(http)["presence"] == "here")
        until(lambda: status(http)["session_id"] == project)
        assert status(http)["way"] == "MuseAroo script"
        command(http, project, "set_parameter", path="session/tempo", value=97.5)
        until(lambda: live.song.tempo == 97.5)
        live.do(lambda: setattr(live.song, "tempo", 133.0))
        until(lambda: state(http, project)["tempo"] == 133.0)
        take = generated(http, project)
        command(http, project, "commit_take", part="drums", take_id=take)
        slots = live.song.tracks[1].clip_slots
        until(lambda: slots[0].clip is not None and "drums " in slots[0].clip.name)
        until(lambda: slots[0].clip._notes)
        played = {note["pitch"] for note in http.get(f"/api/v3/takes/{take}").json()["notes"]}
        assert {note.pitch for note in slots[0].clip._notes} == played
        assert status(http)["failure"] is None
    until(lambda: "MuseAroo: the server is gone; waiting for it" in live.messages)


def command(http: httpx.Client, project: str, name: str, **args: Any) -> None:
    body = {"name": name, "args": args}
    http.post(f"/api/v3/sessions/{project}/commands", json=body).raise_for_status()


def state(http: httpx.Client, project: str) -> Any:
    return http.get(f"/api/v3/sessions/{project}").json()["state"]


def generated(http: httpx.Client, project: str) -> str:
    answer = http.post(
        f"/api/v3/projects/{project}/generate", json={"engine": "drummaroo", "seed": 5}
    )
    answer.raise_for_status()
    return str(answer.json()["take_id"])
