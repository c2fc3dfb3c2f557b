"""What those who come back have missed, put together once for all who missed the same."""

from collections.abc import Callable, Sequence
from typing import Final

from musearoo.codecs.ws.handles import HandleTable
from musearoo.protocols.ws.frames import Post
from musearoo.protocols.ws.outbox import Outbox

_KEPT: Final = 8


class Replays:
    """The joined frames of a room for the last few gaps that somebody had."""

    def __init__(self, handles: HandleTable) -> None:
        self._handles = handles
        self._joined: dict[tuple[int, int, bool], bytes] = {}

    def give(
        self,
        outbox: Outbox,
        gap: tuple[int, int],
        missed: Callable[[], Sequence[Post]],
        *,
        binary: bool,
    ) -> None:
        """Put the frames of a gap, from after its first number to its last, into an outbox."""
        if outbox.slow:
            for post in missed():
                outbox.event(self._frame(post, binary=binary), post.seq, post.key)
            return
        key = (*gap, binary)
        joined = self._joined.get(key)
        if joined is None:
            if len(self._joined) >= _KEPT:
                self._joined.clear()
            joined = b"".join(self._frame(post, binary=binary) for post in missed())
            self._joined[key] = joined
        if joined:
            outbox.control(joined)

    def forget(self) -> None:
        """Keep nothing for those who may come."""
        self._joined.clear()

    def _frame(self, post: Post, *, binary: bool) -> bytes:
        return post.binary(self._handles) if binary else post.text
