"""Controller layouts for the built-in engines, as they lie in clients/."""

from musearoo.codecs.osc.table import address_table
from musearoo.engines.loading import BUILT_IN, load_engines
from musearoo.protocols.osc.layouts import panel
from musearoo.protocols.osc.layouts.puredata import puredata as puredata_patch
from musearoo.protocols.osc.layouts.reaper import reaper as reaper_patterns
from musearoo.protocols.osc.layouts.stage_control import MODULE
from musearoo.protocols.osc.layouts.stage_control import stage_control as session
from musearoo.protocols.osc.layouts.touchosc import touchosc as touchosc_layout


def touchosc() -> bytes:
    """The layout of TouchOSC."""
    return touchosc_layout(_pages())


def stage_control() -> str:
    """The session of Open Stage Control."""
    return session(_pages())


def stage_control_module() -> str:
    """Its custom module."""
    return MODULE


def puredata() -> str:
    """The Pure Data patch."""
    return puredata_patch(_pages())


def reaper() -> str:
    """REAPER's pattern file."""
    return reaper_patterns()


def _pages() -> tuple[panel.Page, ...]:
    engines = load_engines()
    return panel.pages(address_table(engines[name].description for name in BUILT_IN))
