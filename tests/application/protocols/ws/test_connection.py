"""The session core: who gets in, what everyone hears, what is refused to whom."""

import json

import pytest

from musearoo.codecs.ws.binary import decode_records, encode_parameter
from musearoo.codecs.ws.records import Header, ParameterRecord, ValueKind
from musearoo.conductor.journal import Batch
from musearoo.domain.permissions import Permission
from musearoo.protocols.ws import frames
from tests.application.protocols.ws.room_doubles import ORIGIN, Hall, payloads
from tests.doubles.clock import settle
from tests.waiting import until

VIEW = frozenset({Permission.VIEW})


async def shared(hall: Hall, permissions: frozenset[Permission] = VIEW):
    """An owner, a project, and somebody who was let into it."""
    owner, guest = await hall.place.person("ann"), await hall.place.person("bob")
    project = await hall.place.project(owner)
    people = hall.place.conductor.collaboration
    invited = await people.invite(
        owner, project, "bob@example.org", permissions, None, origin=ORIGIN
    )
    await people.join(guest, invited.url.rpartition("=")[2], origin=ORIGIN)
    return owner, guest, project


class TestJoining:
    async def test_a_ticket_opens_and_the_welcome_tells_the_state(self, hall):
        owner = await hall.place.person("ann")
        project = await hall.place.project(owner)
        await hall.place.do(
            owner, project, "set_parameter", {"path": "drums/intensity", "value": 0.4}
        )
        seat = await hall.joined(owner, project)
        welcome = seat.messages[0]["data"]
        assert 1 == welcome["seq"]
        assert not welcome["resumed"]
        assert {"drums/intensity": 0.4} == welcome["state"]["parameters"]
        assert owner.user == welcome["user_id"]
        assert ["view", "edit", "generate", "export"] == welcome["permissions"]

    @pytest.mark.parametrize(
        "first",
        [
            {"type": "heartbeat"},
            {"type": "session_join", "data": {"ticket": "wrong"}},
            {"type": "session_join", "data": {"resume_token": "wrong"}},
            {"type": "session_join"},
            [1],
        ],
    )
    async def test_what_proves_nothing_is_refused_and_closed(self, hall, first):
        seat = hall.seat()
        seat.connection.receive_text(json.dumps(first).encode())
        assert "error" == (await seat.answers())[0]["type"]
        assert [4401] == [code for code, _ in seat.closed]
        assert set() == hall.door.connections

    async def test_a_ticket_works_once(self, hall):
        owner = await hall.place.person("ann")
        ticket = await hall.ticket(owner, await hall.place.project(owner))
        for expected in ("welcome", "error"):
            seat = hall.seat()
            seat.send("session_join", {"ticket": ticket})
            assert expected == (await seat.answers())[0]["type"]

    @pytest.mark.parametrize(
        ("bound", "page"),
        [("https://a.example", None), (None, "https://a.example"), ("https://a", "https://b")],
    )
    async def test_a_ticket_of_another_page_is_refused(self, hall, bound, page):
        owner = await hall.place.person("ann")
        ticket = await hall.ticket(owner, await hall.place.project(owner), bound)
        seat = hall.seat(page)
        seat.send("session_join", {"ticket": ticket})
        assert "unauthenticated" == (await seat.answers())[0]["data"]["code"]
        assert 4401 == seat.closed[0][0]

    async def test_nobody_waits_longer_than_five_seconds_to_join(self, hall):
        seat = hall.seat()
        now = hall.door.clock.monotonic()
        seat.connection.tick(now + 4)
        assert [] == seat.closed
        seat.connection.tick(now + 6)
        assert 4401 == seat.closed[0][0]

    async def test_a_second_join_is_a_conflict(self, hall):
        owner = await hall.place.person("ann")
        project = await hall.place.project(owner)
        seat = await hall.joined(owner, project)
        seat.send("session_join", {"ticket": await hall.ticket(owner, project)}, message_id="again")
        answer = (await seat.answers())[-1]
        assert ("conflict", "again") == (answer["data"]["code"], answer["data"]["reply_to"])

    async def test_who_ended_the_login_does_not_get_in(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        token = seat.messages[0]["data"]["resume_token"]
        seat.connection.gone(clean=False)
        await hall.place.conductor.accounts.logout(owner, ORIGIN)
        other = hall.seat()
        other.send("session_join", {"resume_token": token})
        assert "unauthenticated" == (await other.answers())[0]["data"]["code"]


class TestSharing:
    async def test_everyone_hears_the_same_event_with_the_same_number(self, hall):
        owner, _, project = await shared(hall)
        first, second = await hall.joined(owner, project), await hall.joined(owner, project)
        data = {"path": "drums/complexity", "value": 0.7}
        first.send("parameter_change", data, message_id="knob")
        await first.answers()
        heard = [seat.of("parameter_change") for seat in (first, second)]
        assert heard[0] == heard[1]
        assert (1, "knob") == (heard[0][0]["seq"], heard[0][0]["cause"])
        assert ["knob"] == [ack["cause"] for ack in first.of("ack")]
        assert [] == second.of("ack")

    async def test_a_repeat_is_applied_once_and_answered_again(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        for _ in range(3):
            seat.send(
                "parameter_change", {"path": "drums/complexity", "value": 0.7}, message_id="knob"
            )
            await seat.answers()
        assert 1 == len(seat.of("parameter_change"))
        assert [1, 1, 1] == [ack["data"]["seq"] for ack in seat.of("ack")]

    async def test_ids_that_count_up_are_not_looked_up_but_still_repeat_safely(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        name = seat.connection.name
        for number in (1, 2, 2, 1):
            seat.send(
                "parameter_change",
                {"path": "drums/complexity", "value": number / 10},
                message_id=f"{name}:{number}",
            )
            await seat.answers()
        assert [1, 2] == [event["seq"] for event in seat.of("parameter_change")]
        assert [1, 2, 2, 1] == [ack["data"]["seq"] for ack in seat.of("ack")]

    async def test_chat_is_an_event_like_any_other(self, hall):
        owner, guest, project = await shared(hall)
        first, second = await hall.joined(owner, project), await hall.joined(guest, project)
        second.send("chat_message", {"text": "see @bar 12"}, message_id="c")
        await second.answers()
        (said,) = first.of("chat_message")
        assert ("see @bar 12", guest.user, 1) == (
            said["data"]["text"], said["user_id"], said["seq"],
        )  # fmt: skip

    async def test_identity_is_the_connection_s(self, hall):
        owner, guest, project = await shared(hall)
        seat = await hall.joined(guest, project)
        seat.send("chat_message", {"text": "I am Ann"}, user_id=owner.user, timestamp=1.0)
        await seat.answers()
        assert guest.user == seat.of("chat_message")[0]["user_id"]

    async def test_cursors_are_musical_and_not_echoed(self, hall):
        owner, guest, project = await shared(hall)
        first, second = await hall.joined(owner, project), await hall.joined(guest, project)
        second.send("cursor_position", {"bar": 12, "beat": 1.5, "pitch": 60, "track": "bass"})
        (moved,) = first.of("cursor_position")
        assert (12, 1.5, 60, "bass") == tuple(
            moved["data"][name] for name in ("bar", "beat", "pitch", "track")
        )
        assert [] == second.of("cursor_position")
        assert "seq" not in moved

    async def test_heartbeats_read_three_clocks(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        seat.send("heartbeat", {"t0": 12.5})
        (beat,) = seat.of("heartbeat_ack")
        assert 12.5 == beat["data"]["t0"]
        assert beat["data"]["t1"] <= beat["data"]["t2"]

    async def test_several_parameters_in_one_message_are_several_events(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        both = {"drums/complexity": 0.2, "drums/intensity": 0.3}
        seat.send("parameter_change", {"parameters": both}, message_id="two")
        await seat.answers()
        assert [1, 2] == [event["seq"] for event in seat.of("parameter_change")]
        assert 2 == seat.of("ack")[0]["data"]["seq"]

    async def test_a_generation_comes_bar_by_bar_with_progress(self, hall):
        owner, guest, project = await shared(hall)
        first, second = await hall.joined(owner, project), await hall.joined(guest, project)
        first.send("generation_request", {"engine": "drummaroo", "bars": 4}, message_id="g")
        ack = (await first.answers(), first.of("ack")[0]["data"])[1]
        await hall.place.ended(ack["generation_id"])
        for seat in (first, second):
            assert [1, 2, 3, 4] == [bar["data"]["bar"] for bar in seat.of("take_bar")]
            assert 1.0 == seat.of("generation_progress")[-1]["data"]["progress"]
            assert 1 == len(seat.of("generation_complete"))
        assert ack["lands_at"] is not None


class TestRefusing:
    async def test_a_right_is_checked_for_each_message_and_only_the_asker_hears(self, hall):
        owner, guest, project = await shared(hall)
        first, second = await hall.joined(owner, project), await hall.joined(guest, project)
        second.send("parameter_change", {"path": "drums/complexity", "value": 1}, message_id="mine")
        await second.answers()
        (error,) = second.of("error")
        assert ("forbidden", "mine") == (error["data"]["code"], error["data"]["reply_to"])
        assert [] == first.of("error")
        assert [] == second.closed

    async def test_another_session_is_refused_and_the_connection_stays(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        seat.send("heartbeat", message_id="x", session_id="elsewhere")
        assert "not-found" == seat.of("error")[0]["data"]["code"]
        assert [] == seat.closed

    @pytest.mark.parametrize(
        ("frame", "code"),
        [
            (b'{"type": "dance", "message_id": "x"}', "unknown-type"),
            (b"{", "malformed-message"),
            (b"[" * 20_000, "malformed-message"),
            (b'{"type": "parameter_change", "data": {}}', "invalid-value"),
            (b'{"type": "command", "data": {"name": "explode"}}', "invalid-value"),
            (b'{"type": "chat_message", "data": {"text": "  "}}', "invalid-value"),
            (b'{"type": "voice_command", "data": {"command": "louder"}}', "unavailable"),
        ],
    )
    async def test_each_fault_has_its_code(self, hall, frame, code):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        seat.connection.receive_text(frame)
        await seat.answers()
        assert [code] == [error["data"]["code"] for error in seat.of("error")]
        assert [] == seat.closed

    async def test_who_keeps_sending_faults_is_closed(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        for _ in range(40):
            seat.connection.receive_text(b"{")
        assert [4429] == [code for code, _ in seat.closed]

    async def test_too_many_messages_are_refused_with_a_time(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        for _ in range(300):
            seat.send("chat_message", {"text": "hi"})
        errors = seat.of("error")
        assert {"too-many-requests"} == {error["data"]["code"] for error in errors}
        assert all(error["data"]["retry_after"] > 0 for error in errors)

    async def test_binary_frames_need_their_subprotocol(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        seat.connection.receive_binary(bytes(36))
        assert "malformed-message" == seat.of("error")[0]["data"]["code"]


class TestRevoking:
    async def test_who_may_no_longer_view_is_out_at_once(self, hall):
        owner, guest, project = await shared(hall)
        seat = await hall.joined(guest, project)
        await hall.place.conductor.collaboration.remove(owner, project, guest.user, ORIGIN)
        assert 4403 == await seat.closing()

    async def test_the_end_of_the_login_ends_the_connection(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        await hall.place.conductor.accounts.logout(owner, ORIGIN)
        assert 4401 == await seat.closing()

    async def test_a_login_is_renewed_on_the_living_connection(self, hall):
        owner = await hall.place.person("ann")
        project = await hall.place.project(owner)
        seat = await hall.joined(owner, project)
        ends = seat.connection.guest.expires_at
        seat.connection._heard = ends - 30
        seat.connection.tick(ends - 30)
        assert 1 == len(seat.of("auth_refresh"))
        hall.set_forward(1)
        seat.send("auth_refresh", {"ticket": await hall.ticket(owner, project)}, message_id="r")
        await seat.answers()
        assert seat.connection.guest.expires_at > ends
        assert ["r"] == [ack["cause"] for ack in seat.of("ack")]

    async def test_a_login_that_is_not_renewed_ends(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        seat.connection._heard = seat.connection.guest.expires_at + 31
        seat.connection.tick(seat.connection.guest.expires_at + 31)
        assert [4401] == [code for code, _ in seat.closed]

    async def test_another_person_s_proof_does_not_renew(self, hall):
        owner, guest, project = await shared(hall)
        seat = await hall.joined(owner, project)
        seat.send("auth_refresh", {"ticket": await hall.ticket(guest, project)}, message_id="r")
        await seat.answers()
        assert "forbidden" == seat.of("error")[0]["data"]["code"]


class TestResuming:
    async def test_exactly_the_missing_events_come_and_nothing_else(self, hall):
        owner = await hall.place.person("ann")
        project = await hall.place.project(owner)
        seat, other = await hall.joined(owner, project), await hall.joined(owner, project)
        welcome = seat.messages[0]["data"]
        for number in range(20):
            value = {"path": "drums/complexity", "value": number / 20}
            other.send("parameter_change", value)
        await other.answers()
        seen = [event["seq"] for event in seat.of("parameter_change")][:7]
        seat.connection.gone(clean=False)
        back = hall.seat()
        again = {
            "resume_token": welcome["resume_token"], "epoch": welcome["epoch"], "last_seq": seen[-1]
        }  # fmt: skip
        back.send("session_join", again)
        await back.answers()
        assert back.messages[0]["data"]["resumed"]
        assert "state" not in back.messages[0]["data"]
        assert list(range(8, 21)) == [event["seq"] for event in back.of("parameter_change")]
        assert welcome["connection"] == back.messages[0]["data"]["connection"]

    async def test_what_memory_has_forgotten_comes_from_the_store(self, hall):
        owner = await hall.place.person("ann")
        project = await hall.place.project(owner)
        for number in range(5):
            value = {"path": "drums/complexity", "value": number / 5}
            await hall.place.do(owner, project, "set_parameter", value)
        session = await hall.place.conductor.sessions.open(project)
        seat = await hall.joined(owner, project, epoch=session.epoch, last_seq=2)
        assert seat.messages[0]["data"]["resumed"]
        assert [3, 4, 5] == [event["seq"] for event in seat.of("parameter_change")]

    async def test_another_epoch_gets_the_state(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(
            owner, await hall.place.project(owner), epoch="long ago", last_seq=2
        )
        assert not seat.messages[0]["data"]["resumed"]
        assert "state" in seat.messages[0]["data"]

    async def test_a_resume_token_works_once_and_replaces_the_old_socket(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        token = seat.messages[0]["data"]["resume_token"]
        back, third = hall.seat(), hall.seat()
        back.send("session_join", {"resume_token": token})
        assert "welcome" == (await back.answers())[0]["type"]
        assert [4409] == [code for code, _ in seat.closed]
        third.send("session_join", {"resume_token": token})
        assert "error" == (await third.answers())[0]["type"]
        assert 1 == len(hall.door.connections)

    async def test_lost_events_begin_a_new_epoch_for_everyone(self, hall):
        owner = await hall.place.person("ann")
        project = await hall.place.project(owner)
        seat = await hall.joined(owner, project)
        session = await hall.place.conductor.sessions.open(project)
        await session.lost(Batch(session.session, session.epoch, 0, [], []))
        await settle()
        (again,) = seat.of("reconnect")
        assert ("snapshot", session.epoch) == (again["data"]["status"], again["data"]["epoch"])
        seat.send("parameter_change", {"path": "drums/complexity", "value": 0.1})
        await seat.answers()
        assert [session.epoch] == [event["epoch"] for event in seat.of("parameter_change")]


class TestPresence:
    async def test_tabs_of_one_person_are_two(self, hall):
        owner = await hall.place.person("ann")
        project = await hall.place.project(owner)
        await hall.joined(owner, project)
        second = await hall.joined(owner, project, device="phone")
        assert 1 == len(second.messages[0]["data"]["present"])
        assert 2 == len(hall.door.connections)

    async def test_a_goodbye_is_told_at_once(self, hall):
        owner, guest, project = await shared(hall)
        first, second = await hall.joined(owner, project), await hall.joined(guest, project)
        second.send("session_leave")
        assert [1000] == [code for code, _ in second.closed]
        assert ["joined", "left"] == [m["data"]["action"] for m in first.of("user_presence")]

    async def test_a_broken_connection_is_away_before_it_has_left(self, hall):
        owner, guest, project = await shared(hall)
        first, second = await hall.joined(owner, project), await hall.joined(guest, project)
        second.connection.gone(clean=False)
        assert "away" == first.of("user_presence")[-1]["data"]["status"]
        hall.door.rooms.sweep(hall.door.clock.monotonic() + 16)
        assert "left" == first.of("user_presence")[-1]["data"]["action"]

    async def test_silence_ends_a_connection_that_may_come_back(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        seat.connection.tick(hall.door.clock.monotonic() + 41)
        assert [4001] == [code for code, _ in seat.closed]


class TestSlowReading:
    async def test_a_stalled_reader_gets_the_last_values_and_the_range(self, hall):
        owner = await hall.place.person("ann")
        project = await hall.place.project(owner)
        slow, other = await hall.joined(owner, project), await hall.joined(owner, project)
        slow.connection.outbox.pause(hall.door.clock.monotonic())
        for number in range(50):
            value = {
                "path": f"drums/{('complexity', 'intensity')[number % 2]}",
                "value": number / 50,
            }
            other.send("parameter_change", value)
        await other.answers()
        slow.connection.outbox.resume()
        assert [49, 50] == [event["seq"] for event in slow.of("parameter_change")]
        (gap,) = slow.of("reconnect")
        assert ("coalesced", 1, 50) == tuple(gap["data"][n] for n in ("status", "from", "to"))
        assert 50 == len(other.of("parameter_change"))

    async def test_who_reads_nothing_is_closed_and_may_resume(self, hall):
        owner = await hall.place.person("ann")
        seat = await hall.joined(owner, await hall.place.project(owner))
        now = hall.door.clock.monotonic()
        seat.connection.outbox.pause(now)
        seat.connection.tick(now + 11)
        assert [4008] == [code for code, _ in seat.closed]


class TestBinary:
    async def test_records_go_in_and_come_out(self, hall):

        owner = await hall.place.person("ann")
        project = await hall.place.project(owner)
        seat = await hall.joined(owner, project, binary=True)
        text = await hall.joined(owner, project)
        handles = seat.messages[0]["data"]["parameters"]
        handle = next(h["handle"] for h in handles if h["path"] == "drums/complexity")
        record = ParameterRecord(
            header=Header(number=1), handle=handle, kind=ValueKind.NUMBER, value=0.25
        )
        seat.connection.receive_binary(encode_parameter(record))
        await until(lambda: not seat.connection.busy, "the end of what was sent")
        seat.connection.room.fan.flush()
        stream = b"".join(seat.connection.outbox.take())
        binary = [payload for opcode, payload in payloads(stream) if opcode == 2]
        (echo, *_) = decode_records(binary[0], by_server=True)
        assert isinstance(echo, ParameterRecord)
        assert (0.25, handle, 1) == (echo.value, echo.handle, echo.header.number)
        assert 0.25 == text.of("parameter_change")[0]["data"]["value"]


def test_frames_have_the_shortest_length_form():
    for size, start in ((125, 2), (126, 4), (65_535, 4), (65_536, 10)):
        frame = frames.text_frame(bytes(size))
        assert start + size == len(frame)
        assert 0x81 == frame[0]
