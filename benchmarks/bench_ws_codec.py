"""What the WebSocket codecs cost: python benchmarks/bench_ws_codec.py [--rounds N].

Microseconds and bytes for each message, beside the founding document's way (a pydantic model
and the standard library's json, encoded once for each receiver) in the same run. The best of
the rounds counts: what is slower was disturbed. Prints one JSON line.
"""

import argparse
import base64
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.machine import facts
from musearoo.codecs.ws import (
    AudioRecord,
    HandleTable,
    Header,
    NoteAction,
    NoteRecord,
    SharedEvent,
    acts_of,
    decode,
    decode_records,
    decode_server,
    encode_audio,
    encode_note,
    encode_parameter,
    restamp,
)
from musearoo.domain.events import ParameterSet, TakeBar
from tools.ws_samples import GENERATION, HANDLES, KICK, TAKE, sequenced

COUNT = 2_000
BATCH = 64
AUDIO = bytes(3_840)  # 20 ms of 48 kHz mono in 32 bits
TABLE = HandleTable(HANDLES)
CHANGE = (
    b'{"type":"parameter_change","session_id":"0199d3c0-1111-7000-8000-000000000001",'
    b'"user_id":"0199d3c0-2222-7000-8000-000000000002","timestamp":1762000000.25,'
    b'"data":{"path":"drums/complexity","value":0.7,"gesture":"drag-1"},"message_id":"c-1:17"}'
)


class Founding(BaseModel):
    """The envelope as the founding document has it."""

    type: str
    session_id: str
    user_id: str | None = None
    timestamp: float
    data: dict[str, Any]
    message_id: str | None = None


def microseconds(work: Callable[[], object], rounds: int) -> float:
    """The best of the rounds, per call."""
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter_ns()
        for _ in range(COUNT):
            work()
        best = min(best, time.perf_counter_ns() - began)
    return round(best / COUNT / 1_000, 3)


def text(rounds: int) -> dict[str, float | int]:
    change = sequenced(ParameterSet(path="drums/complexity", value=0.7, gesture="drag-1"), 45)
    told = SharedEvent(change).text
    message = decode(CHANGE)
    return {
        "bytes_in": len(CHANGE),
        "bytes_out": len(told),
        "decode_us": microseconds(lambda: decode(CHANGE), rounds),
        "act_us": microseconds(lambda: acts_of(message), rounds),
        "encode_us": microseconds(lambda: SharedEvent(change).text, rounds),
        "client_decode_us": microseconds(lambda: decode_server(told), rounds),
    }


def founding(rounds: int) -> dict[str, float | int]:
    message = Founding(**json.loads(CHANGE))
    audio = {"type": "audio_stream_data", "session_id": "s", "timestamp": 1.0}
    sound = json.dumps({**audio, "data": {"audio_data": base64.b64encode(AUDIO).decode()}})
    return {
        "bytes": len(json.dumps(message.model_dump())),
        "decode_us": microseconds(lambda: Founding(**json.loads(CHANGE)), rounds),
        "encode_us": microseconds(lambda: json.dumps(message.model_dump()), rounds),
        "audio_bytes": len(sound),
        "audio_decode_us": microseconds(
            lambda: base64.b64decode(json.loads(sound)["data"]["audio_data"]), rounds
        ),
    }


def binary(rounds: int) -> dict[str, float | int]:
    change = sequenced(ParameterSet(path="drums/complexity", value=0.7), 45)
    record = SharedEvent(change, 2).record(TABLE) or b""
    (parameter,) = decode_records(record, by_server=True)
    asked = record[:8] + bytes(12) + record[20:]
    batch, frame = asked * BATCH, bytearray(asked)
    note = NoteRecord(action=NoteAction.ON, pitch=60, velocity=90)
    sound = AudioRecord(header=Header(stream=1), codec="pcm_f32le", position=0, audio=AUDIO)
    played, heard = encode_note(note), encode_audio(sound)
    return {
        "parameter_bytes": len(record),
        "parameter_decode_us": microseconds(lambda: decode_records(asked), rounds),
        "parameter_in_batch_us": round(
            microseconds(lambda: decode_records(batch), max(1, rounds // 4)) / BATCH, 3
        ),
        "parameter_encode_us": microseconds(lambda: encode_parameter(parameter), rounds),  # type: ignore[arg-type]
        "event_encode_us": microseconds(lambda: SharedEvent(change, 2).record(TABLE), rounds),
        "restamp_us": microseconds(
            lambda: restamp(frame, 0, number=9, sender=2, time_us=1_762_000_000_000_000), rounds
        ),
        "note_bytes": len(played),
        "note_encode_us": microseconds(lambda: encode_note(note), rounds),
        "note_decode_us": microseconds(lambda: decode_records(played), rounds),
        "audio_bytes": len(heard),
        "audio_encode_us": microseconds(lambda: encode_audio(sound), rounds),
        "audio_decode_us": microseconds(lambda: decode_records(heard), rounds),
    }


def bar(rounds: int) -> dict[str, float | int]:
    event = TakeBar(generation_id=GENERATION, take_id=TAKE, part="drums", bar=1, notes=(KICK,) * 24)
    told = sequenced(event, 45)
    shared = SharedEvent(told)
    record = shared.record(TABLE) or b""
    return {
        "notes": len(event.notes),
        "text_bytes": len(shared.text),
        "record_bytes": len(record),
        "text_encode_us": microseconds(lambda: SharedEvent(told).text, rounds),
        "record_encode_us": microseconds(lambda: SharedEvent(told).record(TABLE), rounds),
        "text_decode_us": microseconds(lambda: decode_server(shared.text), rounds),
        "record_decode_us": microseconds(lambda: decode_records(record, by_server=True), rounds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    machine = facts()
    ours, theirs = text(rounds), founding(rounds)
    result = {
        "benchmark": "ws_codec",
        "machine": machine,
        "text": ours,
        "founding": theirs,
        "binary": binary(rounds),
        "bar": bar(rounds),
        "text_faster_than_founding": round(
            (theirs["decode_us"] + theirs["encode_us"]) / (ours["decode_us"] + ours["encode_us"]), 2
        ),
        # Encoded once for all against once for each of five.
        "for_five_receivers": round(
            (theirs["decode_us"] + 5 * theirs["encode_us"])
            / (ours["decode_us"] + ours["encode_us"]),
            2,
        ),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
