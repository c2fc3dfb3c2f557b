"""One event on its way to many readers: encoded once, whoever and however many they are."""

from typing import Final

from musearoo.codecs.events import encode_event, wire_type
from musearoo.codecs.ws.table import MESSAGES, Key, MessageClass, coalescing_key
from musearoo.domain.events import Sequenced


class SharedEvent:
    """A sequenced event with its bytes; keep it in the replay log and give it to every queue."""

    __slots__ = ("_text", "key", "message_class", "sequenced")

    def __init__(self, sequenced: Sequenced) -> None:
        type_: Final = wire_type(sequenced.event)
        self.sequenced = sequenced
        self.message_class: MessageClass = MESSAGES[type_].message_class
        self.key: Key | None = coalescing_key(type_, sequenced.event)
        self._text: bytes | None = None

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
