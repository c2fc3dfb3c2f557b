"""News of drafts on its way to the one person who may hear it, on all of their connections."""

from musearoo.codecs.ws import DraftMessage, coalescing_key, encode
from musearoo.codecs.ws.outgoing import DraftData
from musearoo.domain.events import GenerationCompleted, GenerationFailed, Private, TakeBar
from musearoo.protocols.ws.frames import text_frame
from musearoo.protocols.ws.room import Rooms


def whisper(rooms: Rooms, news: Private) -> None:
    """Send it to the connections that this person has in the session."""
    room = rooms.find(news.session)
    members = () if room is None else tuple(room.members.values())
    theirs = [member for member in members if member.present.user_id == news.user]
    if not theirs:
        return
    data = _data(news)
    message = DraftMessage(
        session_id=news.session,
        timestamp=news.at,
        user_id=news.user,
        cause=news.cause,
        data=data,
    )
    frame, key = text_frame(encode(message)), coalescing_key("draft", data) or ("draft",)
    for member in theirs:
        member.outbox.latest(frame, key)


def _data(news: Private) -> DraftData:
    match news.event:
        case TakeBar() as bar:
            return DraftData(
                name="take_bar",
                generation_id=bar.generation_id,
                take_id=bar.take_id,
                part=bar.part,
                bar=bar.bar,
                notes=bar.notes,
            )
        case GenerationCompleted() as done:
            return DraftData(
                name="generation_complete",
                generation_id=done.generation_id,
                take_id=done.take_id,
                part=done.part,
                engine=done.engine,
                confidence=done.confidence,
                generation_time_ms=done.generation_time_ms,
                parent_take=done.parent_take,
                stages=done.stages,
            )
        case GenerationFailed() as failed:
            return DraftData(
                name="generation_error",
                generation_id=failed.generation_id,
                part=failed.part,
                code=failed.code,
                detail=failed.detail,
            )
