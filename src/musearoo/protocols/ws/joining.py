"""Coming in: the first message of a connection, and the welcome that answers it."""

from functools import lru_cache, partial
from typing import TYPE_CHECKING, cast

import structlog

from musearoo.codecs.ws import MAXIMUM_FRAME, Limits, Present, SessionJoin, Welcome
from musearoo.codecs.ws.outgoing import WelcomeData
from musearoo.conductor.room_entrance import Guest, ends_visit
from musearoo.conductor.sequencer import Sequencer
from musearoo.domain.errors import Forbidden, MuseArooError, TooManyRequests
from musearoo.domain.ids import ProjectId
from musearoo.domain.permissions import Access, Grant, Permission
from musearoo.protocols.ws.outbox import HARD_CAP
from musearoo.protocols.ws.room import LOG_EVENTS, Room, snapshot_of
from musearoo.protocols.ws.sound import BYTES_PER_SECOND

if TYPE_CHECKING:
    from musearoo.protocols.ws.connection import Connection

log = structlog.get_logger(__name__)


async def join(connection: "Connection", message: SessionJoin) -> None:
    if connection.guest is not None:
        connection.error("conflict", "You have joined already.", message.message_id)
        return
    data, page = message.data, connection.arrival.page
    entrance, gate = connection.door.entrance, connection.door.conductor.gate
    try:
        seen = gate.revision
        if data.ticket is not None:
            guest = await entrance.by_ticket(data.ticket, page, connection.origin)
        else:
            guest = await entrance.by_resume_token(data.resume_token or "", page, connection.origin)
        if message.session_id is not None and message.session_id != guest.session:
            raise Forbidden("The proof is for another session.")
        _check_number(connection, guest)
        await connection.door.conductor.pairings.opened(guest.actor, guest.session)
        room, owner = await connection.door.rooms.open(guest.session)
        last = data.last_seq
        if last is not None and data.epoch == room.epoch and not room.reaches(data.epoch, last):
            held = Grant(ProjectId(guest.session), guest.actor.user, guest.permissions)
            access = Access(held)
            await connection.door.rooms.reach_back(room, access, data.epoch, last)
            room, owner = await connection.door.rooms.open(guest.session)
        while seen != gate.revision:  # rights changed while this guest came in
            seen = gate.revision
            guest = await entrance.rechecked(guest, connection.origin)
            room, owner = await connection.door.rooms.open(guest.session)
        _check_number(connection, guest)  # others may have come in meanwhile
    except MuseArooError as refusal:
        connection.refuse(refusal, message.message_id)
        connection.end(*ends_visit(refusal))
        return
    if not connection.over:
        _enter(connection, message, guest, room, owner)


def _check_number(connection: "Connection", guest: Guest) -> None:
    most = connection.door.options.per_user
    if most is not None and connection.door.users.get(guest.actor.user, 0) >= most:
        raise TooManyRequests(f"One person may hold {most} connections.", retry_after=10)


def _enter(
    connection: "Connection", message: SessionJoin, guest: Guest, room: Room, owner: Sequencer
) -> None:
    data = message.data
    connection.name = guest.connection or connection.name
    connection.instance = data.instance or connection.name
    former = room.members.pop(connection.name, None)
    sender = former.present.sender if former is not None else None
    connection.counter = guest.counter
    if former is not None:
        connection.counter = max(connection.counter, former.counter)
        former.replaced()
    elif connection.name in room.away:
        sender = room.away[connection.name][1].sender
    connection.guest, connection.room = guest, room
    users = connection.door.users
    users[guest.actor.user] = users.get(guest.actor.user, 0) + 1
    connection.present = Present(
        connection=connection.name,
        sender=sender or room.number(),
        user_id=guest.actor.user,
        device=data.device,
    )
    connection.token = connection.door.entrance.resume_token(guest, connection.name)
    resumed = room.reaches(data.epoch, data.last_seq)
    room.roster.drop(connection.name)  # nobody is told of itself
    welcome = _welcome(connection, room, owner, guest, resumed=resumed)
    connection.send(Welcome(cause=message.message_id, data=welcome, **connection.envelope()))
    room.enter(connection, silently=former is not None)
    if resumed and data.last_seq is not None:
        last = data.last_seq
        missed = partial(room.since, last)
        room.replays.give(connection.outbox, (last, room.seq), missed, binary=connection.binary)
    log.info("ws.joined", session=room.session, connection=connection.name, resumed=resumed)


def _welcome(
    connection: "Connection", room: Room, owner: Sequencer, guest: Guest, *, resumed: bool
) -> WelcomeData:
    clock, options = connection.door.clock, connection.door.options
    now = clock.now()
    state, undo = (None, {}) if resumed else snapshot_of(owner, guest.actor.user, now)
    return WelcomeData(
        epoch=room.epoch,
        seq=room.seq,
        resumed=resumed,
        connection=connection.name,
        sender=connection.present.sender,
        user_id=guest.actor.user,
        permissions=rights(guest),
        server_time=now,
        limits=Limits(
            frame_bytes=MAXIMUM_FRAME,
            messages_per_second=options.messages_per_second,
            burst=options.burst,
            queue_bytes=HARD_CAP,
            heartbeat_seconds=options.heartbeat_seconds,
            silence_seconds=options.silence_seconds,
            replay_events=LOG_EVENTS,
            audio_bytes_per_second=BYTES_PER_SECOND,
        ),
        resume_token=connection.token,
        state=state,
        undo=undo,
        present=cast("tuple[Present, ...]", room.roster.everyone()),  # encoded already
        parameters=room.handles.handles if connection.binary else (),
        expires_in=guest.expires_at - clock.monotonic(),
        speech=connection.door.conductor.voice.hears,
    )


def rights(guest: Guest) -> tuple[str, ...]:
    """The permissions of a guest in their usual order."""
    return _in_order(guest.permissions)


@lru_cache(maxsize=256)
def _in_order(permissions: frozenset[Permission]) -> tuple[str, ...]:
    return tuple(each for each in Permission if each in permissions)
