"""Pace: what comes too fast is coalesced where only the latest counts, else lost and told."""

from pathlib import Path

import structlog

from musearoo.codecs.osc import Message
from musearoo.domain.events import ParameterSet, TransportChanged
from musearoo.domain.ids import ProjectId
from musearoo.domain.permissions import Actor
from tests.doubles.clock import SteppedClock
from tests.doubles.house import house
from tests.doubles.osc_stage import Device, Stage


async def one(stage: Stage) -> tuple[Actor, ProjectId, Device]:
    ana = await stage.place.person("ana")
    project = await stage.place.project(ana)
    return ana, project, await stage.paired(ana, project)


async def test_a_moving_control_becomes_few_commands(stage: Stage) -> None:
    """Of what arrives at once, the conductor sees the latest value of each address."""
    ana, project, device = await one(stage)
    for step in range(100):
        device.send("/musearoo/drums/complexity", step / 128)
        device.send("/musearoo/bass/complexity", step / 256)
    await device.hears("/musearoo/bass/complexity/echo")
    values = {
        each.path: each.value
        for each in await stage.events(ana, project)
        if isinstance(each, ParameterSet)
    }
    assert values == {"drums/complexity": 99 / 128, "bass/complexity": 99 / 256}
    assert len(await stage.events(ana, project)) == 2
    (report,) = stage.door.monitored(ana.user).sources
    assert report.coalesced == 198


async def test_order_is_kept_around_a_control(stage: Stage) -> None:
    """A value that came before a command counts before it."""
    ana, project, device = await one(stage)
    device.send("/musearoo/drums/complexity", 0.25)
    device.send("/musearoo/undo")
    device.send("/musearoo/drums/complexity", 0.75)
    await stage.done()
    await device.hears("/musearoo/drums/complexity/echo")
    events = await stage.events(ana, project)
    assert [each.value for each in events if isinstance(each, ParameterSet)] == [0.25, None, 0.75]


async def test_too_fast_a_control_ends_at_its_last_value(stage: Stage) -> None:
    """Beyond the pace the latest value of each address waits for its turn, and counts."""
    ana, project, device = await one(stage)
    for step in range(1_001):
        device.send("/musearoo/drums/complexity", step / 1_000)
    assert await device.hears("/musearoo/drums/complexity/echo") == (1.0,)
    values = [each for each in await stage.events(ana, project) if isinstance(each, ParameterSet)]
    assert values[-1].value == 1.0
    assert not device.at("/musearoo/error")


async def test_lost_commands_are_counted_and_told(stage: Stage) -> None:
    """Commands beyond the pace are lost, and their number is told once a second."""
    ana, project, device = await one(stage)
    for _ in range(600):
        device.send("/musearoo/transport/stop")
    code, text = await device.hears("/musearoo/error")
    assert code == "rate_limited"
    (report,) = stage.door.monitored(ana.user).sources
    assert report.dropped >= 300
    assert str(report.dropped) in str(text)
    await stage.done()
    stopped = [e for e in await stage.events(ana, project) if isinstance(e, TransportChanged)]
    assert len(stopped) + report.dropped == 600
    assert len(device.at("/musearoo/error")) == 1


async def test_so_many_at_once_and_so_many_a_second(tmp_path: Path) -> None:
    """200 messages at once, then 1,000 a second, and a bundle is no way around it."""
    clock = SteppedClock()
    async with house(tmp_path, clock=clock) as place:
        stage = Stage(place)
        ana = await place.person("ana")
        device = await stage.paired(ana, await place.project(ana))
        await clock.advance(1)
        for _ in range(600):
            device.send("/musearoo/ping")
        await stage.done()
        assert len(device.at("/musearoo/pong")) == 200
        await clock.advance(0.0625)
        for _ in range(100):
            device.send("/musearoo/ping")
        await stage.done()
        assert len(device.at("/musearoo/pong")) == 262
        await clock.advance(1)
        device.heard.clear()
        for _ in range(4):
            device.bundle(*[Message("/musearoo/ping", ())] * 100)
        await stage.done()
        assert len(device.at("/musearoo/pong")) == 200
        stage.door.close()


async def test_patterns_reach_what_they_match(stage: Stage) -> None:
    """A pattern sets every parameter that it names, for the price of ten messages."""
    ana, project, device = await one(stage)
    device.send("/musearoo/{drums,bass}/comp*", 0.25)
    device.send("/musearoo/[!a-z]*/x", 0.25)
    await device.hears("/musearoo/bass/complexity/echo")
    paths = {e.path for e in await stage.events(ana, project) if isinstance(e, ParameterSet)}
    assert paths == {"drums/complexity", "bass/complexity"}
    assert await device.hears("/musearoo/error") == (
        "unknown_address", "/musearoo/[!a-z]*/x matches nothing.",
    )  # fmt: skip
    for _ in range(30):
        device.send("//*", 0.5)
    (report,) = stage.door.monitored(ana.user).sources
    assert report.dropped > 0


async def test_errors_do_not_flood(stage: Stage) -> None:
    """However much is wrong, a device hears of it at most twenty times at once."""
    _, _, device = await one(stage)
    now = stage.door.clock.monotonic
    began = now()
    for _ in range(150):
        device.send("/musearoo/nonsense")
    await stage.done()
    assert 20 <= len(device.at("/musearoo/error")) <= 21 + 10 * (now() - began)


async def test_the_monitor_shows_what_came(stage: Stage) -> None:
    """The latest messages with what became of them, for the device's person alone."""
    ana, _, device = await one(stage)
    ben = await stage.place.person("ben")
    device.send("/musearoo/session/tempo", 97)
    device.send("/musearoo/session/key", "H flat")
    await device.hears("/musearoo/error")
    (report,) = stage.door.monitored(ana.user).sources
    assert [(r.address, r.arguments, r.outcome) for r in report.recent] == [
        ("/musearoo/session/tempo", "97", "done"),
        ("/musearoo/session/key", "H flat", "invalid_value"),
    ]
    assert (report.received, report.refused) == (2, 1)
    await stage.until(lambda: stage.door.monitored(ana.user).sources[0].per_second > 0, "a rate")
    assert stage.door.monitored(ben.user).sources == ()


async def test_the_log_stays_short(stage: Stage) -> None:
    """A line for each source in a minute, with its network alone, and few for strangers."""
    _, _, device = await one(stage)
    with structlog.testing.capture_logs() as lines:
        for _ in range(30):
            device.send("/musearoo/nonsense")
        for number in range(100):
            stage.device(f"198.51.{number}.7").send("/musearoo/drums/complexity", 0.5)
            stage.device(f"198.51.{number}.7").send("/musearoo/drums/complexity", 0.5)
        await stage.done()
    assert [each["network"] for each in lines if each["event"] == "osc.refused"] == ["192.0.2.0/24"]
    strangers = [each["network"] for each in lines if each["event"] == "osc.unpaired"]
    assert len(strangers) == len(set(strangers)) == 20
    assert "198.51.0.7" not in str(lines)
