"""REAPER's pattern file (`.ReaperOSC`): its transport and tempo follow the session, and back.

Words and argument types are those of REAPER's own Default.ReaperOSC: `t` is a trigger or toggle,
`f` a number as it is. A pattern may be sent and received; a line may have several.
"""

from typing import Final

_HEAD: Final = """\
# MuseAroo.ReaperOSC
# Device port: the OSC port of MuseAroo (8765). Local listen port: any free one; on another
# machine than the server, pair first (docs/guide/osc.md).

DEVICE_TRACK_COUNT 0
DEVICE_SEND_COUNT 0
DEVICE_RECEIVE_COUNT 0
DEVICE_FX_COUNT 0
DEVICE_FX_PARAM_COUNT 0
DEVICE_FX_INST_PARAM_COUNT 0
DEVICE_MARKER_COUNT 0
DEVICE_REGION_COUNT 0
"""
LINES: Final = (
    ("PLAY", "t", ("/musearoo/transport/playing", "/musearoo/transport/playing/echo")),
    ("STOP", "t", ("/musearoo/transport/stop",)),
    ("TEMPO", "f", ("/musearoo/session/tempo", "/musearoo/session/tempo/echo")),
)


def reaper() -> str:
    """The file's text."""
    rows = (
        f"{word} " + " ".join(f"{kind}{path}" for path in patterns)
        for word, kind, patterns in LINES
    )
    return _HEAD + "\n" + "\n".join(rows) + "\n"
