"""The network of Ableton Link: one for the whole machine, and forbidden on some."""

import fcntl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def link_network() -> Iterator[None]:
    """Have the network alone, since all peers of a machine hear each other; skip without one."""
    with (Path(tempfile.gettempdir()) / "musearoo-tests-link.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _needs_link()
        yield


def _needs_link() -> None:
    """Skip without the extra, or where multicast does not work."""
    link = pytest.importorskip("link", reason="the link extra is not installed")
    peers = [link.Link(120.0), link.Link(120.0)]
    for peer in peers:
        peer.enabled = True
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if all(peer.numPeers() for peer in peers):
            return
        time.sleep(0.02)
    pytest.skip("peers of Ableton Link do not find each other here")
