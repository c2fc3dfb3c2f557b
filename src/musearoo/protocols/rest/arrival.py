"""What the door knows of a request before anyone looks inside."""

import ipaddress
from dataclasses import dataclass
from typing import Final

from starlette.types import Scope

from musearoo.conductor.conductor import Conductor
from musearoo.domain.origin import Origin, cut_address
from musearoo.domain.permissions import Actor
from musearoo.protocols.rest.options import RestOptions

SCOPE_KEY: Final = "musearoo.arrival"
_MAXIMUM_CLIENT: Final = 120


@dataclass(frozen=True, slots=True)
class Door:
    """What every request needs: the conductor and the settings."""

    conductor: Conductor
    options: RestOptions


@dataclass(slots=True)
class Arrival:
    """One request on its way through the door."""

    door: Door
    correlation: str
    address: str
    began: float
    head: bool = False
    status: int = 0
    actor: Actor | None = None

    def origin(self, scope: Scope) -> Origin:
        """The request's source in the form that may be kept."""
        return Origin("rest", cut_address(self.address), self.correlation, client_of(scope))

    def pacing_key(self) -> str:
        """The address as pacing counts it: IPv6 by /64, because one person has all of that."""
        try:
            parsed = ipaddress.ip_address(self.address.partition("%")[0])
        except ValueError:
            return "rest:unknown"
        if parsed.version == 4:
            return f"rest:{self.address}"
        return f"rest:{ipaddress.ip_network((parsed, 64), strict=False)}"


def arrival_of(scope: Scope) -> Arrival:
    """The arrival that the shell put into the scope."""
    arrival: Arrival = scope[SCOPE_KEY]
    return arrival


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that (lower-case) name."""
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None


def client_of(scope: Scope) -> str:
    """The program that calls: what it says in X-MuseAroo-Client, else its user agent."""
    name = header(scope, b"x-musearoo-client") or header(scope, b"user-agent") or ""
    return "".join(each for each in name[:_MAXIMUM_CLIENT] if each.isprintable())
