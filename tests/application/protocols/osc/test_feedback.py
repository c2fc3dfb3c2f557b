"""Feedback: everyone hears every change, nobody is in a loop, nothing comes too often."""

from musearoo.codecs.osc import Message
from musearoo.domain.ids import ProjectId
from musearoo.domain.permissions import Actor
from tests.doubles.osc_stage import Device, Stage


async def pair_of(stage: Stage) -> tuple[Actor, ProjectId, Device, Device]:
    """Two devices of one person in one session."""
    ana = await stage.place.person("ana")
    project = await stage.place.project(ana)
    first = await stage.paired(ana, project, stage.device(port=9001))
    second = await stage.paired(ana, project, stage.device(port=9002))
    return ana, project, first, second


async def test_changes_from_every_door_are_told(stage: Stage) -> None:
    """Values, tempo, key, style, meter, takes and transport reach each device."""
    ana, project, device, other = await pair_of(stage)
    for path, value, told in (
        ("drums/complexity", 0.25, 0.25),
        ("drums/style", "funk", "funk"),
        ("harmony/voices", 5, 5),
        ("harmony/strict", True, 1),
        ("session/tempo", 97.5, 97.5),
        ("session/key", "A minor", "A minor"),
        ("session/style", "bossa", "latin"),
        ("session/meter", "6/8", "6/8"),
    ):
        await stage.place.do(ana, project, "set_parameter", {"path": path, "value": value})
        for each in (device, other):
            assert await each.hears(f"/musearoo/{path}/echo") == (told,)
    record = await stage.place.generated(ana, project, bars=1)
    assert (await device.hears("/musearoo/drums/generated"))[2] == record.take
    assert await device.hears("/musearoo/drums/take") == (record.take,)
    await stage.place.do(ana, project, "transport", {"action": "play"})
    assert await device.hears("/musearoo/transport/playing/echo") == (1,)
    assert await device.hears("/musearoo/beat") == (1, 1)
    assert await device.hears("/musearoo/beat", 2) == (1, 2)
    await stage.place.do(ana, project, "transport", {"action": "stop"})
    assert await device.hears("/musearoo/transport/playing/echo", 2) == (0,)
    beats = len(device.at("/musearoo/beat"))
    await stage.quiet(0.7)
    assert len(device.at("/musearoo/beat")) == beats


async def test_undo_is_told(stage: Stage) -> None:
    """A value taken back is told as the engine's default that is in force again."""
    _, _, device, other = await pair_of(stage)
    device.send("/musearoo/drums/complexity", 0.25)
    await other.hears("/musearoo/drums/complexity/echo")
    device.send("/musearoo/undo", 1.0)
    assert await other.hears("/musearoo/drums/complexity/echo", 2) == (0.5,)
    device.send("/musearoo/undo", 0.0)  # the button is let go
    await stage.quiet()
    assert not device.at("/musearoo/error")


async def test_a_movement_is_undone_as_one(stage: Stage) -> None:
    """However many values a fader sent on its way, undo goes back to before it moved."""
    ana, project, device, _ = await pair_of(stage)
    device.send("/musearoo/drums/complexity", 0.25)
    await stage.quiet(0.6)
    for step in range(20):
        device.send("/musearoo/drums/complexity", 0.5 + step / 64)
        await stage.quiet(0.012)
    await device.hears("/musearoo/drums/complexity/echo", 2)
    assert len(await stage.events(ana, project)) > 3
    device.send("/musearoo/undo")
    assert await device.hears("/musearoo/drums/complexity/echo", 3) == (0.25,)


async def test_a_moving_control_is_not_pulled_back(stage: Stage) -> None:
    """Its sender hears the value once, when it rests; others follow all along."""
    _, _, device, other = await pair_of(stage)
    for step in range(40):
        device.send("/musearoo/drums/complexity", step / 64)
        await stage.quiet(0.005)
    assert not device.at("/musearoo/drums/complexity/echo")
    await device.hears("/musearoo/drums/complexity/echo")
    await stage.quiet()
    assert device.at("/musearoo/drums/complexity/echo") == [(39 / 64,)]
    followed = [value for (value,) in other.at("/musearoo/drums/complexity/echo")]
    assert followed == sorted(followed)  # type: ignore[type-var]
    assert followed[-1] == 39 / 64
    assert len(followed) > 4


async def test_a_device_that_reflects_makes_no_loop(stage: Stage) -> None:
    """One that sends back whatever it hears stops at once, and so do two of them."""
    ana, project, device, other = await pair_of(stage)
    device.send("/musearoo/drums/complexity", 1 / 3)
    for _ in range(30):
        for each in (device, other):
            for (value,) in each.at("/musearoo/drums/complexity/echo"):
                each.send("/musearoo/drums/complexity", value)
            each.heard.clear()
        await stage.quiet(0.03)
    before = len(await stage.events(ana, project))
    assert before <= 4
    await stage.quiet(0.3)
    assert len(await stage.events(ana, project)) == before


async def test_a_value_out_of_range_is_put_right(stage: Stage) -> None:
    """It goes to the nearest end of the range, and its sender is told even of no change."""
    _, _, device, _ = await pair_of(stage)
    device.send("/musearoo/drums/complexity", 1.0)
    assert await device.hears("/musearoo/drums/complexity/echo") == (1.0,)
    device.send("/musearoo/drums/complexity", 1.5)
    assert await device.hears("/musearoo/drums/complexity/echo", 2) == (1.0,)


async def test_not_more_often_than_a_hundred_times_a_second(stage: Stage) -> None:
    """However fast values change, a device hears each address at most so often."""
    ana, project, device, _ = await pair_of(stage)
    now = stage.door.clock.monotonic
    began = now()
    for step in range(400):
        act = {"path": "bass/complexity", "value": step / 512}
        await stage.place.do(ana, project, "set_parameter", act)
    await stage.until(
        lambda: (399 / 512,) in device.at("/musearoo/bass/complexity/echo"), "the last value"
    )
    assert len(device.at("/musearoo/bass/complexity/echo")) <= (now() - began) * 100 + 2


async def test_refresh_tells_everything(stage: Stage) -> None:
    """Every value in force, once, and no faster than a small device can take."""
    _, _, device, _ = await pair_of(stage)
    device.send("/musearoo/refresh")
    parameters = [each for each in stage.door.table.incoming if each.echo is not None]
    wanted = {str(each.echo) for each in parameters} | {"/musearoo/transport/position"}
    await stage.until(lambda: wanted <= {each.address for each in device.heard}, "all values")
    for each in wanted:
        assert len(device.at(each)) == 1


async def test_failures_are_told_to_who_asked(stage: Stage) -> None:
    """What the conductor refuses comes as code and text, and the rest of a bundle still counts."""
    _, _, device, other = await pair_of(stage)
    device.bundle(
        Message("/musearoo/session/key", ("H flat",)),
        Message("/musearoo/nonsense", ()),
        Message("/musearoo/drums/complexity", (float("nan"),)),
        Message("/musearoo/drums/complexity", ("much",)),
        Message("/musearoo/drums/complexity", ()),
        Message("/musearoo/take/select", ("drums", "unknown")),
        Message("/musearoo/session/tempo", (140,)),
    )
    assert await other.hears("/musearoo/session/tempo/echo") == (140.0,)
    codes = [code for code, _ in device.at("/musearoo/error")]
    assert sorted(map(str, codes)) == [
        "invalid_value", "invalid_value", "invalid_value", "invalid_value",
        "not_found", "unknown_address",
    ]  # fmt: skip
    assert not other.at("/musearoo/error")
