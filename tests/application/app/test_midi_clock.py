"""The thread that sends MIDI clock: it follows the session and stops the device at its end."""

import threading
import time
from types import SimpleNamespace

from musearoo.app.cli.midi_clock import keep_time
from musearoo.codecs.midi.clock import CLOCK, START, STOP
from musearoo.domain.music.tempo_map import TempoMap
from musearoo.domain.session.state import SessionState, Transport
from tests.waiting import wait_until


class Port:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send_message(self, message: bytes) -> None:
        self.sent.append(message)


def test_a_device_is_kept_in_time_and_stopped():
    state = SessionState(
        tempo_map=TempoMap.constant(240.0), transport=Transport(playing=True, since=0.0)
    )
    asked: list[float] = []

    def since_first_asked() -> float:
        asked.append(time.monotonic())
        return asked[-1] - asked[0]

    live = SimpleNamespace(state=state, server_time=since_first_asked)
    port, ending = Port(), threading.Event()
    thread = threading.Thread(target=keep_time, args=(live, port, ending))
    thread.start()
    try:
        wait_until(lambda: port.sent.count(CLOCK) >= 24, "a beat of clocks")
    finally:
        ending.set()
        thread.join()
    assert START == port.sent[0]
    assert STOP == port.sent[-1]
    assert port.sent.count(CLOCK) <= (asked[-1] - asked[0]) * 96 + 1
