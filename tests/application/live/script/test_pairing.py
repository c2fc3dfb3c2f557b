"""The secret of server and script: made once, kept private, proved alike on both sides."""

import json
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.errors import Unavailable
from musearoo.live.remote_script.MuseAroo import pairing
from musearoo.live.script import token
from musearoo.live.script.install import Server, install

GOOD = {"host": "127.0.0.1", "port": 11002, "token": "t" * 43}


@given(st.text("abc-_XYZ019", min_size=32, max_size=43), st.text("0123456789abcdef", min_size=32))
def test_both_sides_prove_alike(secret: str, nonce: str):
    """The script's proofs are those that the server expects, and the other way round."""
    assert pairing.PROTOCOL == token.PROTOCOL
    assert pairing.proof(secret, "script", nonce) == token.proof(secret, "script", nonce)
    assert pairing.proof(secret, "server", nonce) == token.proof(secret, "server", nonce)
    assert pairing.proof(secret, "server", nonce) != token.proof(secret, "script", nonce)


def test_the_secret_is_made_once_and_private(tmp_path: Path):
    """A second start reads what the first one made; nobody else may read it."""
    folder = tmp_path / "data"
    first = token.load_or_create_token(folder)
    assert (len(first), token.load_or_create_token(folder)) == (43, first)
    assert token.load_or_create_token(tmp_path / "other") != first
    if sys.platform != "win32":
        assert stat.S_IMODE((folder / token.FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", [b"", b"short", b"\xff" * 50])
def test_a_damaged_secret_is_not_used(tmp_path: Path, damage: bytes):
    """A file that holds no secret is named, with what to do."""
    (tmp_path / token.FILE).write_bytes(damage)
    with pytest.raises(Unavailable, match="musearoo live install"):
        token.load_or_create_token(tmp_path)


def test_the_script_reads_what_is_installed(tmp_path: Path):
    """Host, port and secret come from the file beside the script."""
    target = install(tmp_path, Server("::1", 4711, "s" * 43), "1")
    assert pairing.read(target / "server.json") == ("::1", 4711, "s" * 43)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{}" + b" " * 5000 + b"x",
        *(
            json.dumps({**GOOD, **wrong}).encode()
            for wrong in (
                {"host": "example.org"},
                {"host": ""},
                {"host": 7},
                {"port": 0},
                {"port": 65536},
                {"port": "11002"},
                {"token": "short"},
                {"token": None},
            )
        ),
    ],
)
def test_a_damaged_file_leaves_the_script_unpaired(tmp_path: Path, content: bytes):
    """Anything but an address in numbers, a port and a secret is `Unpaired`."""
    path = tmp_path / "server.json"
    path.write_bytes(content)
    with pytest.raises(pairing.Unpaired):
        pairing.read(path)


def test_no_file_leaves_the_script_unpaired(tmp_path: Path):
    """Before the first installation there is nobody to connect to."""
    with pytest.raises(pairing.Unpaired):
        pairing.read(tmp_path / "server.json")
