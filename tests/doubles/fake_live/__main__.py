"""Be Ableton Live until interrupted: python -m tests.doubles.fake_live SCRIPT [options].

SCRIPT is `double` (our double of AbletonOSC), a checkout of AbletonOSC, or the folder of another
remote script. At the end the set is printed as one JSON line: tempo, and every clip with its notes.
"""

import argparse
import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.doubles.fake_live.host import FakeLive, abletonosc, script
from tests.doubles.fake_live.song import Song
from tests.doubles.osc_surface import osc_surface


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fake_live", description=__doc__)
    parser.add_argument("script")
    parser.add_argument("--listen", type=int, default=11_000, help="AbletonOSC's port")
    parser.add_argument("--reply", type=int, default=11_001, help="where it answers to")
    parser.add_argument("--tick", type=float, default=0.1)
    parser.add_argument("--loss", type=float, default=0.0, help="share of lost datagrams")
    parser.add_argument("--max-datagram", type=int, default=0, help="9216 as on a Mac")
    parser.add_argument("--tracks", default="drums,bass,melody,harmony", help="MIDI tracks")
    return parser.parse_args()


def creator(given: argparse.Namespace) -> Callable[[Any], Any]:
    if given.script == "double":
        return osc_surface(listen=given.listen, reply=given.reply)
    folder = Path(given.script)
    if (folder / "abletonosc").is_dir():
        return abletonosc(folder, listen=given.listen, reply=given.reply)
    return script(folder)


def shown(song: Song) -> dict[str, Any]:
    """What is in the set."""
    clips = [
        {
            "track": track.name,
            "slot": number,
            "name": slot.clip.name,
            "length": slot.clip.loop_end,
            "notes": [
                [n.pitch, n.start_time, n.duration, n.velocity, n.mute] for n in slot.clip._notes
            ],
        }
        for track in song.tracks
        for number, slot in enumerate(track.clip_slots)
        if slot.clip is not None
    ]
    return {"tempo": song.tempo, "playing": song.is_playing, "clips": clips}


def main() -> None:
    given = arguments()
    names = [name for name in given.tracks.split(",") if name]
    song = Song(midi_tracks=len(names), audio_tracks=1)
    for track, name in zip(song.tracks, names, strict=False):
        track.name = name
    live = FakeLive(
        creator(given),
        tick=given.tick,
        loss=given.loss,
        max_datagram=given.max_datagram,
        song=song,
    ).start()
    print("ready", flush=True)
    ended = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: ended.set())
    ended.wait()
    live.stop()
    print(json.dumps(shown(song)), flush=True)


if __name__ == "__main__":
    main()
