"""Commands on a live session: watch it, take part, send one command."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
import typer

from musearoo.app.cli.console import AsJson, answer, out, run
from musearoo.app.cli.happened import in_words
from musearoo.app.cli.reaching import Server, Token, Which, joined, told
from musearoo.client import (
    ClientError,
    Connected,
    Disconnected,
    Happening,
    Happenings,
    Refused,
    Session,
)
from musearoo.codecs.events import envelope
from musearoo.codecs.ws import (
    ErrorMessage,
    GenerationProgress,
    Notice,
    PresenceChange,
)
from musearoo.codecs.ws.asyncapi import asyncapi as document
from musearoo.codecs.ws.outgoing import AckData, VoiceShown
from musearoo.domain.errors import InvalidValue
from musearoo.domain.events import Sequenced

session = typer.Typer(help="Watch and steer a live session.", no_args_is_help=True)

_HELP: Final = (
    "Type to chat. `drums/complexity 0.7` sets a parameter, `/transport action=play` sends a "
    "command, `/generate engine=drummaroo bars=8` has a part played, `/quit` leaves."
)


_FIRST_HEARTBEATS: Final = 1.2  # five are sent in the first second
_CLOCK_SECONDS: Final = 5.0


def asyncapi() -> None:
    """Print the AsyncAPI document of the WebSocket."""
    sys.stdout.write(msgspec.json.encode(document()).decode() + "\n")


@session.command("tail")
def tail(
    which: Which = None,
    limit: Annotated[int | None, typer.Option(help="End after so many events.")] = None,
    server: Server = None,
    token: Token = None,
    *,
    clock: Annotated[
        bool, typer.Option("--clock", help="Print how well the server's clock is known, each 5 s.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Print what happens in a session, as it happens, until interrupted."""

    async def work() -> None:
        async with joined(server, token, which) as live, AsyncExitStack() as beside:
            if clock:
                await beside.enter_async_context(_clock_told(live, as_json=json))
            left = limit
            async for event in live.events():
                _print(event, as_json=json)
                left = left - 1 if left is not None else None
                if left is not None and left <= 0:
                    return

    run(told(work), as_json=json)


@session.command("join")
def join(
    which: Which = None, server: Server = None, token: Token = None, *, json: AsJson = False
) -> None:
    """Take part: what happens is printed, what you type is done."""

    async def work() -> None:
        async with joined(server, token, which) as live:
            if not json:
                out.print(_HELP, markup=False, soft_wrap=True)
            await _take_part(live, as_json=json)

    run(told(work), as_json=json)


@session.command("send")
def send(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME [ARGS]",
            help="`chat` and the words, a parameter's path and its value, or a command's name "
            "and name=value ...",
        ),
    ] = None,
    at: Annotated[str | None, typer.Option(help="now, next_beat, next_bar, bar N")] = None,
    say: Annotated[str | None, typer.Option(help="In words what shall happen.")] = None,
    which: Which = None,
    server: Server = None,
    token: Token = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking back.")] = False,
    json: AsJson = False,
) -> None:
    """Send one command, such as `drums/complexity 0.7`, or `--say "less busy drums"`."""
    if (say is None) == (not what):
        raise typer.BadParameter("give either a command or --say")

    async def work() -> AckData:
        async with joined(server, token, which) as live:
            if say is not None:
                return await live.voice(say, confirm=yes)
            name, *args = what or [""]
            return await _ask(live, name, args, at)

    ack = run(told(work), as_json=json)
    answer(ack, as_json=json, lines=lambda: iter([_acknowledged(ack)]))


@asynccontextmanager
async def _clock_told(live: Session, *, as_json: bool) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        telling = tasks.create_task(_tell_clock(live, as_json=as_json))
        yield
        telling.cancel()


async def _tell_clock(live: Session, *, as_json: bool) -> None:
    await asyncio.sleep(_FIRST_HEARTBEATS)
    while True:
        known = live.clock
        if known.round_trip is not None and known.error is not None:
            told = {"round_trip_ms": 1e3 * known.round_trip, "error_at_most_ms": 1e3 * known.error}
            if as_json:
                sys.stdout.write(msgspec.json.encode({"clock": told}).decode() + "\n")
                sys.stdout.flush()
            else:
                line = f"clock: round trip {told['round_trip_ms']:.2f} ms, "
                line += f"wrong by {told['error_at_most_ms']:.2f} ms at most"
                out.print(line, markup=False, soft_wrap=True)
        await asyncio.sleep(_CLOCK_SECONDS)


