"""Where a request came from, in the form that may be kept."""

import ipaddress
import re
from functools import lru_cache
from typing import Final, Literal

import msgspec

_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_DOTTED: Final = re.compile(rf"({_OCTET}\.{_OCTET}\.{_OCTET})\.{_OCTET}")
Door = Literal["rest", "ws", "osc", "cli", "system"]


class Origin(msgspec.Struct, frozen=True):
    """The door, the cut address of the caller, its program, and the request's correlation id."""

    door: Door
    source: str
    correlation: str
    client: str = ""


@lru_cache(maxsize=1024)
def cut_address(address: str) -> str:
    """An address cut to /24 (IPv4) or /48 (IPv6): logs name a network, not a person."""
    if dotted := _DOTTED.fullmatch(address):  # most are, and a storm brings a thousand
        return f"{dotted[1]}.0/24"
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    prefix = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, prefix), strict=False))
