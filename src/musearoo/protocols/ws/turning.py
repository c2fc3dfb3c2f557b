"""A knob is turned: the message that comes most often, on the shortest way there and back."""

from typing import TYPE_CHECKING

from musearoo.codecs.ws import AckMessage, ParameterChange, encode
from musearoo.codecs.ws.outgoing import AckData
from musearoo.conductor.room_entrance import Guest
from musearoo.conductor.sessions import Ack
from musearoo.domain.commands import SetParameter
from musearoo.domain.errors import MuseArooError
from musearoo.protocols.ws import answers
from musearoo.protocols.ws.frames import text_frame
from musearoo.protocols.ws.records import counter_of

if TYPE_CHECKING:
    from musearoo.protocols.ws.connection import Connection


def turn(connection: "Connection", message: ParameterChange) -> bool:
    """Carry out a change of one parameter now.

    False for what must wait for messages before it or for something to be looked up.
    """
    guest, room, cause, data = connection.guest, connection.room, message.message_id, message.data
    if guest is None or room is None or cause is None or connection.busy:
        return False
    if data.at is not None or data.path is None or data.value is None:
        return False
    counter = counter_of(cause, connection.name)
    if counter is None or counter <= connection.counter:
        return False
    act = SetParameter(path=data.path, value=data.value, gesture=data.gesture)
    room.senders[cause] = connection.present.sender
    try:
        ack = connection.door.conductor.knobs.turn(guest.actor, guest.session, act, cause)
    except MuseArooError as refusal:
        connection.refuse(refusal, cause)
        return True
    finally:
        del room.senders[cause]
    if ack is None:
        return False
    connection.counter = counter
    room.fan.answer(connection.outbox, _answer(connection, guest, cause, ack))
    return True


def _answer(connection: "Connection", guest: Guest, cause: str, ack: Ack) -> bytes:
    if connection.binary:
        return answers.ack_frame(connection, cause, ack)
    message = AckMessage(
        cause=cause,
        session_id=guest.session,
        timestamp=connection.door.clock.now(),
        user_id=guest.actor.user,
        data=AckData(seq=ack.seq, epoch=ack.epoch, lands_at=ack.lands_at),
    )
    return text_frame(encode(message))
