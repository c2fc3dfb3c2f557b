"""MIDI clock: 24 pulses a quarter where the session is, started, moved and stopped with it."""

from msgspec.structs import replace

from musearoo.codecs.midi.clock import (
    CLOCK,
    CONTINUE,
    START,
    STOP,
    ClockOut,
    song_position,
)
from musearoo.domain.music.tempo_map import TempoChange, TempoMap
from musearoo.domain.session.state import SessionState, Transport


def playing(tick: int = 0, *, since: float = 100.0, bpm: float = 120.0, loop=None) -> SessionState:
    return SessionState(
        tempo_map=TempoMap.constant(bpm),
        transport=Transport(playing=True, tick=tick, since=since, loop=loop),
    )


class Receiver:
    """A device that follows: it counts as the MIDI specification tells it to."""

    def __init__(self) -> None:
        self.out = ClockOut()
        self.sent: list[tuple[float, bytes]] = []
        self.running = False
        self.pulse = -1

    def play(self, state: SessionState, begin: float, end: float) -> None:
        now = begin
        while now < end:
            messages, wait = self.out.step(state, now)
            for message in messages:
                self.hear(now, message)
            now += max(wait, 1e-4)

    def hear(self, now: float, message: bytes) -> None:
        self.sent.append((now, message))
        match message[0]:
            case 0xFA:
                self.running, self.pulse = True, -1
            case 0xFB:
                self.running = True
            case 0xFC:
                self.running = False
            case 0xF2:
                assert not self.running, "a pointer is only for those who stand"
                self.pulse = 6 * (message[1] | message[2] << 7) - 1
            case 0xF8:
                self.pulse += 1

    def kinds(self) -> list[bytes]:
        return [message for _, message in self.sent if message != CLOCK]


def test_a_second_at_120_has_48_pulses_each_at_its_time():
    device = Receiver()
    device.play(playing(), 100.0, 101.0)
    pulses = [when for when, message in device.sent if message == CLOCK]
    assert [START] == device.kinds()
    assert 48 == len(pulses)
    assert all(abs(when - (100 + n / 48)) < 0.0015 for n, when in enumerate(pulses))


def test_a_change_of_tempo_is_followed_without_a_restart():
    state = replace(playing(), tempo_map=TempoMap((TempoChange(0, 120.0), TempoChange(960, 60.0))))
    device = Receiver()
    device.play(state, 100.0, 101.51)
    assert ([START], 24 + 24) == (device.kinds(), device.pulse)


def test_playing_from_elsewhere_points_to_the_sixteenth():
    device = Receiver()
    device.play(playing(tick=4 * 960), 100.0, 100.01)
    assert [song_position(4 * 960), CONTINUE] == device.kinds()
    assert 4 * 24 == device.pulse


def test_a_pointer_is_in_sixteenths_of_seven_bits():
    assert b"\xf2\x10\x00" == song_position(16 * 240)
    assert b"\xf2\x00\x01" == song_position(128 * 240)
    assert b"\xf2\x7f\x7f" == song_position(1 << 30)


def test_stopping_is_told_once():
    device = Receiver()
    device.play(playing(), 100.0, 100.5)
    stopped = replace(playing(), transport=Transport(tick=480))
    device.play(stopped, 100.5, 100.7)
    assert [START, STOP] == device.kinds()


def test_a_loop_comes_round_to_its_beginning():
    device = Receiver()
    device.play(playing(loop=(0, 1920)), 100.0, 101.24)
    assert [START, STOP, START] == device.kinds()
    assert 100.99 < next(when for when, message in device.sent if message == STOP) < 101.01
    assert 11 == device.pulse


def test_a_locate_while_playing_moves_the_device():
    device = Receiver()
    device.play(playing(), 100.0, 100.5)
    device.play(playing(tick=9600, since=100.5), 100.5, 100.501)
    assert [START, STOP, song_position(9600), CONTINUE] == device.kinds()
    assert 240 == device.pulse


def test_who_slept_through_a_beat_is_put_in_place_without_a_flood():
    device = Receiver()
    device.play(playing(), 100.0, 100.1)
    before = len(device.sent)
    device.play(playing(), 104.0, 104.001)
    assert len(device.sent) - before <= 5
    assert 8 * 24 == device.pulse


def test_a_start_between_two_sixteenths_waits_for_the_next():
    device = Receiver()
    device.play(playing(tick=0), 100.06, 100.13)
    assert song_position(240) == device.sent[0][1]
    assert 0.1249 < next(when for when, message in device.sent if message == CLOCK) - 100 < 0.127
