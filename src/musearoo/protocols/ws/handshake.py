"""Who may open a WebSocket: Host and Origin (RFC 6455 §10.2), before anything is agreed on."""

import ipaddress
import socket
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol
from urllib.parse import urlsplit

from websockets.datastructures import MultipleValuesError

from musearoo.protocols.ws.options import WsOptions

Refusal = tuple[HTTPStatus, str]
_MAXIMUM_CLIENT: Final = 120


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the handshake told: address, program, page, and whether binary records are spoken."""

    address: str
    client: str
    page: str | None
    binary: bool


class Fields(Protocol):
    """The header fields of a request, asked for by their names in small letters."""

    def get(self, name: str, /) -> str | None:
        """The value of a field; raises `MultipleValuesError` for one that came twice."""
        ...

    def get_all(self, name: str) -> list[str]:
        """Every value of a field."""
        ...


def refusal(headers: Fields, options: WsOptions) -> Refusal | None:
    """Why a handshake is refused, or None. Origin is absent for programs, never for pages."""
    try:
        host = (headers.get("host") or "").lower()
        page = headers.get("origin")
    except MultipleValuesError:
        return HTTPStatus.BAD_REQUEST, "A header came twice.\n"
    if not _names(host, options.allowed_hosts):
        return HTTPStatus.MISDIRECTED_REQUEST, "The Host header names another server.\n"
    if page is not None and not _welcome(page, options):
        return HTTPStatus.FORBIDDEN, "Pages of this origin may not connect.\n"
    return None


def arrival(headers: Fields, address: str, *, binary: bool) -> Arrival:
    """What a handshake that was not refused told."""
    client = ""
    with suppress(MultipleValuesError):
        client = headers.get("x-musearoo-client") or headers.get("user-agent") or ""
    client = client[:_MAXIMUM_CLIENT]
    if not client.isprintable():
        client = "".join(each for each in client if each.isprintable())
    return Arrival(
        address=address,
        client=client,
        page=headers.get("origin"),
        binary=binary,
    )


def address_of(peer: str, headers: Fields, options: WsOptions) -> str:
    """The caller's address; what a trusted proxy says counts instead of its own."""
    if not options.trusted_proxies or not _trusted(peer, options.trusted_proxies):
        return peer
    for forwarded in reversed(headers.get_all("x-forwarded-for")):
        for hop in reversed([each.strip() for each in forwarded.split(",")]):
            if hop and not _trusted(hop, options.trusted_proxies):
                return hop
    return peer


def counted_address(address: str) -> str:
    """The address as limits count it: IPv6 by /64, because one person has all of that."""
    with suppress(OSError, ValueError):
        socket.inet_pton(socket.AF_INET, address)
        return address
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _welcome(page: str, options: WsOptions) -> bool:
    if page in options.allowed_origins:
        return True
    try:
        parts = urlsplit(page)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and _names(parts.netloc.lower(), options.allowed_hosts)


def _names(host: str, allowed: tuple[str, ...]) -> bool:
    name, colon, port = host.rpartition(":")
    bare = name if colon and port.isascii() and port.isdigit() else host
    return "*" in allowed or host in allowed or bare in allowed


def _trusted(address: str, proxies: tuple[str, ...]) -> bool:
    if "*" in proxies:
        return True
    try:
        parsed = ipaddress.ip_address(address)
        return any(parsed in ipaddress.ip_network(each, strict=False) for each in proxies)
    except ValueError:
        return address in proxies
