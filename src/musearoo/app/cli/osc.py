"""Commands for OSC: send a message and hear the answer, write controller layouts."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import typer
from rich.live import Live

from musearoo.app.cli.console import AsJson, answer, load_settings, out, run
from musearoo.app.cli.osc_table import monitor_table
from musearoo.app.cli.reaching import Server, Token, Which, latest, logged_in, told
from musearoo.client import Account
from musearoo.codecs.osc import Bundle, Message, OscRefused, decode, encode
from musearoo.codecs.osc.table import AddressTable, address_table
from musearoo.domain.errors import InvalidValue, Unavailable
from musearoo.engines.loading import load_engines
from musearoo.ports.osc import Monitored
from musearoo.protocols.osc.layouts.panel import Page, pages
from musearoo.protocols.osc.layouts.puredata import puredata
from musearoo.protocols.osc.layouts.reaper import reaper
from musearoo.protocols.osc.layouts.stage_control import MODULE, stage_control
from musearoo.protocols.osc.layouts.touchosc import touchosc

osc = typer.Typer(help="Work with OSC devices.", no_args_is_help=True)
Program = Literal["touchosc", "open-stage-control", "puredata", "reaper"]
_FILES: Final[dict[Program, str]] = {
    "touchosc": "musearoo.tosc",
    "open-stage-control": "musearoo.json",
    "puredata": "musearoo.pd",
    "reaper": "MuseAroo.ReaperOSC",
}
_Host = Annotated[str | None, typer.Option(help="The server's host; else that of the settings.")]
_Port = Annotated[int | None, typer.Option(help="Its OSC port; else that of the settings.")]


@osc.command("send")
def send(
    address: Annotated[str, typer.Argument(help="Such as /musearoo/drums/complexity.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="0.7 goes as float, 5 as integer, all else as string."),
    ] = None,
    host: _Host = None,
    port: _Port = None,
    wait: Annotated[float, typer.Option(min=0, max=3600, help="Seconds to listen.")] = 0.5,
    *,
    json: AsJson = False,
) -> None:
    """Send one OSC message by UDP and print what comes back."""

    async def work() -> list[Message]:
        values = tuple(_argument(each) for each in arguments or [])
        try:
            packet = encode(Message(address, values))
        except OscRefused as refusal:
            raise InvalidValue("address", address, str(refusal)) from None
        return await _exchange(packet, _destination(host, port), wait)

    heard = run(work, as_json=json)
    answer(heard, as_json=json, lines=lambda: (shown(each) for each in heard))


@osc.command("pair")
def pair(
    which: Which = None,
    server: Server = None,
    token: Token = None,
    *,
    json: AsJson = False,
) -> None:
    """Ask for a code by which one device plays in the session."""

    async def work() -> dict[str, Any]:
        async with logged_in(server, token) as account:
            asked = {"session_id": which or await latest(account)}
            made: dict[str, Any] = await account.call("POST", "/osc/pairings", json=asked)
            return made

    made = run(told(work), as_json=json)
    until = made["expires_in"] // 60
    line = f"Within {until} minutes, send from the device: /musearoo/pair {made['code']}"
    answer(made, as_json=json, lines=lambda: iter((line,)))


@osc.command("monitor")
def monitor(
    every: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds between looks.")] = 0.5,
    server: Server = None,
    token: Token = None,
    *,
    json: AsJson = False,
) -> None:
    """Watch who sends OSC, how fast, what was refused and why; with --json look once."""

    async def work() -> Monitored:
        async with logged_in(server, token) as account:
            if json:
                return await _look(account)
            with Live(console=out, screen=False) as table:
                while True:
                    table.update(monitor_table(await _look(account)))
                    await asyncio.sleep(every)

    seen = run(told(work), as_json=json)
    answer(seen, as_json=json, lines=lambda: iter(()))


async def _look(account: Account) -> Monitored:
    return msgspec.convert(await account.call("GET", "/osc/monitor"), Monitored)


@osc.command("layout")
def layout(
    program: Annotated[Program, typer.Argument(help="The program that will show it.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; else its usual name.")
    ] = None,
) -> None:
    """Write a controller layout with every parameter of the installed engines."""

    async def work() -> list[Path]:
        return await asyncio.to_thread(_write, program, output)

    for path in run(work):
        out.print(str(path), markup=False, soft_wrap=True)


def _write(program: Program, output: Path | None) -> list[Path]:
    path = output or Path(_FILES[program])
    path.write_bytes(_layout(program, pages(_table())))
    if program != "open-stage-control":
        return [path]
    module = path.with_suffix(".js")
    module.write_text(MODULE, encoding="utf-8")
    return [path, module]


def _table() -> AddressTable:
    return address_table(engine.description for engine in load_engines().values())


def _layout(program: Program, shown_pages: tuple[Page, ...]) -> bytes:
    match program:
        case "touchosc":
            return touchosc(shown_pages)
        case "open-stage-control":
            return stage_control(shown_pages).encode()
        case "puredata":
            settings = load_settings()
            return puredata(shown_pages, port=settings.osc_port).encode()
        case "reaper":
            return reaper().encode()


def _destination(host: str | None, port: int | None) -> tuple[str, int]:
    settings = load_settings()
    return host or settings.osc_host, port or settings.osc_port


def _argument(text: str) -> float | int | str:
    for reading in (int, float):
        try:
            return reading(text)
        except ValueError:
            continue
    return text


class _Listener(asyncio.DatagramProtocol):
    """Collects what comes back."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.refused = asyncio.Event()

    def datagram_received(self, data: bytes, _from: object) -> None:
        try:
            self.heard += _messages(decode(data))
        except OscRefused:
            return

    def error_received(self, _error: Exception) -> None:
        self.refused.set()


def _messages(packet: Message | Bundle) -> list[Message]:
    if isinstance(packet, Message):
        return [packet]
    return [message for element in packet.elements for message in _messages(element)]


async def _exchange(packet: bytes, to: tuple[str, int], wait: float) -> list[Message]:
    loop = asyncio.get_running_loop()
    transport, listener = await loop.create_datagram_endpoint(_Listener, remote_addr=to)
    try:
        transport.sendto(packet)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await listener.refused.wait()
    finally:
        transport.close()
    if listener.refused.is_set() and not listener.heard:
        raise Unavailable(f"Nobody listens for OSC on {to[0]}:{to[1]}; start musearoo serve.")
    return listener.heard


def shown(message: Message) -> str:
    """A message as a person types it."""
    return " ".join([message.address, *(str(each) for each in message.arguments)])