async def _take_part(live: Session, *, as_json: bool) -> None:
    happenings = live.happenings()
    try:
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(_watch(happenings, as_json=as_json))
            async for line in _typed():
                if line == "/quit":
                    break
                await _obey(live, line)
            watching.cancel()
    except* ClientError as failures:
        raise failures.exceptions[0] from None


async def _watch(happenings: Happenings, *, as_json: bool) -> None:
    async for happening in happenings:
        _print(happening, as_json=as_json)


async def _typed() -> AsyncIterator[str]:
    """Lines of standard input; the thread that waits for them must not keep the program alive."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            for line in sys.stdin:
                loop.call_soon_threadsafe(lines.put_nowait, line.strip() or " ")
            loop.call_soon_threadsafe(lines.put_nowait, "")

    threading.Thread(target=read, daemon=True).start()
    while line := await lines.get():
        yield line.strip()


async def _obey(live: Session, line: str) -> None:
    words = line.split()
    if not words:
        return
    try:
        await _line(live, line, words)
    except (Refused, InvalidValue) as refusal:
        out.print(f"     ! {refusal}", markup=False, soft_wrap=True)


async def _line(live: Session, line: str, words: list[str]) -> None:
    if words[0].startswith("/"):
        await _ask(live, words[0][1:], words[1:], None)
    elif "/" in words[0] and len(words) == 2:
        await _ask(live, words[0], words[1:], None)
    else:
        await live.chat(line)


async def _ask(live: Session, name: str, args: list[str], at: str | None) -> AckData:
    if name == "chat":
        return await live.chat(" ".join(args))
    if "/" in name:
        if len(args) != 1:
            raise InvalidValue("value", " ".join(args), "one value after the path")
        return await live.set(name, _value(args[0]), at=at)
    return await live.command(name, dict(_pair(each) for each in args), at=at)


def _pair(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise InvalidValue("argument", text, "name=value")
    return name, _value(value)


def _value(text: str) -> Any:
    """A JSON value, or the words themselves."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _print(happening: Happening, *, as_json: bool) -> None:
    if as_json:
        shown = envelope(happening) if isinstance(happening, Sequenced) else happening
        sys.stdout.write(msgspec.json.encode(shown).decode() + "\n")
        sys.stdout.flush()
        return
    line = _shown(happening)
    if line is not None:
        out.print(line, markup=False, soft_wrap=True)


def _shown(happening: Happening) -> str | None:
    match happening:
        case Sequenced():
            return _event(happening)
        case PresenceChange(data=data):
            return f"     - {data.name or data.user_id} {data.action} ({data.status})"
        case GenerationProgress(data=data):
            return f"     - {data.part or data.kind} {data.progress:.0%}"
        case Notice(data=data):
            return f"     - {data.detail or data.code}"
        case ErrorMessage(data=data):
            return f"     ! {data.detail}"
        case Disconnected():
            return f"     ! connection lost ({happening.reason or happening.code}), coming back"
        case Connected():
            return f"     - connected at {happening.seq}"
        case _:
            return None


def _event(event: Sequenced) -> str:
    when = datetime.fromtimestamp(event.at, UTC).astimezone()
    return f"{event.seq:>6} {when:%H:%M:%S} {in_words(event)}"


def _acknowledged(ack: AckData) -> str:
    if ack.voice is not None:
        return _understood(ack.voice)
    where = ack.lands_at
    landing = f", from bar {where.bar} beat {where.beat:g}" if where is not None else ""
    made = f", generation {ack.generation_id}" if ack.generation_id is not None else ""
    return f"done as event {ack.seq}{landing}{made}"


def _understood(voice: VoiceShown) -> str:
    unknown = f" (not understood: {', '.join(voice.unknown)})" if voice.unknown else ""
    match voice.status:
        case "done":
            done = (f"{act.told}: {act.detail}" if act.code else act.told for act in voice.acts)
            return "; ".join(done) + unknown
        case "asked":
            return f"{voice.question} Send it again with --yes.{unknown}"
        case "declined":
            return "nothing was done"
        case _:
            return f"nothing was understood{unknown}"
