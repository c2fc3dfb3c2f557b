"""Controllers speak to Live through the OSC door, as the door's own devices."""

from pathlib import Path

from musearoo.domain.ids import SessionId
from musearoo.live.bridge import LiveBridge
from musearoo.live.hub import Hub
from tests.doubles.house import house
from tests.doubles.osc_stage import Stage as Devices
from tests.live.conftest import Stage, here


async def test_paired_devices_use_live(stage: Stage, tmp_path: Path) -> None:
    """Two paired devices are each answered by Live; our own addresses stay ours."""
    live = stage.start(tick=0.03)
    async with house(tmp_path, clock=stage.time) as place:
        devices = Devices(place)
        clock, spawn = stage.clock, place.world.spawn
        link = stage.link(clock, spawn)
        bridge = LiveBridge(link, place.conductor, hub=Hub(link, clock=clock, spawn=spawn))
        ada = await place.person("ada")
        project = await place.project(ada)
        other = await place.project(ada, "Other")
        await bridge.open()
        await bridge.bind(ada, SessionId(project))
        await here(link)
        pad = await devices.paired(ada, project, devices.device("192.0.2.1"))
        phone = await devices.paired(ada, project, devices.device("192.0.2.2"))
        stranger = await devices.paired(ada, other, devices.device("192.0.2.3"))
        pad.send("/live/track/get/name", 1)
        phone.send("/live/song/start_listen/metronome")
        stranger.send("/live/song/get/metronome")
        assert await pad.hears("/live/track/get/name") == (1, "2-MIDI")
        assert await phone.hears("/live/song/get/metronome") == (False,)
        live.do(lambda: setattr(live.song, "metronome", True))
        assert await phone.hears("/live/song/get/metronome", 2) == (True,)
        assert pad.at("/live/song/get/metronome") == []
        assert (await stranger.hears("/musearoo/error"))[0] == "unknown_address"
        pad.send("/live/api/reload")
        assert (await pad.hears("/musearoo/error"))[0] == "invalid_value"
        pad.send("/live/song/tempo", 101.0)
        await devices.until(lambda: live.song.tempo == 101.0, "the tempo in Live")
        devices.door.close()
        await bridge.close()
