"""The client for programs without an event loop: the same session, driven by a thread."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from musearoo.client.connecting import connect as connect_async
from musearoo.client.happenings import Events
from musearoo.client.link import Options
from musearoo.client.rest import Account
from musearoo.client.session import Session
from musearoo.codecs.ws.outgoing import VoiceShown
from musearoo.domain.events import Sequenced

T = TypeVar("T")


class SyncSession:
    """A session whose coroutines are run to their end: `do(lambda s: s.set("a/b", 1))`.

    The frequent ones have methods of their own. `live` is the session itself, to be read from.
    """

    def __init__(self, live: Session, loop: asyncio.AbstractEventLoop) -> None:
        self.live = live
        self._loop = loop

    def do(
        self, work: Callable[[Session], Coroutine[Any, Any, T]], timeout: float | None = 60.0
    ) -> T:
        """Run a coroutine of the session; raises what it raises, or `TimeoutError`."""
        running = asyncio.run_coroutine_threadsafe(work(self.live), self._loop)
        try:
            return running.result(timeout)
        except TimeoutError:
            running.cancel()
            raise

    def set(self, path: str, value: float | str | bool) -> int:
        """Set a parameter; answers the number of the event."""
        return self.do(lambda live: live.set(path, value)).seq

    def generate(self, engine: str, **fields: Any) -> str:
        """Have a part played; answers the id of the generation."""
        return self.do(lambda live: live.generate(engine, **fields)).generation_id or ""

    def command(self, name: str, **args: Any) -> int:
        """Any command of the closed list; answers the number of the event."""
        return self.do(lambda live: live.command(name, args)).seq

    def chat(self, text: str) -> int:
        """Say something to everyone; answers the number of the event."""
        return self.do(lambda live: live.chat(text)).seq

    def say(self, text: str, *, confirm: bool = False) -> VoiceShown:
        """Say in words what shall happen; answers what was understood and done."""
        return self.do(lambda live: live.say(text, confirm=confirm))

    def events(self, timeout: float | None = None) -> Iterator[Sequenced]:
        """Everyone's changes from now on; ends when none comes for `timeout` seconds."""
        return self._read(self.do(_events), timeout)

    def _read(self, events: Events, timeout: float | None) -> Iterator[Sequenced]:
        try:
            while True:
                try:
                    event = self.do(lambda _live: _next(events), timeout)
                except TimeoutError:
                    return
                if event is None:
                    return
                yield event
        finally:
            self.call_soon(events.close)

    def call_soon(self, work: Callable[[], object]) -> None:
        """Run something small in the session's own thread, if it still runs."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(work)


@contextmanager
def connect(
    url: str | None = None,
    *,
    session: str,
    token: str | None = None,
    account: Account | None = None,
    options: Options | None = None,
) -> Iterator[SyncSession]:
    """Enter a session; the loop that drives it runs in a thread of its own until you leave."""
    way_in = connect_async(url, session=session, token=token, account=account, options=options)
    entered: Future[SyncSession] = Future()
    leave = asyncio.Event()

    async def hold() -> None:
        try:
            async with way_in as live:
                entered.set_result(SyncSession(live, asyncio.get_running_loop()))
                await leave.wait()
        except BaseException as failure:
            if entered.done():
                raise
            entered.set_exception(failure)

    thread = threading.Thread(target=asyncio.run, args=(hold(),), name="musearoo.client")
    thread.start()
    try:
        held = entered.result()
        try:
            yield held
        finally:
            held.call_soon(leave.set)
    finally:
        thread.join()


async def _events(live: Session) -> Events:
    return live.events()


async def _next(events: Events) -> Sequenced | None:
    return await anext(events, None)
