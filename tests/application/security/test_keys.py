import os
import stat

import pytest

from musearoo.domain.errors import Unavailable
from musearoo.security.keys import Keys, load_or_create_keys, new_key, save_keys

pytestmark = pytest.mark.skipif(os.name == "nt", reason="mode bits say nothing on Windows")


class TestLoadOrCreateKeys:
    def test_second_start_finds_the_keys_of_the_first(self, tmp_path):
        assert load_or_create_keys(tmp_path / "data") == load_or_create_keys(tmp_path / "data")

    def test_two_servers_have_different_keys(self, tmp_path):
        one, other = load_or_create_keys(tmp_path / "a"), load_or_create_keys(tmp_path / "b")
        assert one.current.material != other.current.material
        assert one.current.kid != other.current.kid

    def test_file_is_readable_by_its_owner_only_under_any_umask(self, tmp_path):
        before = os.umask(0)
        try:
            load_or_create_keys(tmp_path)
        finally:
            os.umask(before)
        [file] = tmp_path.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_file_open_to_others_is_refused_with_what_to_do(self, tmp_path):
        load_or_create_keys(tmp_path)
        (tmp_path / "keys.json").chmod(0o640)
        with pytest.raises(Unavailable, match="chmod 600"):
            load_or_create_keys(tmp_path)

    @pytest.mark.parametrize("content", [b"", b"{", b'{"current":{"kid":"a","material":"AAAA"}}'])
    def test_damaged_file_is_refused_and_left_alone(self, tmp_path, content):
        load_or_create_keys(tmp_path)
        file = tmp_path / "keys.json"
        file.write_bytes(content)
        with pytest.raises(Unavailable, match="damaged"):
            load_or_create_keys(tmp_path)
        assert file.read_bytes() == content

    def test_failed_write_keeps_the_old_keys_and_leaves_no_crumbs(self, tmp_path, monkeypatch):
        keys = load_or_create_keys(tmp_path)

        def full(_handle):
            raise OSError("disk full")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="disk full"):
            save_keys(tmp_path, keys.rotated())
        assert load_or_create_keys(tmp_path) == keys
        assert [file.name for file in tmp_path.iterdir()] == ["keys.json"]


class TestRotation:
    def test_one_key_before_stays_alive(self):
        first = Keys(new_key())
        second = first.rotated()
        third = second.rotated()
        assert first.alive() == (first.current,)
        assert second.alive() == (second.current, first.current)
        assert third.alive() == (third.current, second.current)

    def test_purposes_get_unrelated_keys(self):
        key = new_key()
        derived = {key.derive("a"), key.derive("b"), key.material}
        assert len(derived) == 3
        assert key.derive("a") == key.derive("a")
