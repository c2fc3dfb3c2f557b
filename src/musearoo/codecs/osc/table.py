"""The one table of OSC addresses.

The door dispatches by it; the documentation page, OSCQuery and controller layouts are made
from it.
"""

from collections.abc import Iterable, Iterator, Mapping

from musearoo.codecs.osc.addresses import Address, numbers_of
from musearoo.codecs.osc.declared import FIXED
from musearoo.codecs.osc.part_addresses import for_part
from musearoo.codecs.osc.patterns import Pattern
from musearoo.domain.engine import EngineDescription
from musearoo.domain.session.state import PartState


class AddressTable:
    """Every address, found by dictionary; iterating gives them in the order of the page."""

    def __init__(
        self, addresses: Iterable[Address], engines: Iterable[EngineDescription] = ()
    ) -> None:
        self._all = tuple(addresses)
        self._engines = {each.name: each for each in engines}
        self._exact = {each.path: each for each in self._all if not (each.sent or each.is_template)}
        self._patterned = tuple(
            path for path, each in self._exact.items() if each.family != "device"
        )
        self._templates = {
            each.path.partition("{")[0]: each for each in self._all
            if each.is_template and not each.sent
        }  # fmt: skip

    def __iter__(self) -> Iterator[Address]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def incoming(self) -> tuple[Address, ...]:
        """What devices may send."""
        return tuple(each for each in self._all if not each.sent)

    @property
    def outgoing(self) -> tuple[Address, ...]:
        """What the server sends."""
        return tuple(each for each in self._all if each.sent)

    def find(self, path: str) -> Address | None:
        """The address of an exact path, or the template that it fits; None if there is none."""
        found = self._exact.get(path)
        if found is not None:
            return found
        for start, template in self._templates.items():
            if path.startswith(start) and numbers_of(template, path) is not None:
                return template
        return None

    def find_in(self, path: str, parts: Mapping[str, PartState]) -> Address | None:
        """An address of a part that a project has beside the engines' default parts."""
        for name in path.split("/")[2:]:
            engine = self._engines.get(parts[name].engine) if name in parts else None
            if engine is not None:
                return next((each for each in for_part(name, engine) if each.path == path), None)
        return None

    def matching(self, pattern: Pattern, limit: int) -> list[Address]:
        """At most `limit` addresses with a fixed path that a pattern stands for.

        Those that pair or unpair the device itself are only meant by their own name.
        """
        return [self._exact[path] for path in pattern.among(self._patterned)[:limit]]


def address_table(engines: Iterable[EngineDescription]) -> AddressTable:
    """The table of a server with these engines."""
    engines = tuple(engines)
    of_parts = [
        address
        for description in engines
        for address in for_part(description.default_part, description)
    ]
    return AddressTable((*of_parts, *FIXED), engines)
