"""The script's socket: whole frames out of pieces, bounded in both directions, never waiting."""

import contextlib
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from musearoo.live.remote_script.MuseAroo.wire import MAX_FRAME, MAX_WAITING, Lost, Wire

SECONDS = 30.0


@pytest.fixture
def ends() -> Iterator[tuple[Wire, socket.socket]]:
    """A wire and the server's end of it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        wire = Wire("127.0.0.1", server.getsockname()[1])
        other, _ = server.accept()
        with other:
            until(wire, lambda: wire.connected)
            yield wire, other
            wire.close()


def until(wire: Wire, holds) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end
        wire.poll()


def frame(packet: bytes) -> bytes:
    return struct.pack(">I", len(packet)) + packet


def test_frames_come_whole_out_of_single_bytes(ends):
    """Frames are handed on one by one however the bytes arrive."""
    wire, other = ends
    packets = [b"abcd", b"e" * 4096, b"fghijklm"]
    for at, octet in enumerate(b"".join(map(frame, packets))):
        other.send(bytes([octet]))
        if at % 7 == 0:
            wire.poll()
    until(wire, lambda: len(wire.inbox) == 3)
    assert list(wire.inbox) == packets


@pytest.mark.parametrize("size", [0, 3, MAX_FRAME + 4, 0xFFFFFFFF])
def test_a_length_that_cannot_be_ends_the_connection(ends, size: int):
    """No frame is empty, odd, or beyond the limit; nothing is held for one that says so."""
    wire, other = ends
    other.send(struct.pack(">I", size))
    with pytest.raises(Lost, match="frame of"):
        until(wire, lambda: False)


def test_what_came_before_the_end_is_still_read(ends):
    """A last word of a server that closes is heard before the loss is."""
    wire, other = ends
    other.send(frame(b"busy"))
    other.close()
    until(wire, lambda: wire.inbox)
    wire.poll()
    assert wire.inbox.popleft() == b"busy"
    with pytest.raises(Lost, match="closed"):
        until(wire, lambda: False)


def test_a_server_that_does_not_read_is_left(ends):
    """What waits for it stays within a bound, and sending does not wait for it."""
    wire, _ = ends

    def say() -> bool:
        wire.send(b"x" * MAX_FRAME)
        wire.flush()
        return wire.waiting > MAX_WAITING

    with pytest.raises(Lost, match="does not read"):
        until(wire, say)
    assert MAX_WAITING - MAX_FRAME <= wire.waiting <= MAX_WAITING


def test_a_flood_is_left_in_the_socket(ends):
    """Of ten thousand small frames only some are taken at once; all come in the end, in order."""
    wire, other = ends
    other.setblocking(False)
    flood = b"".join(frame(struct.pack(">I", number)) for number in range(10_000))
    sent = other.send(flood)
    most = 0
    seen: list[int] = []
    end = time.monotonic() + SECONDS
    while len(seen) < 10_000:
        assert time.monotonic() < end
        if sent < len(flood):
            with contextlib.suppress(BlockingIOError):
                sent += other.send(flood[sent:])
        wire.poll()
        most = max(most, len(wire.inbox))
        while wire.inbox:
            seen.append(struct.unpack(">I", wire.inbox.popleft())[0])
    assert seen == list(range(10_000))
    assert most <= 256 + MAX_FRAME // 8


def test_nobody_there_is_a_loss():
    """A port where nobody listens is told without waiting."""

    def knock(port: int) -> None:
        with contextlib.closing(Wire("127.0.0.1", port)) as wire:
            until(wire, lambda: wire.connected)

    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(Lost):
            knock(deaf.getsockname()[1])
