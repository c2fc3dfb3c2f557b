"""Where the server is and the secret shared with it, from `server.json` beside this file.

The secret itself never crosses the wire: each side shows that it has it, so that a stranger
who took the port while the server was away learns nothing and is not obeyed.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
import os
import socket
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).resolve().parent / "server.json"
PROTOCOL = 1
_LARGEST = 4096


class Unpaired(Exception):
    """`server.json` is missing or not as `musearoo live install` writes it."""


class Server(NamedTuple):
    """Address and shared secret."""

    host: str
    port: int
    token: str


def read(path: Path = FILE) -> Server:
    """Read the file anew, since it may have been written while Live runs; raises `Unpaired`."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_LARGEST).decode("utf-8"))
        host, port, token = found["host"], found["port"], found["token"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unpaired(str(error)) from None
    if not (isinstance(host, str) and isinstance(port, int) and isinstance(token, str)):
        raise Unpaired("a value of the wrong type")
    if not (_numeric(host) and 0 < port < 65536 and len(token) >= 32):
        raise Unpaired("a value out of its range")
    return Server(host, port, token)


def _numeric(host: str) -> bool:
    """Whether it is an address in numbers: looking up a name would make Live wait."""
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    except (OSError, ValueError):
        return False
    return True


def nonce() -> str:
    """A number used once, 32 hexadecimal digits."""
    return binascii.hexlify(os.urandom(16)).decode("ascii")


def proof(token: str, role: str, number: str) -> str:
    """What only a holder of the token can say, as `script` or as `server`."""
    text = f"musearoo live {PROTOCOL} {role} {number}"
    return hmac.new(token.encode("utf-8"), text.encode("utf-8"), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two proofs in a time that tells nothing."""
    return hmac.compare_digest(one.encode("utf-8"), other.encode("utf-8"))
