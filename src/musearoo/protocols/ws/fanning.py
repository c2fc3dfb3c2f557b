"""The numbered frames of a room on their way to its members: one piece for each, once a turn."""

from collections.abc import Callable, Mapping
from typing import Protocol

from musearoo.codecs.ws.handles import HandleTable
from musearoo.protocols.ws.arrivals import Arrivals
from musearoo.protocols.ws.frames import Post
from musearoo.protocols.ws.outbox import Outbox


class Listener(Protocol):
    """Somebody who hears the room."""

    binary: bool

    @property
    def outbox(self) -> Outbox: ...


class Fan:
    """Collects posts and gives them to all at once; `wake` is called when there are some.

    Frames for one alone go through outboxes. Whose outbox is empty is written to directly:
    of a hundred members ninety-nine have nothing but the room's frames.
    """

    def __init__(
        self,
        members: Mapping[str, Listener],
        arrivals: Arrivals,
        handles: HandleTable,
        wake: Callable[["Fan"], None],
    ) -> None:
        self._members = members
        self._arrivals = arrivals
        self._handles = handles
        self._wake = wake
        self._posts: list[Post] = []
        self._answers: dict[Outbox, list[bytes]] = {}

    @property
    def width(self) -> int:
        """How many connections it writes to."""
        return len(self._members)

    def add(self, post: Post) -> None:
        """An event for everyone."""
        if not self._posts:
            self._wake(self)
        self._posts.append(post)

    def answer(self, outbox: Outbox, frame: bytes) -> None:
        """A frame for one member, behind the posts so far and in one piece with them."""
        if not self._posts:
            outbox.control(frame)
        else:
            self._answers.setdefault(outbox, []).append(frame)

    def flush(self) -> int:
        """Give the posts to everybody; answers how many frames that was."""
        if not self._posts:
            return 0
        if self._arrivals.waiting:
            self._arrivals.tell()  # nobody is heard of before it is said that they are here
        posts, self._posts = self._posts, []
        answers, self._answers = self._answers, {}
        text = b"".join([post.text for post in posts])
        binary = self._binary(posts)
        for member in self._members.values():
            outbox, piece = member.outbox, binary if member.binary else text
            if outbox.slow:
                self._queue(outbox, posts, answers.get(outbox, []), binary=member.binary)
                continue
            if answers and outbox in answers:
                piece = b"".join((piece, *answers[outbox]))
            if outbox.ready or outbox.write is None:
                outbox.control(piece)
                continue
            try:
                outbox.write(piece)
            except RuntimeError:  # uvloop: closed, and its protocol will hear of it next
                outbox.write = None
        return len(posts) * len(self._members)

    def _binary(self, posts: list[Post]) -> bytes:
        """The posts for those who read records; empty if nobody does."""
        if not any(member.binary for member in self._members.values()):
            return b""
        return b"".join([post.binary(self._handles) for post in posts])

    def _queue(
        self, outbox: Outbox, posts: list[Post], answers: list[bytes], *, binary: bool
    ) -> None:
        for post in posts:
            frame = post.binary(self._handles) if binary else post.text
            outbox.event(frame, post.seq, post.key)
        for frame in answers:
            outbox.control(frame)
