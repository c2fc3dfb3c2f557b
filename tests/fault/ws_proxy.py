"""A user-space proxy that does to a connection what networks do; every fault from one seed."""

import asyncio
import contextlib
from random import Random


class FaultyNetwork:
    """Forwards TCP to `port`; each `strike` cuts, freezes or delays one living connection."""

    def __init__(self, port: int, seed: int) -> None:
        self.target = port
        self.chance = Random(seed)
        self.port = 0
        self.faults: dict[str, int] = {"cut": 0, "half": 0, "freeze": 0, "delay": 0}
        self._links: list[_Link] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "FaultyNetwork":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for link in self._links:
            link.cut()

    def strike(self) -> None:
        """One fault, chosen by the seed."""
        living = [link for link in self._links if not link.ended]
        if not living:
            return
        link = self.chance.choice(living)
        kind = self.chance.choices(("cut", "half", "freeze", "delay"), (4, 4, 2, 3))[0]
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

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        link = _Link(writer, far[1])
        self._links.append(link)
        await asyncio.gather(link.pump(reader, far[1]), link.pump(far[0], writer))


class _Link:
    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.ended = False
        self.delay = 0.0
        self.bytes_left: int | None = None
        self._ends = (near, far)
        self._open = asyncio.Event()
        self._open.set()

    def cut(self) -> None:
        self.ended = True
        self._open.set()
        for end in self._ends:
            end.transport.abort()

    def freeze(self, seconds: float) -> None:
        self._open.clear()
        asyncio.get_running_loop().call_later(seconds, self._open.set)

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
                await writer.drain()
        self.cut()
