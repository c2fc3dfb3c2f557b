"""The server's secret keys: one file in the data folder that only its owner can read."""

import contextlib
import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Final

import msgspec

from musearoo.domain.errors import Unavailable

_FILE: Final = "keys.json"
_KEY_BYTES: Final = 32


class MasterKey(msgspec.Struct, frozen=True):
    """32 random bytes and the name that tokens signed with them carry."""

    kid: str
    material: bytes

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, which tells nothing of the others."""
        return hmac.digest(self.material, purpose.encode(), hashlib.sha256)


class Keys(msgspec.Struct, frozen=True):
    """The key that signs, and the one before it, whose signatures still hold."""

    current: MasterKey
    previous: MasterKey | None = None

    def alive(self) -> tuple[MasterKey, ...]:
        return (self.current,) if self.previous is None else (self.current, self.previous)

    def rotated(self) -> "Keys":
        """A fresh signing key; the present one stays good for verifying."""
        return Keys(new_key(), self.current)


def new_key() -> MasterKey:
    return MasterKey(secrets.token_hex(4), secrets.token_bytes(_KEY_BYTES))


def load_or_create_keys(data_dir: Path) -> Keys:
    """The keys of this data folder, made on first use.

    Raises `Unavailable` when the file is damaged or other users of the machine can read it.
    """
    path = data_dir / _FILE
    if not path.exists():
        save_keys(data_dir, Keys(new_key()))
    _require_private(path)
    try:
        keys = msgspec.json.decode(path.read_bytes(), type=Keys)
    except msgspec.MsgspecError as error:
        raise Unavailable(_advice(path, "is damaged")) from error
    if any(len(key.material) != _KEY_BYTES or not key.kid for key in keys.alive()):
        raise Unavailable(_advice(path, "is damaged"))
    return keys


def save_keys(data_dir: Path, keys: Keys) -> None:
    """Replace the key file in one step; it is never readable by others, not even for a moment."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / _FILE
    temporary = data_dir / f".{_FILE}.{secrets.token_hex(4)}"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(keys))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def _require_private(path: Path) -> None:
    # On Windows the folder inherits the rights of the user's profile; mode bits say nothing.
    if os.name == "nt":
        return
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Unavailable(
            f"{path} can be read by other users of this machine. Delete it, so that new keys are "
            f"made and everybody logs in again, or if nobody else uses the machine: chmod 600 it."
        )


def _advice(path: Path, fault: str) -> str:
    return (
        f"{path} {fault}. Restore it, or delete it: new keys are made and everybody logs in again."
    )
