"""One event on its way to many readers: encoded once, whoever and however many they are."""

from functools import lru_cache

from musearoo.codecs.events import encode_event, wire_type_of
from musearoo.codecs.ws.handles import HandleTable
from musearoo.codecs.ws.table import MESSAGES, Key, MessageClass, coalescing_key
from musearoo.domain.events import Event, ParameterSet, Sequenced


def key_of(event: Event) -> Key | None:
    """What a newer event of the same key replaces; None for what is never dropped."""
    if type(event) is ParameterSet:
        return _turned(event.path)
    name = wire_type_of(type(event))
    return (
        coalescing_key(name, event) if MESSAGES[name].message_class is MessageClass.STATE else None
    )


@lru_cache(maxsize=4_096)
def _turned(path: str) -> Key:
    """What the table says of a parameter; many events share the one object."""
    return "parameter_change", path


class SharedEvent:
    """A sequenced event with its bytes; keep it in the replay log and give it to every queue.

    `sender` is the number of the connection that caused it, 0 if none did.
    """

    __slots__ = ("_record", "_text", "key", "sender", "sequenced")

    def __init__(self, sequenced: Sequenced, sender: int = 0) -> None:
        self.sequenced = sequenced
        self.sender = sender
        self.key = key_of(sequenced.event)
        self._text: bytes | None = None
        self._record: bytes | None = None

    @property
    def type(self) -> str:
        """Its message type."""
        return wire_type_of(type(self.sequenced.event))

    @property
    def message_class(self) -> MessageClass:
        """What may become of it on its way to a slow reader."""
        return MESSAGES[self.type].message_class

    @property
    def seq(self) -> int:
        """Its number in the session."""
        return self.sequenced.seq

    @property
    def text(self) -> bytes:
        """The envelope as JSON, the same bytes object for everyone."""
        if self._text is None:
            self._text = encode_event(self.sequenced)
        return self._text

    def record(self, handles: HandleTable) -> bytes | None:
        """The event for a binary frame, the same bytes for everyone; None if it goes as text."""
        if self._record is None:
            self._record = handles.record_of(self.sequenced, self.sender) or b""
        return self._record or None
