"""The live table of `musearoo osc monitor`."""

from datetime import UTC, datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from musearoo.ports.osc import Monitored, Recent, SourceReport

_RECENT: Final = 15
_COLUMNS: Final = (
    "source", "answers to", "paired", "messages/s", "received", "coalesced", "dropped", "refused",
)  # fmt: skip


def monitor_table(seen: Monitored) -> RenderableType:
    """Sources with their rates, and below them the latest messages of all."""
    head = Text(f"OSC on {seen.host}:{seen.port}", style="bold")
    if seen.unpaired or seen.unreadable:
        head.append(f"   unpaired {seen.unpaired}, unreadable {seen.unreadable}", style="yellow")
    if not seen.sources:
        return Group(head, Text("Nobody has sent anything yet."))
    return Group(head, _sources(seen), _messages(seen))


def _sources(seen: Monitored) -> Table:
    table = Table(*_COLUMNS, box=None, pad_edge=False)
    for source in sorted(seen.sources, key=lambda each: -each.last_at):
        table.add_row(
            f"{source.transport} {source.host}:{source.port}",
            str(source.reply_port),
            "yes" if source.pairing_id is not None else "this machine",
            f"{source.per_second:.1f}",
            *(str(each) for each in (source.received, source.coalesced, source.dropped)),
            Text(str(source.refused), style="red" if source.refused else ""),
        )
    return table


def _messages(seen: Monitored) -> Table:
    table = Table("time", "from", "message", "outcome", box=None, pad_edge=False)
    for source, recent in _latest(seen):
        when = datetime.fromtimestamp(recent.at, UTC).astimezone()
        table.add_row(
            f"{when:%H:%M:%S}",
            f"{source.host}:{source.port}",
            Text(f"{recent.address} {recent.arguments}"),
            Text(recent.outcome, style="" if recent.outcome in {"done", "coalesced"} else "red"),
        )
    return table


def _latest(seen: Monitored) -> list[tuple[SourceReport, Recent]]:
    every = [(source, recent) for source in seen.sources for recent in source.recent]
    return sorted(every, key=lambda each: -each[1].at)[:_RECENT]
