"""One-time tokens for the owner of this machine, in the printed URL and in the data folder."""

import os
import secrets
from hmac import compare_digest
from pathlib import Path
from typing import Final

TOKEN_NAME: Final = "local-token"  # noqa: S105  (a file name)
ADDRESS_NAME: Final = "local-address"


class LocalTokens:
    """Each token opens one login. The one in the folder is readable by its owner only."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / TOKEN_NAME
        self._address = data_dir / ADDRESS_NAME
        self._live: set[str] = set()
        self._in_folder = ""
        forget_local(data_dir)  # who listens there now must not be sent the new token
        self._renew()

    def issue(self) -> str:
        """A token to hand to the owner, as in the URL that is printed at start."""
        token = secrets.token_urlsafe(32)
        self._live.add(token)
        return token

    def redeem(self, token: str) -> bool:
        """Whether the token is live; it is spent by asking."""
        given = token.encode("utf-8", "surrogatepass")
        match = [live for live in self._live if compare_digest(live.encode(), given)]
        if not match:
            return False
        self._live.discard(match[0])
        if match[0] == self._in_folder:
            self._renew()
        return True

    def listening_at(self, url: str) -> None:
        """Leave word in the folder where the server answers, whatever its port."""
        _put(self._address, url)

    def remove(self) -> None:
        """Take token and address out of the folder, as when the server ends."""
        forget_local(self._path.parent)

    def _renew(self) -> None:
        self._in_folder = self.issue()
        _put(self._path, self._in_folder)


def read_local_token(data_dir: Path) -> str | None:
    """The token in a data folder, or None when no server runs on it in local mode."""
    return _read(data_dir / TOKEN_NAME)


def read_local_address(data_dir: Path) -> str | None:
    """Where the server that runs on a data folder answers, or None when none has said so."""
    return _read(data_dir / ADDRESS_NAME)


def forget_local(data_dir: Path) -> None:
    """Take out of a data folder what a server left there, perhaps one that was killed."""
    for name in (TOKEN_NAME, ADDRESS_NAME):
        (data_dir / name).unlink(missing_ok=True)


def _put(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
