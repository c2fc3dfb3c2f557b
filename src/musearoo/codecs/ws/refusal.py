"""The one refusal of the WebSocket codecs."""

from enum import StrEnum
from typing import Final

MAXIMUM_FRAME: Final = 65_536  # bytes of one message, text or binary
MAXIMUM_FIRST_FRAME: Final = 8_192  # bytes of the message that joins, before anybody is known
_SHOWN: Final = 300


class FrameFault(StrEnum):
    """Why a frame is refused; the values are codes of the `error` message."""

    MALFORMED = "malformed-message"
    UNKNOWN_TYPE = "unknown-type"
    INVALID = "invalid-value"
    TOO_LARGE = "payload-too-large"


class FrameRefused(Exception):
    """A frame that cannot be read; the only exception that decoding raises.

    `detail` may be told to the sender. `reply_to` is the frame's `message_id` where one could
    be read, for binary records the sender's counter as text.
    """

    def __init__(self, code: FrameFault, detail: str, reply_to: str | None = None) -> None:
        shown = detail if len(detail) <= _SHOWN else detail[: _SHOWN - 1] + "…"
        super().__init__(shown)
        self.code = code
        self.detail = shown
        self.reply_to = reply_to
