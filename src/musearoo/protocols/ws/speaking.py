"""Spoken and typed commands of a connection, and what each was taken for."""

import asyncio
from typing import TYPE_CHECKING

from musearoo.codecs.ws import Incoming, VoiceCommand
from musearoo.codecs.ws.outgoing import AckData, ActShown, VoiceShown
from musearoo.conductor.voice import Done, VoiceAnswer
from musearoo.domain.errors import InvalidValue, TooManyRequests
from musearoo.domain.ids import CommandId
from musearoo.ports.voice import Speech

if TYPE_CHECKING:
    from musearoo.conductor.room_entrance import Guest
    from musearoo.protocols.ws.connection import Connection


def is_recording(message: Incoming) -> bool:
    """Whether a message holds sound to be recognised, which takes a second or two."""
    return isinstance(message, VoiceCommand) and not (message.data.command or message.data.more)


async def obey(connection: "Connection", guest: "Guest", message: VoiceCommand) -> AckData:
    """Carry out words or their recording; raises refusals."""
    data, sound = message.data, connection.sound
    command = CommandId(message.message_id) if message.message_id is not None else None
    voice = connection.door.conductor.voice
    if data.command:
        answer = await voice.say(
            sound.actor, guest.session, data.command, origin=connection.origin, command=command,
            confirmed=data.confirm,
        )  # fmt: skip
        return _answered(connection, answer)
    if data.audio_data:
        sound.collect(data.audio_data)
    if data.more:
        return _standing(connection)
    audio = sound.collected()
    if not audio:
        raise InvalidValue("audio_data", "nothing", "sent again: no recording came before this")
    if sound.listening:
        raise TooManyRequests("Your last command is still being heard.", retry_after=1.0)
    sound.listening = True
    try:
        await asyncio.sleep(0)  # from here on it is a task, as `asyncio.timeout` demands
        answer = await voice.listen(
            sound.actor, guest.session, Speech(audio=audio, codec=data.codec, rate=data.rate),
            origin=connection.origin, command=command, confirmed=data.confirm,
        )  # fmt: skip
    finally:
        sound.listening = False
    return _answered(connection, answer)


def _answered(connection: "Connection", answer: VoiceAnswer) -> AckData:
    acks = [done.ack for done in answer.done if done.ack is not None]
    last = acks[-1] if acks else None
    standing = _standing(connection)
    return AckData(
        seq=last.seq if last is not None else standing.seq,
        epoch=last.epoch if last is not None else standing.epoch,
        lands_at=last.lands_at if last is not None else None,
        generation_id=next((each.generation_id for each in acks if each.generation_id), None),
        take_id=next((each.take_id for each in acks if each.take_id), None),
        understood=answer.understood,
        voice=VoiceShown(
            status=answer.status,
            text=answer.text,
            words=answer.words,
            unknown=answer.unknown,
            confidence=round(answer.confidence, 3),
            question=answer.question,
            acts=tuple(map(_shown, answer.done)),
        ),
    )


def _shown(done: Done) -> ActShown:
    ack = done.ack
    if ack is None:
        return ActShown(name=done.name, told=done.told, code=done.code, detail=done.detail)
    return ActShown(
        name=done.name,
        told=done.told,
        seq=ack.seq,
        lands_at=ack.lands_at,
        generation_id=ack.generation_id,
        take_id=ack.take_id,
    )


def _standing(connection: "Connection") -> AckData:
    room = connection.room
    return AckData(seq=room.seq if room else 0, epoch=room.epoch if room else "")
