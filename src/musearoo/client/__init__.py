"""A Python client of the public API.

    async with connect("http://127.0.0.1:8000", token=token, session=project_id) as session:
        await session.set("drums/complexity", 0.7)
        await session.generate("drummaroo", bars=8)
        async for event in session.events():
            print(event.seq, event.event)

`musearoo.client.sync` is the same without `async`.
"""

from musearoo.client.connecting import connect
from musearoo.client.happenings import Connected, Disconnected, Events, Happening, Happenings
from musearoo.client.link import Options
from musearoo.client.refusals import ClientError, Ended, Lagged, Refused, Unreachable
from musearoo.client.rest import Account
from musearoo.client.session import Session
from musearoo.codecs.ws.incoming import AudioContext

__all__ = [
    "Account", "AudioContext", "ClientError", "Connected", "Disconnected", "Ended", "Events",
    "Happening", "Happenings", "Lagged", "Options", "Refused", "Session", "Unreachable", "connect",
]  # fmt: skip
