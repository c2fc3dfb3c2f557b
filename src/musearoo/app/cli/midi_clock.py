"""`musearoo midi-clock`: hardware without OSC or Link follows a session by MIDI clock."""

import asyncio
import threading
import time
from typing import Annotated, Any, Protocol

import typer

from musearoo.app.cli.console import out, run
from musearoo.app.cli.reaching import Server, Token, Which, joined, told
from musearoo.client import Session
from musearoo.codecs.midi.clock import IDLE_SECONDS, STOP, ClockOut
from musearoo.domain.errors import InvalidValue, Unavailable


class MidiPort(Protocol):
    """An open MIDI output."""

    def send_message(self, message: bytes) -> None:
        """Send one MIDI message now."""
        ...


def midi_clock(
    port: Annotated[
        str | None, typer.Argument(help="Part of the name of a MIDI output; none lists them.")
    ] = None,
    virtual: Annotated[
        str | None, typer.Option(help="Make an output of this name (macOS and Linux).")
    ] = None,
    which: Which = None,
    server: Server = None,
    token: Token = None,
) -> None:
    """Send clock, start, stop and position of a session to a MIDI output, until interrupted."""

    async def work() -> None:
        if port is None and virtual is None:
            for name in _midi().get_ports():
                out.print(name, markup=False)
            return
        output = _opened(port, virtual)
        async with joined(server, token, which) as live:
            out.print("Sending MIDI clock; Ctrl-C ends.", markup=False)
            await _until_ended(live, output)

    run(told(work))


async def _until_ended(live: Session, output: MidiPort) -> None:
    ending = threading.Event()
    thread = threading.Thread(target=keep_time, args=(live, output, ending), name="midi.clock")
    thread.start()
    try:
        async for _ in live.happenings():
            continue
    finally:
        ending.set()
        await asyncio.to_thread(thread.join)


def keep_time(live: Session, output: MidiPort, ending: threading.Event) -> None:
    """Send from a thread of its own, because an event loop does not wake up to the millisecond."""
    clock = ClockOut()
    while not ending.is_set():
        state = live.state
        if state is None:
            ending.wait(IDLE_SECONDS)
            continue
        messages, wait = clock.step(state, live.server_time())
        for message in messages:
            output.send_message(message)
        time.sleep(min(wait, IDLE_SECONDS))
    output.send_message(STOP)


def _opened(port: str | None, virtual: str | None) -> MidiPort:
    midi = _midi()
    if virtual is not None:
        midi.open_virtual_port(virtual)
    else:
        names = midi.get_ports()
        numbers = [n for n, name in enumerate(names) if (port or "").lower() in name.lower()]
        if not numbers:
            raise InvalidValue("port", port, "part of: " + (", ".join(names) or "(no MIDI output)"))
        midi.open_port(numbers[0])
    output: MidiPort = midi
    return output


def _midi() -> Any:
    try:
        import rtmidi  # noqa: PLC0415  (an extra)
    except ImportError:
        raise Unavailable("MIDI needs an extra: pip install 'musearoo[midi]'.") from None
    try:
        return rtmidi.MidiOut(name="MuseAroo")
    except rtmidi.RtMidiError as error:
        raise Unavailable(f"This machine's MIDI cannot be reached: {error}") from None
