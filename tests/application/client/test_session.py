"""A client's session through whatever its server and network do."""

import asyncio
import time
from typing import Any

import pytest

from musearoo.client import Connected, Disconnected, Ended, Refused, Unreachable, connect
from musearoo.client.backoff import FIRST
from musearoo.codecs.ws import (
    AudioRecord,
    AudioStreamEnd,
    AudioStreamStart,
    AuthExpiring,
    AuthRefresh,
    ChatMessage,
    ClockRecord,
    CommandMessage,
    CursorMoved,
    CursorPosition,
    GenerationProgress,
    GenerationRequest,
    GoingAway,
    HandleTable,
    Header,
    Heartbeat,
    HeartbeatAck,
    NoteAction,
    NoteRecord,
    Notice,
    ParameterChange,
    ParameterRecord,
    PresenceChange,
    ProgressRecord,
    Reconnected,
    SessionLeave,
    UserPresence,
    VoiceCommand,
    decode_records,
    encode_ack,
    encode_audio,
    encode_clock,
    encode_note,
    encode_progress,
)
from musearoo.codecs.ws.outgoing import (
    CursorMovedData,
    ExpiringData,
    GoingAwayData,
    HeartbeatAckData,
    NoticeData,
    PresenceChangeData,
    ReconnectedData,
)
from musearoo.codecs.ws.records import AckRecord
from musearoo.domain.events import ParameterSet, TakeBar
from musearoo.domain.ids import GenerationId, TakeId
from tests.application.client.stage import (
    ENVELOPE,
    HANDLES,
    ROOM,
    Actor,
    Stage,
    changed,
    happened,
    raw,
    stage,
)
from tests.waiting import until

UUID = "0199d3c0-3333-7000-8000-000000000003"


async def test_joining_shows_where_the_session_stands() -> None:
    """The welcome's facts are there when the block begins."""

    async def scene(actor: Actor) -> None:
        join = await actor.welcome(seq=4)
        assert (join.data.ticket, join.data.epoch) == ("ticket-1", None)
        assert isinstance(await actor.hear(SessionLeave), SessionLeave)

    async with stage(scene) as play, play.session() as live:
        assert ("e", 4, "c", "u") == (live.epoch, live.seq, live.connection, live.user_id)
        assert live.permissions == ("view", "edit")
        assert list(live.present) == ["c"]
        assert live.state is not None
        assert live.connected


async def test_what_is_asked_is_answered() -> None:
    """Each request gets its own ack or refusal, whatever order they come in."""

    async def scene(actor: Actor) -> None:
        await actor.welcome()
        first = await actor.hear(ParameterChange)
        second = await actor.hear(ParameterChange)
        await actor.refuse(second.message_id, "invalid-value", "Out of range.")
        await actor.say(changed(1, cause=first.message_id))
        await actor.ack(first, 1)
        await actor.rest()

    async with stage(scene) as play, play.session() as live:
        one = await live.post_change("drums/complexity", 0.5)
        two = await live.post_change("drums/complexity", 7.0)
        assert (await one).seq == 1
        with pytest.raises(Refused) as refused:
            await two
        assert ("invalid-value", "Out of range.") == (refused.value.code, refused.value.detail)
        assert live.waiting == 0


async def test_events_are_applied_in_order_and_heard_once() -> None:
    """Those that come twice count once; the state follows."""

    async def scene(actor: Actor) -> None:
        await actor.welcome(seq=1)
        for event in (changed(2, 0.2), changed(2, 0.9), changed(3, 0.3)):
            await actor.say(event)
        await actor.rest()

    async with stage(scene) as play, play.session() as live:
        events = live.events()
        heard = [(await anext(events)).seq, (await anext(events)).seq]
        assert [2, 3] == heard
        assert live.state is not None
        assert {"drums/complexity": 0.3} == live.state.parameters
        events.close()
        with pytest.raises(StopAsyncIteration):
            await anext(events)


