"""OSC programs of other people, unchanged: what they send is done, what we send they read."""

import os
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from pythonosc.tcp_client import SimpleTCPClient
from pythonosc.udp_client import SimpleUDPClient

from tests.doubles.ports import quiet_port
from tests.peers.conftest import PROGRAM_SECONDS, Room
from tests.waiting import wait_until

COMPLEXITY = "/musearoo/drums/complexity"


def oscsend(url: str | int, *message: str) -> None:
    to = ["localhost", str(url)] if isinstance(url, int) else [url]
    subprocess.run(["oscsend", *to, *message], check=True, timeout=PROGRAM_SECONDS)


@contextmanager
def heard(*command: str | Path, **environment: str):
    """The growing output of a program that listens."""
    with NamedTemporaryFile(suffix=".log") as out:
        program = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
        try:
            yield lambda: Path(out.name).read_text(errors="replace")
        finally:
            program.kill()
            program.wait()


def until(condition, what) -> None:
    wait_until(condition, lambda: str(what()), PROGRAM_SECONDS)


@pytest.mark.needs("oscsend")
class TestLiblo:
    def test_a_datagram_is_done(self, room: Room):
        oscsend(room.port, COMPLEXITY, "f", "0.25")
        room.until_value("drums/complexity", 0.25)

    def test_a_stream_is_done(self, room: Room):
        oscsend(f"osc.tcp://localhost:{room.port}/", COMPLEXITY, "d", "0.375")
        room.until_value("drums/complexity", 0.375)

    def test_whole_numbers_and_truth_are_read_generously(self, room: Room):
        oscsend(room.port, COMPLEXITY, "i", "1")
        room.until_value("drums/complexity", 1)
        oscsend(room.port, "/musearoo/harmony/strict", "T")
        room.until_value("harmony/strict", value=True)

    @pytest.mark.needs("oscdump")
    def test_feedback_is_read(self, room: Room):
        port = quiet_port()
        with heard("oscdump", "-L", str(port)) as log:

            def is_greeted() -> bool:
                """What is told before oscdump listens is told to nobody."""
                oscsend(room.port, "/musearoo/hello", "i", str(port))
                time.sleep(0.1)
                return f"{COMPLEXITY}/echo f" in log()

            until(is_greeted, log)
            room.set("drums/complexity", 0.625)
            until(lambda: f"{COMPLEXITY}/echo f 0.625000" in log(), log)
            oscsend(room.port, "/musearoo/generate/drums", "f", "0.5")
            until(lambda: "/musearoo/drums/generated fis" in log(), log)
            oscsend(room.port, "/musearoo/nothing")


@pytest.mark.needs("pd")
def test_puredata_moves_a_parameter_and_sees_it_moved(room: Room, tmp_path: Path):
    layout = tmp_path / "musearoo.pd"
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "musearoo.app",
        "osc",
        "layout",
        "puredata",
        "-o",
        layout,
    ]
    subprocess.run(command, check=True, env={**os.environ, "MUSEAROO_OSC_PORT": str(room.port)})
    (tmp_path / "hand.pd").write_text(
        "#N canvas 0 0 400 300 12;\n#X obj 10 10 b;\n#X obj 10 40 delay 100;\n"
        "#X msg 10 70 0.875;\n#X obj 10 100 s musearoo-bass_density;\n"
        "#X obj 150 40 metro 300;\n#X msg 150 70 bang;\n#X obj 150 100 s musearoo-bass_swing;\n"
        # The hand moves once the server has told what the swing is.
        "#X obj 300 10 r musearoo-in;\n#X obj 300 40 route musearoo;\n#X obj 300 70 route bass;\n"
        "#X obj 300 100 route swing;\n#X obj 300 130 route echo;\n"
        "#X connect 0 0 1 0;\n#X connect 1 0 2 0;\n#X connect 2 0 3 0;\n"
        "#X connect 1 0 4 0;\n#X connect 4 0 5 0;\n#X connect 5 0 6 0;\n"
        "#X connect 7 0 8 0;\n#X connect 8 0 9 0;\n#X connect 9 0 10 0;\n"
        "#X connect 10 0 11 0;\n#X connect 11 0 0 0;\n"
    )
    room.set("bass/swing", 0.625)
    pd = ["pd", "-nogui", "-noaudio", "-nomidi", "-stderr"]
    with heard(*pd, "-open", layout, "-open", tmp_path / "hand.pd"):
        room.until_value("bass/density", 0.875)
        # What a slider sends when it is touched is what it was told.
        assert room.value("bass/swing") == 0.625
        events = len(room.events())
        room.set("bass/swing", 0.5)
        until(lambda: len(room.events()) > events, room.events)


@pytest.mark.needs("sclang")
def test_supercollider_asks_and_hears(room: Room, tmp_path: Path):
    script = tmp_path / "ask.scd"
    script.write_text(
        f'OSCdef(\\e, {{ |m| ("heard" + m).postln }}, "{COMPLEXITY}/echo");\n'
        f'n = NetAddr("127.0.0.1", {room.port});\n'
        'n.sendMsg("/musearoo/hello", NetAddr.langPort);\n'
        f'n.sendMsg("{COMPLEXITY}", 0.75);\n'
    )
    headless = {
        "QT_QPA_PLATFORM": "offscreen",
        "QTWEBENGINE_DISABLE_SANDBOX": "1",
        "QTWEBENGINE_CHROMIUM_FLAGS": "--no-sandbox --disable-gpu",
    }
    with heard("sclang", "-u", str(quiet_port()), script, **headless) as log:
        room.until_value("drums/complexity", 0.75)
        room.set("drums/complexity", 0.0625)
        until(lambda: "0.0625" in log(), log)


class TestPythonOsc:
    def test_a_datagram_is_done_and_answered(self, room: Room):
        client = SimpleUDPClient("127.0.0.1", room.port)
        with closing(client._sock):
            client.send_message("/musearoo/session/tempo", 97)
            client.send_message("/musearoo/ping", [])
            answers = client.get_messages(timeout=PROGRAM_SECONDS)
            assert any(
                ("/musearoo/pong", [room.session]) == (each.address, each.params)
                for each in answers
            )
        until(lambda: any("tempo_map" in each["data"] for each in room.events()), room.events)

    @pytest.mark.parametrize("mode", ["1.0", "1.1"])
    def test_both_framings_are_done(self, room: Room, mode: str):
        value = {"1.0": 0.15625, "1.1": 0.28125}[mode]
        with closing(SimpleTCPClient("127.0.0.1", room.port, mode=mode)) as client:
            client.send_message(COMPLEXITY, value)
        room.until_value("drums/complexity", value)
