"""Plays a very small Live and the server to the script, in whatever Python this is run by.

Run by `test_python37.py` in Python 3.7, so it is written for that. Prints what came of it.
"""

# mypy: ignore-errors
# ruff: noqa: PLC0415
from __future__ import annotations

import contextlib
import json
import shutil
import socket
import struct
import sys
import tempfile
import time
import types
from pathlib import Path

TOKEN = "t" * 43


class Thing:
    """An object of Live's: properties, and listeners that are never called."""

    def __init__(self, **values):
        self.__dict__.update(values)

    def __getattr__(self, name):
        if name.startswith(("add_", "remove_")) and name.endswith("_listener"):
            return lambda heard: None
        raise AttributeError(name)


class Clip(Thing):
    def add_new_notes(self, notes):
        self.notes += notes

    def get_notes_extended(self, *span):
        return tuple(self.notes)


class Slot(Thing):
    def create_clip(self, length):
        marks = dict.fromkeys(("loop_start", "start_marker"), 0.0)
        marks.update(dict.fromkeys(("loop_end", "end_marker", "length"), length))
        self.clip = Clip(name="", notes=(), is_midi_clip=True, looping=True, color=0, **marks)
        self.has_clip = True


class Song(Thing):
    def begin_undo_step(self):
        self.steps = [*self.steps, "open"]

    def end_undo_step(self):
        self.steps[-1] = "closed"


def live_modules():
    for name in ("Live", "ableton", "ableton.v2", "ableton.v2.control_surface"):
        sys.modules[name] = types.ModuleType(name)
    application = Thing(
        get_major_version=lambda: 11, get_minor_version=lambda: 3, get_bugfix_version=lambda: 2
    )
    live = sys.modules["Live"]
    live.Application = Thing(get_application=lambda: application)
    live.Clip = Thing(MidiNoteSpecification=Thing)
    live.Base = Thing(Timer=Timer)
    sys.modules["ableton.v2.control_surface"].ControlSurface = Surface


class Timer(Thing):
    def __init__(self, callback, interval, repeat):
        assert (interval, repeat) == (10, True)
        self.turn = callback

    def start(self):
        pass

    def stop(self):
        pass


class Surface:
    song = None

    def __init__(self, c_instance):
        pass

    def show_message(self, text):
        pass

    def disconnect(self):
        pass


def the_song():
    slots = (Slot(has_clip=False, clip=None, is_group_slot=False),)
    track = Thing(name="Drums", color=0, has_midi_input=True, playing_slot_index=-1)
    track.fired_slot_index, track.clip_slots = -1, slots
    song = Song(tempo=120.0, signature_numerator=4, signature_denominator=4, is_playing=False)
    song.current_song_time, song.tracks, song.scenes = 0.0, (track,), (Thing(name="Verse"),)
    song.steps = []
    return song


def main():
    live_modules()
    Surface.song = the_song()
    scripts = tempfile.mkdtemp()
    folder = Path(scripts) / "MuseAroo"
    shutil.copytree(sys.argv[1], folder, ignore=shutil.ignore_patterns("__pycache__"))
    sys.path.insert(0, scripts)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        paired = {"host": "127.0.0.1", "port": server.getsockname()[1], "token": TOKEN}
        (folder / "server.json").write_text(json.dumps(paired))
        import MuseAroo

        surface = MuseAroo.create_instance(None)
        turn = surface._musearoo_timer.turn
        turn()
        peer, _ = server.accept()
        with peer:
            converse(peer, turn)
        surface.disconnect()
    assert Surface.song.steps == ["closed"]
    shutil.rmtree(scripts)


def converse(peer, turn):
    from MuseAroo import (
        osc,
        pairing,
    )

    peer.settimeout(0.01)
    held = bytearray()

    def hear(*wanted):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            turn()
            with contextlib.suppress(OSError):
                held.extend(peer.recv(65536))
            while len(held) >= 4 and len(held) >= 4 + struct.unpack(">I", held[:4])[0]:
                size = struct.unpack(">I", held[:4])[0]
                message = osc.decode(bytes(held[4 : 4 + size]))
                del held[: 4 + size]
                if message.address in wanted:
                    return message
        raise AssertionError("nothing came")

    def say(address, *values):
        packet = osc.encode(osc.Message(address, values))
        peer.sendall(struct.pack(">I", len(packet)) + packet)

    hello = hear("/musearoo/live/hello")
    assert hello.arguments[3] == "11.3.2"
    say("/musearoo/live/welcome", 1, pairing.proof(TOKEN, "server", hello.arguments[1]))
    track, scene = hear("/live/tracks").arguments[0], 1
    print("{}.{}".format(*sys.version_info[:2]))
    print(hear("/live/ready").address[6:])
    say("/live/clip/begin", 7, track, scene, 16.0, "Take", 255, True, 0.0, 16.0, "", False, 64)
    notes = [v for n in range(64) for v in (36 + n, n / 4, 0.2, 100.0, 0, 0.5, 0.0, 64.0)]
    say("/live/clip/notes", 7, *notes)
    say("/live/clip/commit", 7)
    answer = hear("/live/ok", "/live/failed")
    print(answer.address[6:], *answer.arguments[1:])


main()