async def test_a_lost_connection_is_resumed_where_it_was() -> None:
    """With the token and the last number; what was not answered is sent again, in order."""

    async def first(actor: Actor) -> None:
        await actor.welcome(seq=1)
        await actor.say(changed(2, 0.2))
        message = await actor.hear(ChatMessage)
        assert message.message_id == "c:1"
        await actor.hear(ChatMessage)
        actor.cut()

    async def second(actor: Actor) -> None:
        join = await actor.welcome(seq=3, resumed=True)
        assert ("r", "e", 2) == (join.data.resume_token, join.data.epoch, join.data.last_seq)
        await actor.say(changed(3, 0.3))
        again = [await actor.hear(ChatMessage), await actor.hear(ChatMessage)]
        assert [each.message_id for each in again] == ["c:1", "c:2"]
        for seq, each in enumerate(again, 4):
            await actor.ack(each, seq)
        await actor.rest()

    async with stage(first, second) as play, play.session() as live:
        happenings = live.happenings()
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(live.chat(text)) for text in ("a", "b")]
        assert [each.result().seq for each in asked] == [4, 5]
        await until(lambda: live.seq == 3)
        assert 1 == live.reconnects
        kinds = []
        async for happening in happenings:
            kinds.append(type(happening))
            if isinstance(happening, Connected):
                assert happening == Connected(True, "e", 3)
                break
        assert Disconnected in kinds
        assert play.usher.tickets == 1


async def test_a_gap_is_mended_by_resuming() -> None:
    """Events that are missing without announcement are asked for."""

    async def first(actor: Actor) -> None:
        await actor.welcome(seq=1)
        await actor.say(changed(3))
        await actor.rest()

    async def second(actor: Actor) -> None:
        join = await actor.welcome(seq=3, resumed=True)
        assert join.data.last_seq == 1
        await actor.say(changed(2))
        await actor.say(changed(3))
        await actor.rest()

    async with stage(first, second) as play, play.session() as live:
        await until(lambda: live.seq == 3)


async def test_announced_ranges_are_no_gap() -> None:
    """After `coalesced` numbers may be missing up to its end, and not beyond."""

    async def scene(actor: Actor) -> None:
        await actor.welcome(seq=1)
        data = ReconnectedData(status="coalesced", from_seq=2, to_seq=5)
        await actor.say(Reconnected(**ENVELOPE, data=data))
        for seq in (4, 5, 6):
            await actor.say(changed(seq))
        await actor.rest()

    async with stage(scene) as play, play.session() as live:
        await until(lambda: live.seq == 6)
        assert ((2, 5),) == live.coalesced
        assert 0 == live.reconnects


async def test_a_snapshot_starts_anew() -> None:
    """The state and the numbers are those of the new epoch."""

    async def scene(actor: Actor) -> None:
        await actor.welcome(seq=9)
        await actor.say(changed(10))
        from musearoo.codecs.events import snapshot  # noqa: PLC0415
        from musearoo.domain.session.state import SessionState  # noqa: PLC0415

        state = snapshot(SessionState(style="funk"), 1.0)
        data = ReconnectedData(status="snapshot", epoch="f", seq=3, state=state)
        await actor.say(Reconnected(**ENVELOPE, data=data))
        await actor.say(changed(4, epoch="f"))
        await actor.rest()

    async with stage(scene) as play, play.session() as live:
        await until(lambda: live.seq == 4)
        assert live.epoch == "f"
        assert live.state is not None
        assert live.state.style == "funk"


async def test_an_expired_resume_token_is_replaced_by_a_ticket() -> None:
    """The server says 4401; the second ticket resumes just as well."""

    async def first(actor: Actor) -> None:
        await actor.welcome(seq=1)
        await actor.close(4401, "login expired")

    async def second(actor: Actor) -> None:
        join = await actor.welcome(seq=1, resumed=True)
        assert ("ticket-2", "e", 1) == (join.data.ticket, join.data.epoch, join.data.last_seq)
        await actor.rest()

    async with stage(first, second) as play, play.session() as live:
        await until(lambda: live.reconnects == 1 and live.connected)


