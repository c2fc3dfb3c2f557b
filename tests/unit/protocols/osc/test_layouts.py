"""Controller layouts speak addresses of the table, over each value's whole range."""

import json
import re
import zlib
from functools import cache

import py2tosc
import pytest

from musearoo.codecs.osc.table import address_table
from musearoo.domain.errors import Unavailable
from musearoo.engines.loading import BUILT_IN, load_engines
from musearoo.protocols.osc.layouts import panel
from musearoo.protocols.osc.layouts.puredata import puredata
from musearoo.protocols.osc.layouts.reaper import LINES, reaper
from musearoo.protocols.osc.layouts.stage_control import MODULE, stage_control
from musearoo.protocols.osc.layouts.touchosc import touchosc

ENGINES = load_engines()
TABLE = address_table(ENGINES[name].description for name in BUILT_IN)
PAGES = panel.pages(TABLE)
TOLD = {each.echo for each in TABLE} | {each.path for each in TABLE.outgoing}


def widgets():
    return [widget for page in PAGES for widget in page.widgets]


def test_every_parameter_of_every_engine_has_a_control():
    shown = {widget.path for widget in widgets()}
    for name in BUILT_IN:
        engine = ENGINES[name].description
        for spec in engine.parameters:
            assert f"/musearoo/{engine.default_part}/{spec.name}" in shown


def test_ids_are_unique():
    ids = [widget.id for widget in widgets()]
    assert len(ids) == len(set(ids))


def controls(control):
    yield control
    for child in control.children:
        yield from controls(child)


class TestTouchOsc:
    @staticmethod
    @cache
    def document():
        return py2tosc.loads(zlib.decompress(touchosc(PAGES)).decode())

    def bindings(self):
        for control in controls(self.document().root):
            for message in control.messages:
                yield control, message, "".join(part.value for part in message.path)

    def test_it_sends_known_addresses_and_hears_known_ones(self):
        sent = {path for _, message, path in self.bindings() if message.send}
        heard = {path for _, message, path in self.bindings() if message.receive}
        assert {widget.path for widget in widgets() if widget.path} == sent
        assert heard <= TOLD
        assert {widget.echo for widget in widgets() if widget.echo} == heard

    def test_no_control_sends_back_what_it_hears(self):
        for _, message, path in self.bindings():
            assert message.send != message.receive, path
            assert not message.feedback

    def test_a_fader_covers_the_range_of_its_parameter(self):
        tempo = next(
            message for _, message, path in self.bindings()
            if path == "/musearoo/session/tempo" and message.send
        )  # fmt: skip
        assert (20, 400) == (tempo.arguments[0].scale_min, tempo.arguments[0].scale_max)

    def test_the_same_table_gives_the_same_file(self):
        assert touchosc(PAGES) == touchosc(PAGES)

    def test_without_the_extra_it_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "py2tosc", None)
        with pytest.raises(Unavailable, match=r"musearoo\[touchosc\]"):
            touchosc(PAGES)


def test_stage_control_sends_and_hears_known_addresses():
    session = json.loads(stage_control(PAGES))
    found = []
    for tab in session["content"]["tabs"]:
        found += [
            each for each in tab["widgets"][0]["widgets"] if not each["id"].endswith("_label")
        ]
    known = {each.path for each in TABLE}
    assert {each["address"] for each in found} <= known
    assert len(widgets()) == len(found)
    style = next(each for each in found if each["address"] == "/musearoo/drums/style")
    assert "rock" in style["values"]
    assert "slice(0, -5)" in MODULE


def test_reaper_speaks_known_addresses():
    known = {each.path for each in TABLE} | TOLD
    for word, kind, patterns in LINES:
        assert set(patterns) <= known
        assert f"{word} {kind}{patterns[0]}" in reaper()


def test_puredata_has_a_window_for_each_page():
    patch = puredata(PAGES)
    assert [f"pd {page.name}" for page in PAGES] == re.findall(r"#X restore \d+ \d+ (.*);", patch)
