"""One event on its way to many readers: encoded once, whoever and however many they are."""

from musearoo.codecs.events import encode_event, wire_type_of
from musearoo.codecs.ws.handles import HandleTable
from musearoo.codecs.ws.table import MESSAGES, Key, MessageClass, coalescing_key
from musearoo.domain.events import ParameterSet, Sequenced


class SharedEvent:
    """A sequenced event with its bytes; keep it in the replay log and give it to every queue.

    `sender` is the number of the connection that caused it, 0 if none did.
    """

    __slots__ = ("_record", "_text", "key", "message_class", "sender", "sequenced", "type")

    def __init__(self, sequenced: Sequenced, sender: int = 0) -> None:
        self.sequenced = sequenced
        self.sender = sender
        event = sequenced.event
        self.type: str = wire_type_of(type(event))
        self.message_class: MessageClass = MESSAGES[self.type].message_class
        self.key: Key | None = None
        if type(event) is ParameterSet:
            self.key = self.type, event.path  # what the table says, without asking it
        elif self.message_class is MessageClass.STATE:
            self.key = coalescing_key(self.type, event)
        self._text: bytes | None = None
        self._record: bytes | None = None

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
