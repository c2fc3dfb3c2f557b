"""The numbered frames of a room on their way to its members: one piece for each, once a turn."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

import structlog

from musearoo.codecs.ws.handles import HandleTable
from musearoo.protocols.ws.arrivals import Arrivals
from musearoo.protocols.ws.frames import Post, Word
from musearoo.protocols.ws.outbox import Outbox

log = structlog.get_logger(__name__)

Write = Callable[[bytes], None]
Told = Post | Word


class Listener(Protocol):
    """Somebody who hears the room."""

    binary: bool

    @property
    def outbox(self) -> Outbox: ...


class _Lane:
    """Those who are sent the same bytes: how each is written to, and where each stands."""

    __slots__ = ("binary", "places", "writes")

    def __init__(self, outboxes: Sequence[Outbox], *, binary: bool) -> None:
        self.binary = binary
        self.places = {outbox: place for place, outbox in enumerate(outboxes)}
        self.writes: list[Write] = [outbox.write or outbox.control for outbox in outboxes]

    def frames(self, posts: Sequence[Told], handles: HandleTable) -> list[bytes]:
        """The posts as they are read here."""
        return [post.binary(handles) if self.binary else post.text for post in posts]


class Fan:
    """Collects posts and gives them to all at once; `wake` is called when there are some.

    Of a hundred members ninety-nine have nothing but the room's frames. They are written to
    directly, one call for each, without a look at who they are: what is theirs alone lies far
    away in memory. The others, who are `strays`, are written to through their outboxes.
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
        self._posts: list[Told] = []
        self._spared: dict[Outbox, list[Word]] = {}
        self._answers: dict[Outbox, list[bytes]] = {}
        self._lanes: tuple[_Lane, ...] | None = None
        self._strays: set[Outbox] = set()

    @property
    def width(self) -> int:
        """How many connections it writes to."""
        return len(self._members)

    def add(self, post: Told) -> None:
        """Something for everyone."""
        if not self._posts:
            self._wake(self)
        self._posts.append(post)

    def tell(self, word: Word, but: Outbox | None) -> None:
        """A word for everyone but one."""
        self.add(word)
        if but is not None:
            self._spared.setdefault(but, []).append(word)

    def answer(self, outbox: Outbox, frame: bytes) -> None:
        """A frame for one member, behind the posts so far and in one piece with them."""
        if not self._posts:
            outbox.control(frame)
        else:
            self._answers.setdefault(outbox, []).append(frame)

    def regroup(self) -> None:
        """Look at the members anew; call it when somebody came or left."""
        self._lanes = None
        self._strays.clear()

    def flush(self) -> int:
        """Give the posts to everybody; answers how many frames that was."""
        if not self._posts:
            return 0
        if self._arrivals.waiting:
            self._arrivals.tell()  # nobody is heard of before it is said that they are here
        posts, self._posts = self._posts, []
        answers, self._answers = self._answers, {}
        spared, self._spared = self._spared, {}
        lanes = self._lanes or self._grouped()
        strays = self._strays
        if strays:
            strays.difference_update([each for each in strays if each.settled])
        apart = (*answers, *spared, *strays)
        for lane in lanes:
            frames = lane.frames(posts, self._handles)
            piece, writes = b"".join(frames), lane.writes
            if apart:
                writes = writes.copy()
                for outbox in apart:
                    if (place := lane.places.get(outbox)) is not None:
                        give = partial(_spare, spared[outbox]) if outbox in spared else _give
                        own = answers.get(outbox, ())
                        writes[place] = partial(give, outbox, own, posts, frames)
            _write_to(writes, piece)
        return len(posts) * len(self._members)

    def _grouped(self) -> tuple[_Lane, ...]:
        members = tuple(self._members.values())
        self._strays = {member.outbox for member in members}
        for outbox in self._strays:
            outbox.strays = self._strays
        kinds = sorted({member.binary for member in members})
        self._lanes = tuple(
            _Lane([each.outbox for each in members if each.binary is kind], binary=kind)
            for kind in kinds
        )
        return self._lanes


def _write_to(writes: Sequence[Write], piece: bytes) -> None:
    for write in writes:
        try:
            write(piece)
        except RuntimeError:  # uvloop: closed, and its protocol will hear of it next
            continue
        except Exception:  # one who cannot be written to keeps nobody from hearing
            log.exception("ws.write_failed")


def _spare(
    words: list[Word],
    outbox: Outbox,
    answers: Sequence[bytes],
    posts: list[Told],
    frames: list[bytes],
    _piece: bytes,
) -> None:
    """Give one member all but some words, and its answers."""
    kept = [place for place, post in enumerate(posts) if post not in words]
    frames = [frames[place] for place in kept]
    if frames or answers:
        _give(outbox, answers, [posts[place] for place in kept], frames, b"".join(frames))


def _give(
    outbox: Outbox, answers: Sequence[bytes], posts: list[Told], frames: list[bytes], piece: bytes
) -> None:
    """Give one member the posts, which together are `piece`, and its answers behind them."""
    if outbox.slow:
        for post, frame in zip(posts, frames, strict=True):
            outbox.event(frame, post.seq, post.key)
        for frame in answers:
            outbox.control(frame)
        return
    whole = b"".join((piece, *answers))
    if outbox.ready or outbox.write is None:
        outbox.control(whole)
    else:
        outbox.write(whole)
