"""Puts the remote script where Live looks for it, and takes it away again.

What was put there is remembered with its checksum, so that nothing which somebody else has put
there or changed is ever overwritten or deleted.
"""

import hashlib
import ipaddress
import os
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from musearoo.domain.errors import Conflict, InvalidValue, Unavailable

NAME: Final = "MuseAroo"
_CONFIG: Final = "server.json"
_MANIFEST: Final = "installed.json"
_SCRIPTS: Final = "Remote Scripts"
_LIBRARIES: Final = (
    "Music/Ableton/User Library",  # macOS
    "Documents/Ableton/User Library",  # Windows
    "OneDrive/Documents/Ableton/User Library",
)
NEXT: Final = (
    "Start the server with `musearoo serve --live script`.",
    "Start Live again, if it runs.",
    "Open Settings > Link, Tempo & MIDI (in Live 11: Preferences > Link Tempo MIDI).",
    "Choose MuseAroo in the column Control Surface; leave Input and Output at None.",
)


class Server(msgspec.Struct, frozen=True):
    """Where the script finds the server, and the secret that both know."""

    host: str
    port: int
    token: str


class Manifest(msgspec.Struct, frozen=True):
    """What was installed: each file with its SHA-256."""

    version: str
    files: dict[str, str]


def scripts_folder(given: Path | None = None, home: Path | None = None) -> Path:
    """Live's folder for remote scripts: the one given, or the one of its User Library.

    Raises `Unavailable` when there is none.
    """
    if given is not None:
        folder = given / _SCRIPTS if given.name == "User Library" else given
        if not (folder.is_dir() or folder.parent.is_dir()):
            raise Unavailable(f"There is no folder {folder}; give the Remote Scripts folder.")
        return folder
    for library in _LIBRARIES:
        found = (home or Path.home()) / library
        if found.is_dir():
            return found / _SCRIPTS
    raise Unavailable(
        "Live's User Library was not found. Live shows its place under Settings > Library; "
        "give the Remote Scripts folder in it with --path."
    )


def install(folder: Path, server: Server, version: str) -> Path:
    """Put the script into `folder`, or renew it there; answers the script's own folder.

    Raises `Conflict` when a file is in the way, `OSError` where it cannot be written.
    """
    target = _target(folder)
    present = _manifest(target)
    script = {each.name: each.read_bytes() for each in _sources()}
    known = {name: _digest(content) for name, content in script.items()}
    _require_ours(target, present, known)
    target.mkdir(parents=True, exist_ok=True)
    before = present.files if present else {}
    for name in before.keys() - known.keys():
        _remove(target / name, before[name])
    for name, content in script.items():
        _write(target / name, content)
    _write(target / _MANIFEST, msgspec.json.encode(Manifest(version, known)))
    _write(target / _CONFIG, msgspec.json.encode(server), secret=True)
    return target


def uninstall(folder: Path) -> tuple[bool, tuple[str, ...]]:
    """Take the script away; whether it was there, and what was left because it is not ours."""
    target = _target(folder)
    present = _manifest(target)
    if present is None:
        return False, ()
    for name, digest in present.files.items():
        _remove(target / name, digest)
    for name in (_CONFIG, _MANIFEST):
        (target / name).unlink(missing_ok=True)
    shutil.rmtree(target / "__pycache__", ignore_errors=True)
    left = tuple(sorted(each.name for each in target.iterdir()))
    if not left:
        target.rmdir()
    return True, left


def server_of(host: str, port: int, token: str) -> Server:
    """The server as a script on this machine reaches it, given what it is bound to.

    Raises `InvalidValue` for a host that is no address, and for a port of no fixed number.
    """
    if port == 0:
        raise InvalidValue("MUSEAROO_LIVE_SCRIPT_PORT", port, "1 to 65535, the same at each start")
    if host == "localhost":
        return Server("127.0.0.1", port, token)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        expected = "an address in numbers, such as 127.0.0.1"
        raise InvalidValue("MUSEAROO_LIVE_SCRIPT_HOST", host, expected) from None
    if address.is_unspecified:
        return Server("127.0.0.1" if address.version == 4 else "::1", port, token)
    return Server(str(address), port, token)


def _sources() -> Iterator[Path]:
    source = Path(str(files("musearoo.live.remote_script"))) / NAME
    return (each for each in sorted(source.iterdir()) if each.suffix == ".py")


def _target(folder: Path) -> Path:
    target = folder / NAME
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise Conflict(f"{target} is not a folder of ours; move it away first.")
    return target


def _require_ours(target: Path, present: Manifest | None, known: dict[str, str]) -> None:
    """Whatever would be overwritten is what was installed, or what is to be installed now."""
    installed = present.files if present else {}
    for name, digest in known.items():
        path = target / name
        if not path.exists() and not path.is_symlink():
            continue
        if not path.is_file() or path.is_symlink():
            raise Conflict(f"{path} is not a file of ours; move it away first.")
        if _digest(path.read_bytes()) not in {digest, installed.get(name)}:
            raise Conflict(f"{path} is not as MuseAroo installs it; move it away first.")
    if present is None and (target / _CONFIG).exists():
        raise Conflict(f"{target / _CONFIG} was not put there by MuseAroo; move it away first.")


def _remove(path: Path, digest: str) -> None:
    if path.is_file() and not path.is_symlink() and _digest(path.read_bytes()) == digest:
        path.unlink()


def _manifest(target: Path) -> Manifest | None:
    try:
        found = msgspec.json.decode((target / _MANIFEST).read_bytes(), type=Manifest)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return found if all(Path(name).name == name for name in found.files) else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes, *, secret: bool = False) -> None:
    """Replace a file in one step; a secret is never readable by others."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    mode = 0o600 if secret else 0o644
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)
