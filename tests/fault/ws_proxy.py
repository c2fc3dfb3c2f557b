"""A user-space proxy that does to connections what networks do; every fault from one seed."""

import asyncio
import contextlib
from random import Random

from tests.waiting import PATIENCE

KINDS = {"cut": 4, "half": 4, "freeze": 2, "delay": 3, "double": 1.5, "late": 1.5}


class FaultyNetwork:
    """Forwards TCP to `port`; each `strike` hits a living connection, or the next one.

    `double` sends all that the next connection says over a second one too. `late` keeps what it
    says for a while and delivers it even when the caller has given up and come again.
    """

    def __init__(self, port: int, seed: int) -> None:
        self.target = port
        self.chance = Random(seed)
        self.port = 0
        self.faults: dict[str, int] = dict.fromkeys(KINDS, 0)
        self._links: list[_Link] = []
        self._serving: set[asyncio.Task[None]] = set()
        self._next: list[str] = []
        self._over = False
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "FaultyNetwork":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self._over = True
        for link in self._links:
            link.cut()
        if self._serving:  # nothing may be left open when the loop is
            _done, left = await asyncio.wait(self._serving, timeout=PATIENCE)
            assert not left, f"{len(left)} connections do not end"
        await asyncio.sleep(0.05)  # what was aborted is closed in the turns that follow

    def strike(self) -> None:
        """One fault, chosen by the seed."""
        living = [link for link in self._links if not link.ended]
        kind = self.chance.choices(list(KINDS), list(KINDS.values()))[0]
        if kind in {"double", "late"}:
            if len(self._next) < 3:
                self.faults[kind] += 1
                self._next.append(kind)
            return
        if not living:
            return
        link = self.chance.choice(living)
        self.faults[kind] += 1
        match kind:
            case "cut":
                link.cut()
            case "half":  # in the middle of a frame: some bytes more, then nothing
                link.bytes_left = self.chance.randrange(1, 40)
            case "freeze":
                link.freeze(self.chance.uniform(0.05, 0.4))
            case "delay":
                link.delay = self.chance.uniform(0.001, 0.03)

    def calm(self) -> None:
        """Do nothing to what comes from now on, and end what is being done."""
        self._next = []
        for link in self._links:
            link.heal()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine = asyncio.current_task()
        assert mine is not None
        self._serving.add(mine)
        mine.add_done_callback(self._serving.discard)
        try:
            far = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        link = _Link(writer, far[1])
        self._links.append(link)
        if self._over:
            link.cut()
        kind = self._next.pop(0) if self._next else ""
        if kind == "late":
            link.late = self.chance.uniform(0.2, 0.8)
        elif kind == "double":
            await link.double(self.target)
        with contextlib.suppress(asyncio.CancelledError):  # the test is over
            await asyncio.gather(link.up(reader), link.down(far[0]))


class _Link:
    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.ended = False
        self.delay = 0.0
        self.late = 0.0
        self.bytes_left: int | None = None
        self._near = near
        self._far = far
        self._twin: asyncio.StreamWriter | None = None
        self._open = asyncio.Event()
        self._open.set()

    def cut(self) -> None:
        self.ended = True
        self._open.set()
        for end in (self._near, self._far, self._twin):
            if end is not None:
                end.transport.abort()

    def heal(self) -> None:
        """Carry on as if nothing had been; a link that is cut stays so."""
        self.bytes_left, self.delay = None, 0.0
        self._open.set()

    def freeze(self, seconds: float) -> None:
        self._open.clear()
        asyncio.get_running_loop().call_later(seconds, self._open.set)

    async def double(self, port: int) -> None:
        """Say everything twice; what the second is answered nobody hears."""
        with contextlib.suppress(OSError):
            heard, self._twin = await asyncio.open_connection("127.0.0.1", port)
            self._deaf = asyncio.ensure_future(_drain(heard))

    async def up(self, reader: asyncio.StreamReader) -> None:
        """What the client says."""
        if self.late:
            await asyncio.sleep(self.late)  # whoever goes meanwhile is heard all the same
            self.late = 0.0
        await self._pump(reader, self._far, self._twin)

    async def down(self, reader: asyncio.StreamReader) -> None:
        """What the server says."""
        await self._pump(reader, self._near)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        twin: asyncio.StreamWriter | None = None,
    ) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while chunk := await reader.read(4096):
                await self._open.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                if self.bytes_left is not None:
                    writer.write(chunk[: self.bytes_left])
                    self.bytes_left -= min(self.bytes_left, len(chunk))
                    if not self.bytes_left:
                        await asyncio.sleep(0)
                        break
                else:
                    writer.write(chunk)
                if twin is not None and not twin.is_closing():
                    twin.write(chunk)
                await writer.drain()
        self.cut()


async def _drain(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(65_536):
            pass
