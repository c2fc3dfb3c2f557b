"""One of every WebSocket message, as documents and test vectors show them."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from musearoo.codecs.events import encode_event
from musearoo.codecs.ws import incoming as c
from musearoo.codecs.ws import outgoing as s
from musearoo.codecs.ws.incoming import Incoming
from musearoo.codecs.ws.outgoing import Outgoing
from musearoo.codecs.ws.text import encode
from musearoo.domain import events as e
from musearoo.domain.context import Groove, Section
from musearoo.domain.events import Event, Landing, Sequenced
from musearoo.domain.ids import AnalysisId, AssetId, GenerationId, SessionId, TakeId, UserId
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import Note
from musearoo.domain.music.tempo_map import TempoChange, TempoMap

T = TypeVar("T")

SESSION = SessionId("0199d3c0-1111-7000-8000-000000000001")
ADA = UserId("0199d3c0-2222-7000-8000-000000000002")
GENERATION = GenerationId("0199d3c0-3333-7000-8000-000000000003")
TAKE = TakeId("0199d3c0-4444-7000-8000-000000000004")
BASE_TAKE = TakeId("0199d3c0-5555-7000-8000-000000000005")
ANALYSIS = AnalysisId("0199d3c0-6666-7000-8000-000000000006")
ASSET = AssetId("0199d3c0-7777-7000-8000-000000000007")
EPOCH = "0199d3c0-8888-7000-8000-000000000008"
CONNECTION = "0199d3c0-9999-7000-8000-000000000009"
TICKET = "pass-for-one-use"
NOW = 1_762_000_000.25
BAR_5 = Landing(5, 0.0, NOW + 1.75)

KICK = Note(id="b1-0", start=0, length=240, pitch=36, velocity=110, voice="kick")
SNARE = Note(
    id="b1-1", start=960, length=240, pitch=38, velocity=96, offset_us=-4_000, voice="snare",
    articulation="rim",
)  # fmt: skip
CHORDS = (
    ChordSpan(0, 3840, Chord.parse("A:min7")),
    ChordSpan(3840, 3840, Chord.parse("F:maj/A")),
)
TEMPO = TempoMap((TempoChange(0, 96.0), TempoChange(15_360, 100.0)))
GROOVE = Groove(steps_per_bar=4, accents=((900, 300, 700, 300),), swing=540)
HANDLES = (
    s.ParameterHandle(0, "drums/complexity", "number"),
    s.ParameterHandle(1, "drums/style", "choice", ("rock", "funk")),
    s.ParameterHandle(2, "drums/fills", "boolean"),
    s.ParameterHandle(3, "bass/octave", "integer"),
)
LIMITS = s.Limits(
    frame_bytes=65_536, messages_per_second=60.0, burst=120, queue_bytes=1_048_576,
    heartbeat_seconds=15.0, silence_seconds=40.0, replay_events=1_024,
    audio_bytes_per_second=524_288,
)  # fmt: skip


def client_messages() -> dict[str, Incoming]:
    """What a client may send, by a name for each."""
    change = c.ParameterData(path="drums/complexity", value=0.7, gesture="drag-1")
    several = c.ParameterData(parameters={"drums/complexity": 0.7, "bass/octave": 2})
    generation = c.GenerationData(
        engine="drummaroo", parameters={"complexity": 0.6, "style": "funk", "fills": True},
        audio_context=c.AudioContext(asset_id=ASSET), bars=8, seed=7, style_hints=("tight",),
        at="next_bar",
    )  # fmt: skip
    command = c.CommandData(
        name="transport", args=msgspec.Raw(b'{"action":"play","bar":1}'), at="bar 5"
    )
    return {
        "session_join": c.SessionJoin(
            message_id="m-1", data=c.JoinData(ticket=TICKET, instance="a1", device="browser")
        ),
        "session_join that resumes": c.SessionJoin(
            data=c.JoinData(resume_token=TICKET, epoch=EPOCH, last_seq=41, instance="a1")
        ),
        "reconnect": c.Reconnect(data=c.JoinData(resume_token=TICKET, epoch=EPOCH, last_seq=41)),
        "session_leave": c.SessionLeave(),
        "user_presence": c.UserPresence(data=c.PresenceData(status="idle", device="phone")),
        "generation_request": c.GenerationRequest(message_id="m-2", data=generation),
        "parameter_change": c.ParameterChange(message_id="m-3", data=change),
        "parameter_change of several": c.ParameterChange(message_id="m-4", data=several),
        "cursor_position": c.CursorPosition(
            data=c.CursorData(bar=3, beat=1.5, pitch=60, track="bass")
        ),
        "voice_command": c.VoiceCommand(
            message_id="m-5", data=c.VoiceData(command="make the drums busier")
        ),
        "voice_command with a recording": c.VoiceCommand(
            message_id="m-6",
            data=c.VoiceData(audio_data=b"\x00\x01\xff\x7f", codec="pcm_s16le", rate=16_000),
        ),
        "voice_command whose recording came in records": c.VoiceCommand(
            message_id="m-12", data=c.VoiceData(recorded=True, codec="opus")
        ),
        "chat_message": c.ChatMessage(
            message_id="m-7", data=c.ChatData(text="Grüße, listen to @bar 12 \N{MUSICAL NOTE}")
        ),
        "audio_stream_start": c.AudioStreamStart(
            message_id="m-8", data=c.StreamStartData(codec="pcm_f32le", rate=48_000, steer="drums")
        ),
        "audio_stream_data": c.AudioStreamData(
            data=c.StreamAudioData(audio_data=b"\x00\x00\x80\x3f", position=0, stream=1)
        ),
        "audio_stream_end": c.AudioStreamEnd(message_id="m-9", data=c.StreamEndData(stream=1)),
        "heartbeat": c.Heartbeat(data=c.HeartbeatData(t0=12.5, last_seq=41)),
        "command": c.CommandMessage(message_id="m-10", data=command),
        "auth_refresh": c.AuthRefresh(message_id="m-11", data=c.RefreshData(token=TICKET)),
    }


def server_messages() -> dict[str, Outgoing]:
    """What the server sends beside events, by a name for each."""
    return {**_answers(), **_news()}


def _answers() -> dict[str, Outgoing]:
    ada = s.Present(connection=CONNECTION, sender=1, user_id=ADA, name="Ada", device="browser")
    welcome = s.WelcomeData(
        epoch=EPOCH, seq=44, resumed=True, connection=CONNECTION, sender=1, user_id=ADA,
        permissions=("view", "edit", "generate"), server_time=NOW, limits=LIMITS,
        resume_token=TICKET, present=(ada,), parameters=HANDLES, undo={"undo": 2, "redo": 0},
        expires_in=540.0, speech=True,
    )  # fmt: skip
    ack = s.AckData(seq=45, epoch=EPOCH, lands_at=BAR_5, generation_id=GENERATION, take_id=TAKE)
    voice = s.VoiceShown(
        status="done", text="drums busier plaese", words=("drums", "busier"), unknown=("plaese",),
        confidence=0.82, acts=(s.ActShown(name="set_parameter", told="drums density 0.6", seq=47),),
    )  # fmt: skip
    recording = s.RecordingShown(
        stream=1, seconds=2.5, missing=960, asset_id=ASSET, analysis_id=ANALYSIS,
        url=f"/api/v3/assets/{ASSET}?expires=1762007200&signature=abc",
    )  # fmt: skip
    understood = s.AckData(seq=47, epoch=EPOCH, understood="drums density 0.6", voice=voice)
    forbidden = s.ErrorData(
        code="forbidden", detail="You may look at this project, not edit it.", reply_to="m-3"
    )
    slow_down = s.ErrorData(
        code="too-many-requests", detail="Chat comes too fast.", reply_to="m-7", retry_after=2.5
    )
    notice = s.NoticeData(
        code="clamped", detail="The value was moved into its range.", path="drums/complexity",
        requested=1.7, applied=1.0,
    )  # fmt: skip
    return {
        "welcome": _told(s.Welcome, cause="m-1", data=welcome),
        "ack": _told(s.AckMessage, cause="m-2", data=ack),
        "ack of an audio stream": _told(
            s.AckMessage, cause="m-8", data=s.AckData(seq=46, epoch=EPOCH, stream=1)
        ),
        "ack of an audio stream that ended": _told(
            s.AckMessage, cause="m-9", data=s.AckData(seq=48, epoch=EPOCH, recording=recording)
        ),
        "ack of a voice command": _told(s.AckMessage, cause="m-5", data=understood),
        "error": _told(s.ErrorMessage, cause="m-3", data=forbidden),
        "error that can be retried": _told(s.ErrorMessage, cause="m-7", data=slow_down),
        "notice": _told(s.Notice, cause="m-3", data=notice),
        "heartbeat_ack": _told(
            s.HeartbeatAck, data=s.HeartbeatAckData(t0=12.5, t1=NOW, t2=NOW + 0.000_25)
        ),
    }


def _news() -> dict[str, Outgoing]:
    joined = s.PresenceChangeData(
        action="joined", connection=CONNECTION, sender=2, user_id=ADA, name="Ada", device="phone"
    )
    moved = s.CursorMovedData(connection=CONNECTION, bar=3, beat=1.5, pitch=60, track="bass")
    progress = s.ProgressData(
        progress=0.25, status="processing", generation_id=GENERATION, part="drums"
    )
    drafted = s.DraftData(
        name="take_bar", generation_id=GENERATION, take_id=TAKE, part="drums", bar=1,
        notes=(KICK, SNARE),
    )  # fmt: skip
    finished = s.DraftData(
        name="generation_complete", generation_id=GENERATION, take_id=TAKE, part="drums",
        engine="drummaroo", confidence=0.875, generation_time_ms=21,
        stages=e.Stages(
            admitted=0.5, dispatched=0.75, first_bar=4.5, last_bar=9.25, sent=9.5, stored=11.0
        ),
    )  # fmt: skip
    failed = s.DraftData(
        name="generation_error", generation_id=GENERATION, part="drums",
        code="unavailable", detail="This failed on our side; try again.",
    )  # fmt: skip
    skipped = s.ReconnectedData(status="coalesced", from_seq=50, to_seq=90)
    anew = s.ReconnectedData(status="snapshot", epoch=EPOCH, seq=12, reason="recovered")
    leaving = s.GoingAwayData(in_ms=2_000, after_ms=350, reason="restart")
    return {
        "user_presence": _told(s.PresenceChange, user_id=ADA, data=joined),
        "cursor_position": _told(s.CursorMoved, user_id=ADA, data=moved),
        "generation_progress": _told(s.GenerationProgress, data=progress),
        "draft, a bar": _told(s.DraftMessage, user_id=ADA, cause="m-2", data=drafted),
        "draft, the end": _told(s.DraftMessage, user_id=ADA, cause="m-2", data=finished),
        "draft, a failure": _told(s.DraftMessage, user_id=ADA, cause="m-2", data=failed),
        "going_away": _told(s.GoingAway, data=leaving),
        "reconnect after coalescing": _told(s.Reconnected, data=skipped),
        "reconnect with a snapshot": _told(s.Reconnected, data=anew),
        "auth_refresh": _told(s.AuthExpiring, data=s.ExpiringData(expires_in=60.0)),
    }


def _told(kind: Callable[..., T], **fields: Any) -> T:
    return kind(session_id=SESSION, timestamp=NOW, **fields)


def session_events() -> tuple[Event, ...]:
    """One of every event, in an order in which they could happen."""
    return (
        e.TempoSet(tempo_map=TEMPO),
        e.KeySet(key=Key.parse("D minor")),
        e.StyleSet(style="funk"),
        e.MeterSet(meter=Meter.parse("7/8 3+2+2")),
        e.ChordsSet(chords=CHORDS),
        e.FormSet(bars=16, sections=(Section("verse", 0, 8), Section("chorus", 8, 8))),
        e.FeelSet(groove=GROOVE, energy=(400, 700)),
        e.AnalysisCompleted(
            analysis_id=ANALYSIS, tempo=96.0, time_signature="4/4", key="A minor", style=None
        ),
        e.ContextAdopted(
            analysis_id=ANALYSIS, tempo_map=TEMPO, meter=Meter(), key=Key.parse("A minor"),
            style="funk", bars=8, chords=CHORDS, sections=(), groove=GROOVE, energy=(),
        ),
        e.ParameterSet(path="drums/complexity", value=0.7, gesture="3@a1", lands_at=BAR_5),
        e.ParameterSet(path="drums/style", value="funk"),
        e.ParameterSet(path="drums/fills", value=None),
        e.TransportChanged(playing=True, tick=0, since=NOW, loop=(0, 15_360)),
        *_takes(),
        e.NothingToUndo(conflicts=("drums/complexity",)),
        e.ChatSent(text="Listen to @bar 12"),
        e.AudioStreamStarted(stream=1, codec="pcm_f32le", rate=48_000, channels=1),
        e.AudioStreamEnded(stream=1, asset_id=ASSET, analysis_id=ANALYSIS),
    )  # fmt: skip


def _takes() -> tuple[Event, ...]:
    return (
        e.GenerationAccepted(
            generation_id=GENERATION, take_id=TAKE, engine="drummaroo", part="drums", bars=8,
            parameters={"complexity": 0.6, "style": "funk"}, lands_at=BAR_5,
        ),
        e.TakeBar(
            generation_id=GENERATION, take_id=TAKE, part="drums", bar=1, notes=(KICK, SNARE)
        ),
        e.TakeBar(generation_id=GENERATION, take_id=TAKE, part="drums", bar=2, notes=()),
        e.GenerationCompleted(
            generation_id=GENERATION, take_id=TAKE, engine="drummaroo", part="drums",
            confidence=0.92, generation_time_ms=41,
        ),
        e.GenerationFailed(
            generation_id=GENERATION, part="bass", code="cancelled", detail="It was cancelled."
        ),
        e.TakeSelected(part="drums", engine="drummaroo", take_id=BASE_TAKE, lands_at=BAR_5),
        e.TakeCommitted(part="drums", take_id=BASE_TAKE),
        e.NotesEdited(
            part="drums", take_id=TAKE, parent_take=BASE_TAKE, put=(KICK,), removed=("b1-1",)
        ),
        e.LocksSet(part="drums", bars=(1, 2), voices=("kick",)),
        e.ClockSourceSet(source="live"),
        e.ClipLaunched(part="drums", take_id=BASE_TAKE, lands_at=BAR_5),
        e.ClipLaunched(part="drums", take_id=None, source="live"),
        e.ControlMapped(channel=1, number=74, path="drums/complexity"),
        e.ControlMapped(channel=1, number=74, path=None),
    )  # fmt: skip


def examples() -> dict[str, list[Any]]:
    """The messages as JSON values, by the ids of `codecs.ws.asyncapi`."""
    found: dict[str, list[Any]] = {}
    sides = (("client", client_messages().values()), ("server", server_messages().values()))
    for side, messages in sides:
        for message in messages:
            shown = msgspec.json.decode(encode(message))
            found.setdefault(f"{side}.{shown['type']}", []).append(shown)
    for seq, event in enumerate(session_events(), 1):
        shown = msgspec.json.decode(encode_event(sequenced(event, seq)))
        name = f"event.{shown['data']['name']}" if shown["type"] == "event" else shown["type"]
        found.setdefault(f"server.{name}", []).append(shown)
    return found


def sequenced(event: Event, seq: int) -> Sequenced:
    """An event in its place."""
    return Sequenced(
        session=SESSION, seq=seq, epoch=EPOCH, at=NOW, user=ADA, cause=f"m-{seq}", event=event,
        history="undo" if isinstance(event, e.ParameterSet) and event.value is None else "do",
    )  # fmt: skip