async def test_a_refused_resume_token_is_not_tried_twice() -> None:
    """The error and 4401 come before any welcome."""

    async def first(actor: Actor) -> None:
        await actor.welcome(seq=1)
        actor.cut()

    async def second(actor: Actor) -> None:
        assert (await actor.hear()).data.resume_token == "r"
        await actor.refuse(None, "unauthenticated")
        await actor.close(4401)

    async def third(actor: Actor) -> None:
        assert (await actor.welcome(seq=1, resumed=True)).data.ticket == "ticket-2"
        await actor.rest()

    async with stage(first, second, third) as play, play.session() as live:
        await until(lambda: live.reconnects >= 2 and live.connected)


@pytest.mark.parametrize("code", [4403, 4409, 1000, 1009])
async def test_a_final_end_ends_the_session(code: int) -> None:
    """What was asked fails, iterators end with the reason, asking more is refused."""

    async def scene(actor: Actor) -> None:
        await actor.welcome()
        await actor.hear(ChatMessage)
        await actor.close(code, "over")

    async with stage(scene) as play, play.session() as live:
        events = live.events()
        with pytest.raises(Ended) as ended:
            await live.chat("?")
        assert (code, "over") == (ended.value.code, str(ended.value))
        with pytest.raises(Ended):
            await anext(events)
        with pytest.raises(Ended):
            await live.chat("!")
        with pytest.raises(Ended):
            await anext(live.events())


async def test_a_session_that_is_not_yours_is_refused_at_the_door() -> None:
    """Both where the ticket is refused and where the join is."""

    async def scene(actor: Actor) -> None:
        await actor.hear()
        await actor.refuse(None, "forbidden", "Not shared with you.")
        await actor.close(4403)

    async with stage(scene) as play:
        with pytest.raises(Refused, match="Not shared"):
            async with play.session():
                raise AssertionError
        play.usher.gone = Refused("not-found", "There is no such session.")
        with pytest.raises(Refused, match="no such"):
            async with play.session():
                raise AssertionError


async def test_nobody_there() -> None:
    """An address where nothing listens is said at once, not retried for ever."""
    with pytest.raises(Unreachable):
        async with connect("http://127.0.0.1:9", token="t", session=ROOM):
            raise AssertionError


async def test_a_server_that_speaks_otherwise() -> None:
    """A first frame that is no message of ours."""

    async def scene(actor: Actor) -> None:
        await actor.socket.send('{"hello":"world"}')
        await actor.rest()

    async with stage(scene) as play:
        with pytest.raises(Unreachable):
            async with play.session():
                raise AssertionError


async def test_giving_up() -> None:
    """With a limit, a server that stays away ends the session."""

    async def scene(actor: Actor) -> None:
        await actor.welcome()
        await actor.close(1012)

    async def away(actor: Actor) -> None:
        actor.cut()

    async with stage(scene, *[away] * 9) as play, play.session(give_up_after=0.4) as live:
        with pytest.raises(Ended, match="for"):
            await live.chat("anybody?")


async def test_a_drained_server_is_left_and_found_again() -> None:
    """`going_away` says when to come back; nothing is lost."""

    async def first(actor: Actor) -> None:
        await actor.welcome(seq=1)
        data = GoingAwayData(in_ms=10, after_ms=1, reason="restart")
        await actor.say(GoingAway(**ENVELOPE, data=data))
        await actor.close(4001)

    async def second(actor: Actor) -> None:
        assert (await actor.welcome(seq=1, resumed=True)).data.resume_token == "r"
        await actor.rest()

    async with stage(first, second) as play, play.session() as live:
        happenings = live.happenings()
        async for happening in happenings:
            if isinstance(happening, Disconnected):
                assert happening.wait < FIRST / 2
                break
        await until(lambda: live.connected)


async def test_silence_is_a_lost_connection() -> None:
    """When not even heartbeats are answered, the client comes back by itself."""

    async def first(actor: Actor) -> None:
        await actor.welcome(seq=1)
        await actor.rest()

    async def second(actor: Actor) -> None:
        await actor.welcome(seq=1, resumed=True)
        await actor.rest()

    async with stage(first, second) as play, play.session() as live:
        live._link.clock = lambda: 1e9  # an hour later
        await until(lambda: live.reconnects == 1)


