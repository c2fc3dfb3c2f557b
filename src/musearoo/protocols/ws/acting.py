"""Messages that ask something of the conductor, and its answers."""

from collections import deque
from typing import TYPE_CHECKING

from musearoo.codecs.ws import (
    AudioStreamData,
    AudioStreamEnd,
    AudioStreamStart,
    AuthRefresh,
    ChatMessage,
    CommandMessage,
    GenerationRequest,
    Incoming,
    Notice,
    ParameterChange,
    VoiceCommand,
    acts_of,
    moment_of,
)
from musearoo.codecs.ws.outgoing import AckData, NoticeData
from musearoo.conductor.sessions import Ack
from musearoo.domain.commands import Command
from musearoo.domain.ids import CommandId
from musearoo.protocols.ws import answers, speaking
from musearoo.protocols.ws.records import counter_of

if TYPE_CHECKING:
    from musearoo.conductor.room_entrance import Guest
    from musearoo.protocols.ws.connection import Connection


def takes_long(message: Incoming) -> bool:
    """Whether what comes after a message must not wait for it."""
    return isinstance(message, AudioStreamEnd) or speaking.is_recording(message)


async def carry_out(connection: "Connection", message: Incoming) -> None:
    """Do what a joined client asks; raises refusals."""
    guest = connection.guest
    if guest is None:
        return
    ack: Ack | AckData
    match message:
        case ChatMessage():
            ack = await _say(connection, guest, message)
        case AuthRefresh():
            data = message.data
            renewed = await connection.door.entrance.renewed(
                guest, ticket=data.ticket, token=data.token, origin=connection.origin
            )
            connection.renewed(renewed)
            ack = _standing(connection)
        case ParameterChange() | GenerationRequest() | CommandMessage():
            ack = await _submit(connection, guest, message)
        case VoiceCommand():
            ack = await speaking.obey(connection, guest, message)
        case AudioStreamStart():
            ack = await connection.sound.start(message)
        case AudioStreamData():
            ack = connection.sound.data(message)
        case AudioStreamEnd():
            ack = await connection.sound.end(message)
        case _:
            return
    if message.message_id is not None:
        answers.acknowledge(connection, message.message_id, ack)


def supersede(connection: "Connection", lane: deque[Incoming], message: ParameterChange) -> None:
    """Take changes of the same path out of a crowded lane: only the last will count.

    What may be a repeat stays: it may have been carried out, and then its answer says so.
    """
    path = message.data.path
    if path is None:
        return
    older = [
        each
        for each in lane
        if isinstance(each, ParameterChange)
        and each.data.path == path
        and each.data.at is None
        and not _may_be_repeat(connection, each.message_id)
    ]
    for each in older:
        lane.remove(each)
        if each.message_id is not None:
            data = NoticeData(code="coalesced", path=path, detail="A later value replaced it.")
            connection.send(Notice(cause=each.message_id, data=data, **connection.envelope()))


def _may_be_repeat(connection: "Connection", message_id: str | None) -> bool:
    """Whether an id does not count on from the last that was carried out."""
    if message_id is None:
        return False
    return (counter_of(message_id, connection.name) or 0) <= connection.counter


async def _say(connection: "Connection", guest: "Guest", message: ChatMessage) -> Ack:
    return await connection.door.chat.say(
        guest.actor,
        guest.session,
        message.data.text,
        origin=connection.origin,
        command=CommandId(message.message_id) if message.message_id is not None else None,
    )


async def _submit(
    connection: "Connection",
    guest: "Guest",
    message: ParameterChange | GenerationRequest | CommandMessage,
) -> Ack:
    at = moment_of(message.data.at)
    new = connection.is_new(message.message_id)
    ack = None
    for number, act in enumerate(acts_of(message)):
        command = Command(
            session=guest.session,
            actor=guest.actor,
            act=act,
            origin=connection.origin,
            id=_numbered(message.message_id, number),
            at=at,
        )
        ack = await _one(connection, command, new=new)
    return ack or _standing(connection)


async def _one(connection: "Connection", command: Command, *, new: bool) -> Ack:
    room, message_id = connection.room, command.id
    if message_id is not None and room is not None:
        room.senders[message_id] = connection.present.sender
    try:
        return await connection.door.conductor.desk.submit(command, new=new)
    finally:
        if message_id is not None and room is not None:
            room.senders.pop(message_id, None)


def _numbered(message_id: str | None, number: int) -> CommandId | None:
    """A message with several acts gives each its own id, so that a repeat repeats none."""
    if message_id is None:
        return None
    return CommandId(f"{message_id}:{number}" if number else message_id)


def _standing(connection: "Connection") -> Ack:
    room = connection.room
    return Ack(seq=room.seq if room else 0, epoch=room.epoch if room else "")
