"""What a server that was killed left in its folder leads nobody astray."""

import contextlib
from pathlib import Path

import pytest

from musearoo.app.compose import _compose
from musearoo.app.settings import Settings
from musearoo.security.local_tokens import LocalTokens, read_local_address, read_local_token


@pytest.mark.parametrize("public_url", ["", "https://example.org"])
async def test_the_address_of_a_server_that_was_killed_is_forgotten(
    tmp_path: Path, public_url: str
) -> None:
    """By the next one on the folder, and be it one with accounts."""
    left = LocalTokens(tmp_path)
    left.listening_at("http://127.0.0.1:40000")
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None, data_dir=tmp_path, public_url=public_url
    )
    async with contextlib.AsyncExitStack() as closing:
        _compose(settings, closing)
        assert read_local_address(tmp_path) is None
        assert (read_local_token(tmp_path) is not None) == settings.local_mode
    assert read_local_token(tmp_path) is None
