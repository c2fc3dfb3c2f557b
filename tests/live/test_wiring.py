"""The server's bridge to Live as the settings want it, and what is told of it."""

import socket
from pathlib import Path
from typing import Any, cast

import httpx
import pydantic
import pytest

from musearoo.app.compose import Graph
from musearoo.app.live import live_bridge
from musearoo.app.settings import Settings
from musearoo.domain.ids import SessionId
from tests.doubles.house import ORIGIN, PASSWORD, House, house
from tests.doubles.rest_door import client, door
from tests.live.conftest import Stage
from tests.waiting import until


def graph(place: House, **settings: Any) -> Graph:
    """What the bridge needs of a running server."""
    nothing = cast("Any", None)
    wanted = Settings(_env_file=None, **settings)  # type: ignore[call-arg]
    return Graph(
        settings=wanted,
        conductor=place.conductor,
        **dict.fromkeys(set(Graph.__slots__) - {"settings", "conductor"}, nothing),
    )


async def there(person: httpx.AsyncClient) -> dict[str, Any]:
    """What is told once Live is there and bound."""
    told: dict[str, Any] = {}

    async def is_there() -> bool:
        told.update((await person.get("/api/v3/live")).json())
        return told["presence"] == "here" and bool(told["session_id"])

    await until(is_there, lambda: f"Live in {told}")
    return told


async def test_off(tmp_path: Path) -> None:
    """Unless it is asked for, no port is opened and Live is not there."""
    async with house(tmp_path) as place:
        ada = await place.person("ada")
        async with live_bridge(graph(place)):
            assert place.conductor.leading.live is None
            status = await place.conductor.leading.status(ada, ORIGIN)
            assert (status.way, status.presence) == ("", "gone")


async def test_live_is_told_to_whom_it_concerns(stage: Stage, tmp_path: Path) -> None:
    """`GET /live` names session and tracks to those who may see the session, and to nobody else."""
    live = stage.start()
    settings = {"live": "abletonosc", "live_user": "ada@example.org"}
    ports = {"live_port": stage.listen, "live_reply_port": stage.reply}
    async with house(tmp_path) as place, live_bridge(graph(place, **settings, **ports)):
        ada, ben = await place.person("ada"), await place.person("ben")
        project = SessionId(await place.project(ada))
        await place.conductor.pairings.opened(ada, project)
        app = door(place)
        accounts = place.conductor.accounts
        login, other = [
            await accounts.login(f"{name}@example.org", PASSWORD, remember_me=False, origin=ORIGIN)
            for name in ("ada", "ben")
        ]
        async with client(app, login.access_token) as hers:
            told = await there(hers)
        assert (told["way"], told["session_id"], told["tempo"]) == ("AbletonOSC", project, 120.0)
        assert told["tracks"] == [track.name for track in live.song.tracks]
        async with client(app, other.access_token) as his:
            told = (await his.get("/api/v3/live")).json()
        assert (told["presence"], told["session_id"], told["tracks"]) == ("here", None, [])
        async with client(app) as nobody:
            assert (await nobody.get("/api/v3/live")).status_code == 401
        assert ben.user != ada.user
    assert place.conductor.leading.live is None


async def test_a_port_in_use_is_survived(tmp_path: Path) -> None:
    """Where another program has AbletonOSC's answer port the server runs without Live."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        settings = {"live": "abletonosc", "live_reply_port": port}
        async with house(tmp_path) as place, live_bridge(graph(place, **settings)):
            assert place.conductor.leading.live is None


def test_tracks_by_part() -> None:
    """Names of tracks are pairs; anything else is refused with an example."""
    wanted = Settings.model_validate({"live_tracks": "drums=Drum Rack, bass = Sub"})
    assert wanted.track_names == {"drums": "Drum Rack", "bass": "Sub"}
    with pytest.raises(pydantic.ValidationError, match="drums=Drum Rack"):
        Settings.model_validate({"live_tracks": "drums"})
