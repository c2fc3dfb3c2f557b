"""Pairing: who may act, for whom, and until when."""

from pathlib import Path
from typing import Any

import pytest

from musearoo.codecs.osc import Message, encode
from musearoo.conductor import pairings
from musearoo.conductor.pairings import CODE_DIGITS
from musearoo.domain.errors import Unavailable
from musearoo.domain.ids import SessionId
from musearoo.domain.permissions import Access, Permission
from musearoo.ports.osc import Source
from tests.doubles.clock import SteppedClock, settle
from tests.doubles.house import ORIGIN, house
from tests.doubles.osc_stage import Stage


async def test_a_code_pairs_once(stage: Stage) -> None:
    """The right code is answered in no more bytes than it took, and works for one device."""
    ana = await stage.place.person("ana")
    project = await stage.place.project(ana)
    code, seconds = await stage.place.conductor.pairings.code(
        ana, SessionId(project), origin=ORIGIN
    )
    assert seconds == 300
    assert code.isdigit()
    assert len(code) == CODE_DIGITS
    first, second = stage.device(port=9001), stage.device("192.0.2.8")
    asked = first.send("/musearoo/pair", code)
    assert await first.hears("/musearoo/pair") == (1,)
    assert first.octets <= asked
    second.send("/musearoo/pair", code)
    first.send("/musearoo/drums/complexity", 0.25)
    assert await first.hears("/musearoo/drums/complexity/echo") == (0.25,)
    assert not second.heard


@pytest.mark.parametrize("number", [int, float])
async def test_a_code_may_come_as_a_number(stage: Stage, number: type[int] | type[float]) -> None:
    """A controller that can only send numbers, or only 32-bit floats, pairs too."""
    assert 10**CODE_DIGITS < 1 << 24, "beyond that 32-bit floats leave whole numbers out"
    ana = await stage.place.person("ana")
    project = await stage.place.project(ana)
    code, _ = await stage.place.conductor.pairings.code(ana, SessionId(project), origin=ORIGIN)
    device = stage.device()
    assert device.send("/musearoo/pair", number(code)) >= 24
    await device.hears("/musearoo/pair")
    assert device.octets == 24


async def test_strangers_hear_nothing(stage: Stage) -> None:
    """Whatever an unpaired source sends, not one byte comes back."""
    ana = await stage.place.person("ana")
    project = await stage.place.project(ana)
    await stage.paired(ana, project)
    stage.sent.clear()
    for number, packet in enumerate((encode(Message("/musearoo/ping")), b"\x00\x01")):
        unread = Source("udp", "198.51.100.1", number)
        assert not stage.door.admit(unread, packet)  # not even decoded
    stranger = stage.device("192.0.2.66")
    for address in (*[each.path for each in stage.door.table.incoming], "/nonsense", "/*"):
        stranger.send(address.replace("{channel}", "1").replace("{number}", "1"))
    for argument in ("00000000", 1, 0.5, b"", None, True, "x" * 60):
        stranger.send("/musearoo/pair", argument)
    stranger.bundle(Message("/musearoo/pair", ("1",)), Message("/musearoo/ping"))
    await stage.quiet()
    assert stage.sent == []
    assert await stage.events(ana, project) == []


async def test_guessing_ends(stage: Stage) -> None:
    """After five wrong codes a source is not listened to, not even with the right one."""
    ana = await stage.place.person("ana")
    project = await stage.place.project(ana)
    stranger = stage.device()
    book = stage.place.conductor.pairings
    for guess in range(5):
        wrong = await book.redeem(f"{guess:08d}", stranger.source, None, ORIGIN)
        assert wrong is None
    code, _ = await book.code(ana, SessionId(project), origin=ORIGIN)
    assert await book.redeem(code, stranger.source, None, ORIGIN) is None
    other = Source("udp", "192.0.2.99", 1)
    assert await book.redeem(code, other, None, ORIGIN) is not None


async def test_rights_are_those_of_the_person(stage: Stage) -> None:
    """A viewer's device hears and may not play; it is told so."""
    ana, ben = await stage.place.person("ana"), await stage.place.person("ben")
    project = await stage.place.project(ana)
    conductor = stage.place.conductor
    invited = await conductor.collaboration.invite(
        ana, project, "ben@example.org", frozenset({Permission.VIEW}), None, origin=ORIGIN
    )
    await conductor.collaboration.join(ben, invited.url.partition("#join=")[2], origin=ORIGIN)
    device = await stage.paired(ben, project)
    device.send("/musearoo/drums/complexity", 0.7)
    code, text = await device.hears("/musearoo/error")
    assert code == "forbidden"
    assert "edit" in str(text)
    await stage.place.do(ana, project, "set_parameter", {"path": "bass/complexity", "value": 0.25})
    assert await device.hears("/musearoo/bass/complexity/echo") == (0.25,)
    await conductor.collaboration.remove(ana, project, ben.user, ORIGIN)
    await stage.until(lambda: not conductor.pairings.list_for(ben), "the end of the pairing")
    heard = len(device.heard)
    await stage.place.do(ana, project, "set_parameter", {"path": "bass/complexity", "value": 0.5})
    device.send("/musearoo/ping")
    await stage.quiet()
    assert len(device.heard) == heard


