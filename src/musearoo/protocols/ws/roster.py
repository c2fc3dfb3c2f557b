"""Who is in a room or away for a moment, as each welcome tells it: everyone is encoded once."""

import msgspec

from musearoo.codecs.ws import Present


class Roster:
    """The people of a room as JSON. A thousand who come back at once are each told of all."""

    def __init__(self) -> None:
        self._people: dict[str, bytes] = {}

    def put(self, present: Present) -> None:
        """Somebody is here, or is otherwise than before."""
        self._people[present.connection] = msgspec.json.encode(present)

    def drop(self, connection: str) -> None:
        """Somebody is gone."""
        self._people.pop(connection, None)

    def everyone(self) -> msgspec.Raw:
        """An array of `Present`."""
        return msgspec.Raw(b"[%b]" % b",".join(self._people.values()))
