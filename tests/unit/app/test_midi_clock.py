"""The thread that sends MIDI clock: it follows the session and stops the device at its end."""

import threading
import time
from types import SimpleNamespace

from musearoo.app.cli.midi_clock import keep_time
from musearoo.codecs.midi.clock import CLOCK, START, STOP
from musearoo.domain.music.tempo_map import TempoMap
from musearoo.domain.session.state import SessionState, Transport


class Port:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send_message(self, message: bytes) -> None:
        self.sent.append(message)


def test_a_device_is_kept_in_time_and_stopped():
    began = time.monotonic()
    state = SessionState(
        tempo_map=TempoMap.constant(240.0), transport=Transport(playing=True, since=began)
    )
    live = SimpleNamespace(state=state, server_time=time.monotonic)
    port, ending = Port(), threading.Event()
    thread = threading.Thread(target=keep_time, args=(live, port, ending))
    thread.start()
    deadline = time.monotonic() + 5
    while port.sent.count(CLOCK) < 24 and time.monotonic() < deadline:
        time.sleep(0.01)
    ending.set()
    thread.join()
    assert START == port.sent[0]
    assert STOP == port.sent[-1]
    assert 24 <= port.sent.count(CLOCK) <= (time.monotonic() - began) * 96 + 1