async def test_signing_out_unpairs(stage: Stage) -> None:
    """The login that made a pairing ends, and the device is a stranger."""
    ana = await stage.place.person("ana")
    project = await stage.place.project(ana)
    device = await stage.paired(ana, project)
    await stage.place.conductor.accounts.logout(ana, ORIGIN)
    await stage.until(lambda: len(stage.door.peers) == 0, "the end of the pairing")
    heard = len(device.heard)
    device.send("/musearoo/ping")
    await stage.quiet()
    assert len(device.heard) == heard


async def test_signing_out_while_a_code_is_looked_up_unpairs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login that ends between the check and the pairing takes it along."""
    conductor = stage.place.conductor
    ana = await stage.place.person("ana")
    project = await stage.place.project(ana)
    code, _ = await conductor.pairings.code(ana, SessionId(project), origin=ORIGIN)
    access = conductor.gate.access

    async def and_out(*asked: Any) -> Access:
        found = await access(*asked)
        monkeypatch.undo()
        await conductor.accounts.logout(ana, ORIGIN)
        return found

    monkeypatch.setattr(conductor.gate, "access", and_out)
    source = Source("udp", "192.0.2.7", 9001)
    assert await conductor.pairings.redeem(code, source, None, ORIGIN) is None
    assert conductor.pairings.list_for(ana) == []
    assert conductor.pairings.heard(source, stage.place.world.clock.monotonic()) is None


async def test_a_store_that_is_away_unpairs_nobody(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the right still stands is asked again when the store answers."""
    ana = await stage.place.person("ana")
    project = await stage.place.project(ana)
    await stage.paired(ana, project)
    conductor, asked = stage.place.conductor, []

    async def away(*_who: object) -> None:
        asked.append(1)
        raise Unavailable("The store is away.")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(conductor.gate, "actor_of", away)
        conductor.pairings._recheck(None)
        await stage.until(lambda: len(asked) > 1, "a second look")
    assert len(stage.door.peers) == 1
    await conductor.accounts.logout(ana, ORIGIN)
    await stage.until(lambda: len(stage.door.peers) == 0, "the end of the pairing")


async def test_a_click_unpairs(stage: Stage) -> None:
    """Its maker ends a pairing; nobody else can, nor learns of it."""
    ana, ben = await stage.place.person("ana"), await stage.place.person("ben")
    project = await stage.place.project(ana)
    device = await stage.paired(ana, project)
    book = stage.place.conductor.pairings
    (pairing,) = book.list_for(ana)
    assert book.list_for(ben) == []
    with pytest.raises(Exception, match="no such pairing"):
        await book.end(ben, pairing.id, ORIGIN)
    await book.end(ana, pairing.id, ORIGIN)
    assert book.list_for(ana) == []
    assert stage.closed == [device.source]
    heard = len(device.heard)
    device.send("/musearoo/ping")
    assert len(device.heard) == heard


async def test_devices_say_goodbye(stage: Stage) -> None:
    """`/musearoo/unpair` ends a pairing, and so does the end of a TCP connection."""
    ana = await stage.place.person("ana")
    project = await stage.place.project(ana)
    device = await stage.paired(ana, project)
    device.send("/musearoo/unpair")
    await stage.until(lambda: len(stage.door.peers) == 0, "the end of the pairing")
    book = stage.place.conductor.pairings
    code, _ = await book.code(ana, SessionId(project), origin=ORIGIN)
    wire = Source("tcp", "192.0.2.7", 40_000, 1)
    stage.arrive(wire, encode(Message("/musearoo/pair", (code,))))
    await stage.until(lambda: len(stage.door.peers) == 1, "a pairing over TCP")
    stage.door.closed(wire)
    assert len(stage.door.peers) == 0
    assert book.list_for(ana) == []


async def test_time_ends_a_pairing(tmp_path: Path) -> None:
    """Codes live five minutes, pairings eight hours, silent ones one hour."""
    clock = SteppedClock()
    async with house(tmp_path, clock=clock) as place:
        ana = await place.person("ana")
        project = await place.project(ana)
        stage = Stage(place)
        book = place.conductor.pairings
        code, _ = await book.code(ana, SessionId(project), origin=ORIGIN)
        await clock.advance(pairings.CODE_SECONDS + 1)
        one, two = Source("udp", "192.0.2.1", 1), Source("udp", "192.0.2.2", 2)
        assert await book.redeem(code, one, None, ORIGIN) is None
        for source in (one, two):
            code, _ = await book.code(ana, SessionId(project), origin=ORIGIN)
            assert await book.redeem(code, source, None, ORIGIN) is not None
        for _ in range(16):
            await clock.advance(1790)
            assert book.heard(one, clock.monotonic()) is not None
        assert [each.source for each in book.list_for(ana)] == [one]
        await clock.advance(1790)
        assert book.heard(one, clock.monotonic()) is None
        stage.door.close()
        await settle()
