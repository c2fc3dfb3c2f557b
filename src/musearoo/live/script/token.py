"""The secret shared with the script in Live, and how each side shows that it has it.

The secret is made on first use and kept in the data folder, readable by its owner only. It
never crosses the wire.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final, Literal

from musearoo.domain.errors import Unavailable

FILE: Final = "live-token"
PROTOCOL: Final = 1
"""The version of the conversation; part of every proof, so that others are not understood."""
_LEAST: Final = 32


def load_or_create_token(data_dir: Path) -> str:
    """The secret of this data folder; raises `Unavailable` when the file is damaged."""
    path = data_dir / FILE
    with contextlib.suppress(FileExistsError):
        _create(path)
    token = path.read_text(encoding="utf-8", errors="replace").strip()
    if len(token) < _LEAST or not token.isascii():
        raise Unavailable(
            f"{path} is damaged. Delete it and run `musearoo live install` again, "
            "so that a new secret is shared with Live."
        )
    return token


def proof(token: str, role: Literal["script", "server"], nonce: str) -> str:
    """What only a holder of the token can say about a number used once."""
    text = f"musearoo live {PROTOCOL} {role} {nonce}"
    return hmac.digest(token.encode(), text.encode(), hashlib.sha256).hex()


def _create(path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(32))
