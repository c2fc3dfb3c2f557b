"""Ableton Live's host side, faked, so that remote scripts run without Live.

It holds a small Live Object Model, written from its public documentation and from what scripts
call, and a host that plays Live's main thread (`host.FakeLive`). There is no audio, no
arrangement, no rack, no browser, no automation; colours do not snap to Live's palette; undo
covers tracks, scenes, clips, their notes, names and loops; listeners fire at once, and
assigning inside a listener is allowed, which Live refuses. AbletonOSC's own 54 tests pass
against this model.
"""

from tests.doubles.fake_live.host import FakeLive

__all__ = ["FakeLive"]
