"""Tells the local network where OSC and OSCQuery are, by mDNS (an extra, and only when asked)."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any, Final

import structlog

from musearoo.app.settings import is_loopback

log = structlog.get_logger(__name__)

OSC: Final = "_osc._udp.local."
OSC_QUERY: Final = "_oscjson._tcp.local."


@asynccontextmanager
async def announced(
    name: str, *, host: str, http_port: int | None, osc_port: int, interfaces: tuple[str, ...] = ()
) -> AsyncIterator[bool]:
    """Announce both services while the block runs; answers whether that was possible.

    OSCQuery is left out where `http_port` is None: only this machine reaches it.

    A host that only this machine reaches is not announced, nor is anything without the
    `mdns` extra; the log says why.
    """
    if is_loopback(host) and not interfaces:
        log.warning("mdns.skipped", reason="only this machine reaches the server")
        yield False
        return
    try:
        zeroconf = import_module("zeroconf.asyncio")
        info = import_module("zeroconf").ServiceInfo
    except ImportError:
        log.warning("mdns.skipped", reason="needs an extra: pip install 'musearoo[mdns]'")
        yield False
        return
    addresses = [_packed(each) for each in interfaces or addresses_of(host)]
    services = [
        info(
            kind, f"{name}.{kind}", port=port, addresses=addresses, server=f"{_label(name)}.local."
        )
        for kind, port in ((OSC, osc_port), (OSC_QUERY, http_port))
        if port is not None
    ]
    async with _open(zeroconf, interfaces) as network:
        await asyncio.gather(*(_registered(network, service) for service in services))
        log.info("mdns.announced", name=name)
        try:
            yield True
        finally:
            await network.async_unregister_all_services()


async def _registered(network: Any, service: Any) -> None:
    await (await network.async_register_service(service, allow_name_change=True))


@asynccontextmanager
async def _open(zeroconf: Any, interfaces: tuple[str, ...]) -> AsyncIterator[Any]:
    given = {"interfaces": list(interfaces)} if interfaces else {}
    network = zeroconf.AsyncZeroconf(**given)
    try:
        yield network
    finally:
        await network.async_close()


def _label(name: str) -> str:
    """A DNS label: letters, digits and hyphens."""
    return "".join(each if each.isalnum() else "-" for each in name).strip("-").lower()[:63]


def _packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def addresses_of(host: str) -> tuple[str, ...]:
    """The addresses of a bound host; for all of them, those that other machines can reach.

    The machine's name is no help there: many systems give it a loopback address.
    """
    try:
        given = ipaddress.ip_address(host)
    except ValueError:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        return tuple(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))
    return _of_interfaces(given.version) if given.is_unspecified else (host,)


def _of_interfaces(version: int) -> tuple[str, ...]:
    """The addresses of this machine in its networks, of one version of IP."""
    adapters = import_module("ifaddr").get_adapters()  # which zeroconf brings along
    texts = [_text(each.ip) for adapter in adapters for each in adapter.ips]
    found = [ipaddress.ip_address(text) for text in texts]
    reachable = [ip for ip in found if not ip.is_loopback and not ip.is_link_local]
    return tuple(dict.fromkeys(str(ip) for ip in reachable if ip.version == version))


def _text(ip: Any) -> str:
    """Of an IPv6 address `ifaddr` gives a tuple: address, flow, scope."""
    return str(ip if isinstance(ip, str) else ip[0]).partition("%")[0]
