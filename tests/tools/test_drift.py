"""The drift check sees stale, missing and current files."""

from pathlib import Path

from tools.drift import difference


def test_missing_file_differs(tmp_path: Path) -> None:
    assert "+one" in difference(tmp_path / "absent.txt", "one\n")


def test_stale_file_differs(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old\n")
    assert "-old" in difference(path, "new\n")


def test_current_file_is_equal(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("same\n")
    assert difference(path, "same\n") == ""
