"""The test vectors that clients in other languages use are true of this codec."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from musearoo.codecs.ws import (
    FrameRefused,
    HandleTable,
    ParameterHandle,
    decode,
    decode_records,
    decode_server,
)
from tools import ws_vectors

FOLDER = Path(__file__).with_name("vectors")
TEXT: dict[str, Any] = json.loads((FOLDER / "text.json").read_text(encoding="utf-8"))
BINARY: dict[str, Any] = json.loads((FOLDER / "binary.json").read_text(encoding="utf-8"))


def test_files_are_what_the_script_writes() -> None:
    """Nobody edits them by hand."""
    assert ws_vectors.text() == (FOLDER / "text.json").read_text(encoding="utf-8")
    assert ws_vectors.binary() == (FOLDER / "binary.json").read_text(encoding="utf-8")


def test_text_frames_are_read() -> None:
    """Each side's, by the other side's reader; the JSON values are those of the frame."""
    for row in TEXT["client"]:
        decode(row["frame"])
        assert row["message"] == json.loads(row["frame"])
    for row in TEXT["server"]:
        decode_server(row["frame"])
        assert row["message"] == json.loads(row["frame"])


@pytest.mark.parametrize("row", TEXT["refused"], ids=lambda row: row["name"])
def test_text_frames_are_refused(row: dict[str, Any]) -> None:
    """With the code and the message they answer."""
    with pytest.raises(FrameRefused) as caught:
        decode(bytes.fromhex(row["hex"]))
    assert (row["code"], row["reply_to"]) == (caught.value.code, caught.value.reply_to)


@pytest.mark.parametrize("side", ["client", "server"])
def test_binary_frames_are_read(side: str) -> None:
    """Into the records that the file lists."""
    for row in BINARY[side]:
        records = decode_records(bytes.fromhex(row["hex"]), by_server=side == "server")
        assert len(row["records"]) == len(records)
        for listed, record in zip(row["records"], records, strict=True):
            header = msgspec.to_builtins(record.header)
            assert listed["header"] == header


@pytest.mark.parametrize("row", BINARY["refused"], ids=lambda row: row["name"])
def test_binary_frames_are_refused(row: dict[str, Any]) -> None:
    """With the code and the counter of the record."""
    with pytest.raises(FrameRefused) as caught:
        decode_records(bytes.fromhex(row["hex"]) * row.get("repeat", 1))
    assert (row["code"], row["reply_to"]) == (caught.value.code, caught.value.reply_to)


def test_handles_of_the_file_name_the_parameters_of_its_events() -> None:
    """Record and text of one event say the same."""
    table = HandleTable(msgspec.convert(BINARY["handles"], tuple[ParameterHandle, ...]))
    rows = [row for row in BINARY["server"] if "event" in row]
    assert rows
    for row in rows:
        (record,) = decode_records(bytes.fromhex(row["hex"]), by_server=True)
        told = table.event_of(record)  # type: ignore[arg-type]
        assert (row["event"]["data"]["path"], row["event"]["data"]["value"]) == (
            told.path, told.value,
        )  # fmt: skip
