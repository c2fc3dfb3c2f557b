import os
import stat

import pytest

from musearoo.security.local_tokens import (
    TOKEN_NAME,
    LocalTokens,
    read_local_address,
    read_local_token,
)


def in_folder(data_dir):
    token = read_local_token(data_dir)
    assert token is not None
    return token


class TestLocalTokens:
    def test_printed_token_opens_one_login(self, tmp_path):
        tokens = LocalTokens(tmp_path)
        token = tokens.issue()
        assert tokens.redeem(token)
        assert not tokens.redeem(token)

    def test_token_in_the_folder_is_renewed_when_used(self, tmp_path):
        tokens = LocalTokens(tmp_path)
        first = in_folder(tmp_path)
        assert tokens.redeem(first)
        second = in_folder(tmp_path)
        assert second != first
        assert not tokens.redeem(first)
        assert tokens.redeem(second)

    @pytest.mark.parametrize("token", ["", " ", "x" * 43, "x" * 100_000, "é", "\ud800", "\0"])
    def test_any_other_text_opens_nothing(self, tmp_path, token):
        assert not LocalTokens(tmp_path).redeem(token)

    def test_another_servers_token_opens_nothing(self, tmp_path):
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        one, other = LocalTokens(tmp_path / "a"), LocalTokens(tmp_path / "b")
        assert not one.redeem(other.issue())

    @pytest.mark.skipif(os.name == "nt", reason="mode bits say nothing on Windows")
    def test_file_is_readable_by_its_owner_only_under_any_umask(self, tmp_path):
        before = os.umask(0)
        try:
            tokens = LocalTokens(tmp_path)
            tokens.redeem(in_folder(tmp_path))
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / TOKEN_NAME).stat().st_mode) == 0o600

    def test_a_new_token_is_never_beside_the_address_of_a_server_that_was_killed(self, tmp_path):
        """Whoever listens there now would be sent it."""
        LocalTokens(tmp_path).listening_at("http://127.0.0.1:40000")
        tokens = LocalTokens(tmp_path)
        assert read_local_address(tmp_path) is None
        tokens.listening_at("http://127.0.0.1:40001")
        assert read_local_address(tmp_path) == "http://127.0.0.1:40001"

    def test_token_leaves_with_the_server(self, tmp_path):
        LocalTokens(tmp_path).remove()
        assert list(tmp_path.iterdir()) == []
        assert read_local_token(tmp_path) is None