async def test_the_clock_follows_heartbeats() -> None:
    """The offset is that of the server's answers."""

    async def scene(actor: Actor) -> None:
        await actor.welcome()
        while True:
            beat = await actor.hear(Heartbeat)
            ahead = beat.data.t0 + 1_000.0
            data = HeartbeatAckData(t0=beat.data.t0, t1=ahead, t2=ahead)
            await actor.say(HeartbeatAck(**ENVELOPE, data=data))

    async with stage(scene) as play, play.session() as live:
        # A machine that stands still spoils single measurements; more come.
        await until(lambda: live.clock.offset == pytest.approx(1_000.0, abs=0.2))
        # What is shown moves slowly to what is known.
        assert live.server_time() - time.monotonic() == pytest.approx(1_000.0, abs=30)


async def test_people_come_and_go() -> None:
    """`present` is who is here; one's own rights change live."""

    async def scene(actor: Actor) -> None:
        await actor.welcome()

        async def say(action: Any, connection: str, **fields: Any) -> None:
            data = PresenceChangeData(
                action=action, connection=connection, sender=2, user_id="v", **fields
            )
            await actor.say(PresenceChange(**ENVELOPE, data=data))

        await say("joined", "d", name="Vi")
        await say("joined", "x")
        await say("left", "x")
        await say("left", "x")
        await say("changed", "c", permissions=("view",))
        await actor.rest()

    async with stage(scene) as play, play.session() as live:
        await until(lambda: live.permissions == ("view",))
        assert {"c", "d"} == set(live.present)
        assert live.present["d"].name == "Vi"


async def test_a_replaced_change_counts_as_done() -> None:
    """The server says that a later value of the same path took its place."""

    async def scene(actor: Actor) -> None:
        await actor.welcome(seq=5)
        change = await actor.hear(ParameterChange)
        for code in ("hint", "coalesced"):
            data = NoticeData(code=code)
            await actor.say(Notice(**ENVELOPE, cause=change.message_id, data=data))
        await actor.rest()

    async with stage(scene) as play, play.session() as live:
        assert (await live.set("drums/complexity", 0.1)).seq == 5


async def test_what_a_client_is_too_old_for_is_passed_over() -> None:
    """Unknown messages and events are skipped, and their numbers count."""

    async def scene(actor: Actor) -> None:
        await actor.welcome(seq=1)
        await actor.socket.send(raw({"type": "dance"}), text=True)
        event = {"type": "event", "session_id": ROOM, "user_id": None, "timestamp": 1.0}
        news = event | {"data": {"name": "danced"}, "seq": 2, "epoch": "e"}
        await actor.socket.send(raw(news), text=True)
        await actor.say(changed(3))
        await actor.rest()

    async with stage(scene) as play, play.session() as live:
        await until(lambda: live.seq == 3)
        assert 0 == live.reconnects


async def test_errors_nobody_asked_for_are_heard() -> None:
    """They are happenings, not answers."""

    async def scene(actor: Actor) -> None:
        await actor.welcome()
        await actor.refuse(None, "malformed-message", "What?")
        await actor.rest()

    async with stage(scene) as play, play.session() as live:
        assert "What?" in str(await anext(live.happenings()))


@pytest.mark.parametrize("refreshes", [True, False])
async def test_an_expiring_login_is_renewed(refreshes: bool) -> None:
    """With a new access token, or with a ticket if there is nothing to refresh."""

    async def scene(actor: Actor) -> None:
        await actor.welcome()
        await actor.say(AuthExpiring(**ENVELOPE, data=ExpiringData(expires_in=60.0)))
        proof = await actor.hear(AuthRefresh)
        assert (proof.data.token is None, proof.data.ticket is None) == (not refreshes, refreshes)
        await actor.ack(proof, 0)
        await actor.rest()

    async with stage(scene, refreshes=refreshes) as play, play.session() as live:
        await until(lambda: live.waiting == 0 and play.usher.refreshed == 1)


