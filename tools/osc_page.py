"""The page of OSC addresses, from the table that the door dispatches by."""

from collections.abc import Iterator
from typing import Final

from musearoo.codecs.osc.addresses import Address
from musearoo.codecs.osc.arguments import Argument
from musearoo.codecs.osc.table import AddressTable, address_table
from musearoo.engines.loading import load_engines

_TITLES: Final = {
    "generate": "Playing takes",
    "parameter": "Parameters",
    "session": "The session",
    "transport": "Transport",
    "take": "Takes and clips",
    "midi": "MIDI controllers and notes",
    "live": "Addresses for Ableton Live",
    "device": "Devices",
}


def addresses() -> str:
    """Every address (docs/protocol/osc-addresses.md)."""
    return "\n".join(_page(address_table(each.description for each in load_engines().values())))


def _page(table: AddressTable) -> Iterator[str]:
    yield "# OSC addresses"
    yield ""
    yield "What devices may send to the server, and what it sends them. How to pair, what is told"
    yield "when, framing and limits are in [osc.md](osc.md). Generated from"
    yield "`musearoo.codecs.osc.table`; do not edit."
    yield ""
    yield "Types: `f` a float, `i` an integer, `s` a string; `?` may be left out, `*` may be"
    yield "several. Any number will do for a number. Where *at* stands, a last string may say when:"
    yield "`now`, `next_beat`, `next_bar`, `bar 5`. Parts with other names than those of the"
    yield "engines have the same addresses under their name, once the project has them."
    for family, title in _TITLES.items():
        of_family = [each for each in table if each.family == family]
        yield from _section(title, of_family)


def _section(title: str, found: list[Address]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    incoming = [each for each in found if not each.sent]
    if incoming:
        yield ""
        yield "| address | arguments | right | what it does | told |"
        yield "|---|---|---|---|---|"
        for each in incoming:
            right = str(each.permission) if each.permission is not None else "–"
            told = ", ".join(f"`{path}`" for path in (each.echo, *each.replies) if path)
            at = " *at*" if each.takes_at else ""
            yield (
                f"| `{each.path}` | {_arguments(each)}{at} | {right} | {_meaning(each)} | {told} |"
            )
    outgoing = [each for each in found if each.sent]
    if outgoing:
        yield ""
        yield "| sent | arguments | when |"
        yield "|---|---|---|"
        for each in outgoing:
            yield f"| `{each.path}` | {_arguments(each)} | {each.meaning} |"


def _meaning(address: Address) -> str:
    command = f" (`{address.command}`)" if address.command is not None else ""
    return f"{address.meaning[:1].upper()}{address.meaning[1:]}{command}"


def _arguments(address: Address) -> str:
    return "; ".join(_argument(each) for each in address.arguments)


def _argument(argument: Argument) -> str:
    mark = "*" if argument.repeated else "?" if argument.optional else ""
    words = [f"`{argument.tag}{mark}` {argument.name}"]
    if argument.kind == "style":
        words.append("a style")
    elif argument.kind == "choice":
        words.append(", ".join(argument.choices))
    elif argument.kind == "boolean":
        words.append("0 or 1")
    elif argument.minimum is not None and argument.maximum is not None:
        unit = f" {argument.unit}" if argument.unit else ""
        words.append(f"{argument.minimum:g} to {argument.maximum:g}{unit}")
    return ": ".join(words)
