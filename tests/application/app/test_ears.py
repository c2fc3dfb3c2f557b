"""Followers in the server's process: loaded late, and without threads that wait in a loop."""

import subprocess
import sys

SCRIPT = """
import asyncio, os, sys
from musearoo.app.ears import ear
assert "numpy" not in sys.modules
before = set(os.listdir("/proc/self/task"))
follower = asyncio.run(ear("pcm_s16le", 16000, 1, None))
import numpy
numpy.ones((400, 400)) @ numpy.ones((400, 400))
assert follower.hear(bytes(64000)) is not None
print(len(set(os.listdir("/proc/self/task")) - before))
"""


def test_no_idle_threads() -> None:
    """Linear algebra brings no threads along, whatever the environment leaves open."""
    if sys.platform != "linux":
        return
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True,
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert "0" == done.stdout.strip()
