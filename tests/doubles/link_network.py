"""Whether peers of Ableton Link can find each other on this machine: its network may forbid it."""

import time

import pytest


def needs_link() -> None:
    """Skip the module without the extra, or where multicast does not work."""
    link = pytest.importorskip("link", reason="the link extra is not installed")
    peers = [link.Link(120.0), link.Link(120.0)]
    for peer in peers:
        peer.enabled = True
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if all(peer.numPeers() for peer in peers):
            return
        time.sleep(0.02)
    pytest.skip("peers of Ableton Link do not find each other here", allow_module_level=True)