async def test_everything_can_be_asked_for() -> None:
    """Each method sends its message."""
    heard: list[Any] = []

    async def scene(actor: Actor) -> None:
        await actor.welcome()
        while True:
            message = await actor.hear()
            heard.append(message)
            if message.message_id is not None:
                await actor.ack(message, 1, stream=2)

    async with stage(scene) as play, play.session() as live:
        await live.set_many({"drums/fills": True})
        await live.generate("drummaroo", {"style": "funk"}, bars=4)
        await live.command("transport", {"action": "play"}, at="bar 2")
        await live.undo()
        await live.redo()
        await live.chat("hi")
        await live.voice("more cowbell", confirm=True)
        stream = await live.start_audio("opus", 48_000)
        await live.end_audio(stream)
        await live.cursor(3, 1.5, pitch=60, track="bass")
        await live.presence("idle")
        await until(lambda: len(heard) == 11)
        assert [
            ParameterChange, GenerationRequest, CommandMessage, CommandMessage, CommandMessage,
            ChatMessage, VoiceCommand, AudioStreamStart, AudioStreamEnd, CursorPosition,
            UserPresence,
        ] == [type(each) for each in heard]  # fmt: skip


async def test_records_go_and_come() -> None:
    """With `binary` frequent things are records, and mean the same."""

    async def scene(actor: Actor) -> None:
        await actor.welcome(seq=6, parameters=HANDLES)
        (asked,) = decode_records(await actor.hear())
        assert isinstance(asked, ParameterRecord)
        table = HandleTable(HANDLES)
        told = happened(7, ParameterSet(path="drums/complexity", value=asked.value))
        bar = TakeBar(
            generation_id=GenerationId(UUID), take_id=TakeId(UUID), part="d", bar=1, notes=()
        )
        header = Header(sender=1, time_us=5_000_000)
        note = NoteRecord(header=header, action=NoteAction.ON, pitch=60, velocity=90)
        frame = [
            table.record_of(told, 1) or b"",
            table.record_of(happened(8, bar), 1) or b"",
            encode_ack(AckRecord(header=header, counter=asked.header.number, event=7)),
            encode_clock(ClockRecord(header=header, t0=1, t1=2_000_000, t2=2_000_000)),
            encode_progress(
                ProgressRecord(header=header, generation_id=UUID, permille=500, status="queued")
            ),
            encode_note(note),
            encode_audio(AudioRecord(header=header, codec="opus", position=0, audio=b"x")),
        ]
        await actor.socket.send(b"".join(frame))
        sent = decode_records(await actor.hear()) + decode_records(await actor.hear())
        assert [type(each) for each in sent] == [NoteRecord, AudioRecord]
        await actor.rest()

    async with stage(scene) as play, play.session(binary=True) as live:
        happenings = live.happenings()
        assert (await live.set("drums/complexity", 0.25)).seq == 7
        heard = [await anext(happenings) for _ in range(5)]
        assert heard[0] == changed(7, 0.25)
        assert [type(each) for each in heard[2:]] == [GenerationProgress, NoteRecord, AudioRecord]
        assert live.seq == 8
        assert live.clock.ready
        await live.note(NoteRecord(action=NoteAction.OFF, pitch=60, velocity=0))
        await live.audio(1, "opus", b"x", position=0, number=0)


async def test_without_state_events_only_pass() -> None:
    """For programs that only listen."""

    async def scene(actor: Actor) -> None:
        await actor.welcome(seq=1)
        await actor.say(changed(2))
        data = CursorMovedData(connection="d", bar=1)
        await actor.say(CursorMoved(**ENVELOPE, data=data))
        await actor.rest()

    async with stage(scene) as play, play.session(keep_state=False) as live:
        happenings = live.happenings()
        await anext(happenings)
        assert isinstance(await anext(happenings), CursorMoved)
        assert live.state is None
        assert isinstance(live.server_time(), float)


async def test_breaking_off_on_purpose() -> None:
    """Tests and demonstrations can play the failing network."""

    async def first(actor: Actor) -> None:
        await actor.welcome()
        await actor.rest()

    async with stage(first, first) as play, play.session() as live:
        live.break_off()
        await until(lambda: live.reconnects == 1 and live.connected)


