"""Pure Data opens the layout that is made for it, and speaks the table's addresses."""

import socket
import subprocess
import time
from pathlib import Path

import pytest

from musearoo.codecs.osc import Message, decode, encode
from musearoo.codecs.osc.table import address_table
from musearoo.engines.loading import BUILT_IN, load_engines
from musearoo.protocols.osc.layouts import panel
from musearoo.protocols.osc.layouts.puredata import puredata
from tests.peers.conftest import PROGRAM_SECONDS

ENGINES = load_engines()
PAGES = panel.pages(address_table(ENGINES[name].description for name in BUILT_IN))


@pytest.mark.needs("pd")
def test_puredata_sends_what_a_slider_says_and_shows_what_is_told(tmp_path: Path):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(PROGRAM_SECONDS)
    (tmp_path / "layout.pd").write_text(puredata(PAGES, port=server.getsockname()[1]))
    (tmp_path / "hand.pd").write_text(
        "#N canvas 0 0 400 300 12;\n#X obj 10 10 loadbang;\n#X obj 10 40 delay 500;\n"
        "#X msg 10 70 0.75;\n#X obj 10 100 s musearoo-drums_complexity;\n"
        "#X obj 150 40 metro 200;\n"
        "#X msg 150 70 bang;\n#X obj 150 100 s musearoo-drums_complexity;\n"
        "#X connect 0 0 1 0;\n#X connect 1 0 2 0;\n#X connect 2 0 3 0;\n"
        "#X connect 1 0 4 0;\n#X connect 4 0 5 0;\n#X connect 5 0 6 0;\n"
    )
    command = ["pd", "-nogui", "-noaudio", "-nomidi", "-stderr", "-open"]
    pd = subprocess.Popen(
        [*command, tmp_path / "layout.pd", "-open", tmp_path / "hand.pd"], stderr=subprocess.PIPE
    )
    try:
        first, device = server.recvfrom(1 << 16)
        assert Message("/musearoo/hello", ()) == decode(first)
        moved = decode(server.recvfrom(1 << 16)[0])
        assert Message("/musearoo/drums/complexity", (0.75,)) == moved
        server.sendto(encode(Message("/musearoo/drums/complexity/echo", (0.25,))), device)
        until = time.monotonic() + PROGRAM_SECONDS
        while decode(server.recvfrom(1 << 16)[0]) != Message("/musearoo/drums/complexity", (0.25,)):
            assert time.monotonic() < until
    finally:
        pd.kill()
        _, said = pd.communicate()
        server.close()
    assert b"couldn't create" not in said
