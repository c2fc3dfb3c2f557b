"""What a slow reader loses, and what nobody ever loses."""

from hypothesis import given
from hypothesis import strategies as st

from musearoo.protocols.ws import frames
from musearoo.protocols.ws.outbox import HARD_CAP, Outbox


def outbox() -> Outbox:
    return Outbox(lambda: None, lambda first, last: b"gap %d %d" % (first, last))


def drained(box: Outbox) -> list[bytes]:
    out: list[bytes] = []
    while frames := box.take():
        out += frames
    return out


class TestFastPath:
    def test_frames_pass_in_order_and_wake_once(self):
        woken: list[int] = []
        box = Outbox(lambda: woken.append(1), lambda first, last: b"")
        for number in range(3):
            box.event(b"%d" % number, number, ("p",))
        assert [b"0", b"1", b"2"] == box.take()
        assert [1] == woken


class TestSlowReader:
    def test_state_keeps_the_last_of_each_path_and_announces_the_range(self):
        box = outbox()
        box.pause(0.0)
        for seq, path in enumerate("aababc", 1):
            box.event(b"%d" % seq, seq, (path,))
        assert 3 == box.coalesced
        box.resume()
        assert [b"gap 1 5", b"4", b"5", b"6"] == drained(box)
        assert not box.slow

    def test_control_goes_first(self):
        box = outbox()
        box.pause(0.0)
        box.event(b"event", 1, None)
        box.control(b"control")
        box.resume()
        assert [b"control", b"event"] == drained(box)

    def test_audio_older_than_200_ms_is_dropped(self):
        box = outbox()
        box.pause(0.0)
        for tenth in range(10):
            box.lossy(b"%d" % tenth, tenth * 0.07)
        box.resume()
        assert [b"7", b"8", b"9"] == drained(box)
        assert 0 == box.queued_bytes

    def test_a_state_sent_anew_voids_what_was_before_it_and_nothing_after(self):
        box = outbox()
        box.pause(0.0)
        for seq, path in enumerate("aab", 1):
            box.event(b"%d" % seq, seq, (path,))
        box.latest(b"cursor", ("cursor", "a"))
        box.control(b"ack of before")
        box.start_over(b"state")
        box.control(b"ack of after")
        for seq, path in enumerate("cc", 1):
            box.event(b"again %d" % seq, seq, (path,))
        box.resume()
        assert [
            b"ack of before", b"state", b"ack of after", b"gap 1 2", b"cursor", b"again 2",
        ] == drained(box)  # fmt: skip
        assert 0 == box.queued_bytes

    def test_a_large_state_is_no_overflow_of_answers(self):
        box = outbox()
        box.pause(0.0)
        box.start_over(bytes(200_000))
        assert not box.overflows
        box.control(bytes(17_000))
        assert box.overflows

    def test_latest_of_a_key_makes_no_gap(self):
        box = outbox()
        box.pause(0.0)
        box.latest(b"old", ("cursor", "a"))
        box.latest(b"new", ("cursor", "a"))
        box.resume()
        assert [b"new"] == drained(box)

    def test_more_than_the_cap_overflows(self):
        box = outbox()
        box.pause(0.0)
        assert not box.overflows
        for seq in range(1, 34):
            box.event(bytes(HARD_CAP // 32), seq, None)
        assert box.overflows

    def test_ten_seconds_of_nothing_is_too_long(self):
        box = outbox()
        box.pause(5.0)
        box.pause(9.0)
        assert not box.expired(15.0)
        assert box.expired(15.1)


class TestProperty:
    @given(
        st.lists(
            st.one_of(
                st.tuples(st.just("state"), st.sampled_from("abc")),
                st.tuples(st.just("event"), st.just("")),
                st.tuples(st.just("pause"), st.just("")),
                st.tuples(st.just("resume"), st.just("")),
                st.tuples(st.just("take"), st.just("")),
            ),
            max_size=80,
        )
    )
    def test_no_event_is_lost_order_is_kept_and_every_hole_is_announced(self, steps):
        box, seq, sent = outbox(), 0, []
        events: list[int] = []
        last: dict[str, int] = {}
        for kind, path in steps:
            if kind in {"state", "event"}:
                seq += 1
                box.event(b"%d" % seq, seq, (path,) if kind == "state" else None)
                events += [seq] if kind == "event" else []
                last |= {path: seq} if kind == "state" else {}
            elif kind == "pause":
                box.pause(0.0)
            elif kind == "resume":
                box.resume()
            elif box.paused_at is None:
                sent += box.take()
        box.resume()
        sent += drained(box)
        numbers = [int(frame) for frame in sent if not frame.startswith(b"gap")]
        gaps = [tuple(map(int, frame.split()[1:])) for frame in sent if frame.startswith(b"gap")]
        missing = set(range(1, seq + 1)) - set(numbers)
        assert sorted(numbers) == numbers
        assert set(events) <= set(numbers)
        assert set(last.values()) <= set(numbers)
        assert all(any(a <= number <= b for a, b in gaps) for number in missing)
        assert 0 == box.queued_bytes


def test_frames_in_a_row_are_told_apart():
    """What is written in one piece can be sent as messages too."""
    bodies = [bytes(n) for n in (0, 1, 125, 126, 65_535, 65_536, 3)]
    made = [frames.text_frame(b) if n % 2 else frames.binary_frame(b) for n, b in enumerate(bodies)]
    told = list(frames.payloads_of(b"".join(made)))
    assert bodies == [payload for _, payload in told]
    assert [bool(n % 2) for n in range(len(bodies))] == [text for text, _ in told]