async def test_an_error_in_the_block_comes_out_as_it_is() -> None:
    """No group, no waiting for answers."""

    async def scene(actor: Actor) -> None:
        await actor.welcome()
        await actor.rest()

    async def block(play: Stage) -> None:
        async with play.session() as live:
            await live.post_change("drums/complexity", 0.1)
            raise KeyError

    async with stage(scene) as play:
        with pytest.raises(KeyError):
            await block(play)


async def test_leaving_waits_for_answers() -> None:
    """What was posted before the end of the block is carried out."""

    async def scene(actor: Actor) -> None:
        await actor.welcome()
        change = await actor.hear(ParameterChange)
        await asyncio.sleep(0.05)
        await actor.ack(change, 1)
        await actor.hear(SessionLeave)

    async with stage(scene) as play:
        async with play.session() as live:
            posted = await live.post_change("drums/complexity", 0.1)
        assert posted.done()


def test_a_way_in_needs_a_proof() -> None:
    """An account, or a url with a token."""
    with pytest.raises(ValueError, match="account"):
        connect("http://x", session=ROOM)


async def test_leaving_does_not_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the goodbye is on its way the heartbeat waits, and keeps nobody busy."""
    naps: list[float] = []
    sleep = asyncio.sleep

    async def counted(seconds: float) -> None:
        naps.append(seconds)
        await sleep(seconds)

    async def scene(actor: Actor) -> None:
        await actor.welcome()
        await actor.hear(SessionLeave)
        await sleep(0.5)

    async with stage(scene) as play, play.session() as live:
        wire = live._link._wire
        assert wire is not None
        close = wire.close

        async def slowly() -> None:
            await sleep(0.4)
            await close()

        monkeypatch.setattr(wire, "close", slowly)
        monkeypatch.setattr("musearoo.client.link.asyncio.sleep", counted)
        await live.tell(SessionLeave())
        await live._link.close()
    assert len(naps) < 20


async def test_what_a_lost_right_leaves_unanswered_is_not_called_refused() -> None:
    """Whoever finds no way back cannot know whether the message was done before."""

    async def scene(actor: Actor) -> None:
        await actor.welcome()
        await actor.hear(ParameterChange)
        actor.cut()

    async def nobody(actor: Actor) -> None:
        await actor.hear()
        await actor.refuse(None, "unauthenticated")
        await actor.close(4401)

    async with stage(scene, nobody) as play, play.session() as live:
        posted = await live.post_change("drums/complexity", 0.1)
        play.usher.gone = Refused("not-found", "There is no such session.")
        with pytest.raises(Ended):
            await posted


async def test_a_server_without_its_database_is_tried_again() -> None:
    """Being refused with 1011 while coming back is no end."""

    async def scene(actor: Actor) -> None:
        await actor.welcome()
        actor.cut()

    async def away(actor: Actor) -> None:
        await actor.hear()
        await actor.refuse(None, "unavailable")
        await actor.close(1011)

    async def back(actor: Actor) -> None:
        await actor.welcome(resumed=True)
        await actor.rest()

    async with stage(scene, away, back) as play, play.session() as live:
        await until(lambda: live.reconnects == 2 and live.connected)


async def test_a_record_does_not_outlive_the_connection_it_counts_for() -> None:
    """A record names its message by a number of the connection; on another it says its name."""
    heard: list[object] = []

    async def first(actor: Actor) -> None:
        await actor.welcome(parameters=HANDLES)
        await cutting.wait()
        actor.cut()

    async def second(actor: Actor) -> None:
        await actor.welcome(connection="d", parameters=HANDLES)
        for _ in range(2):
            change = await actor.hear()
            heard.append(getattr(change, "message_id", change))
        await actor.ack(change, 1)
        await actor.rest()

    cutting = asyncio.Event()
    async with stage(first, second) as play, play.session(binary=True) as live:
        async with live._link._sending:
            posting = asyncio.create_task(live.post_change("drums/complexity", 0.5))
            await until(lambda: live.waiting)
            cutting.set()
            await until(lambda: live.connection == "d")
        assert 1 == (await (await posting)).seq
    assert ["c:1", "c:1"] == heard
