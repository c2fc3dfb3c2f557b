"""What the first and last bytes of a recording declare."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.sound_head import HEAD_BYTES, TAIL_BYTES, SoundHead, read_head


def wav(*, channels: int, rate: int, data: int, claimed: int | None = None) -> bytes:
    """A 16-bit WAV header before `data` bytes of silence, after a chunk of odd length."""
    form = struct.pack("<HHIIHH", 1, channels, rate, 7, 2 * channels, 16)  # a wrong byte rate
    length = data if claimed is None else claimed
    return (
        b"RIFF" + struct.pack("<I", 36 + length) + b"WAVE" + b"LIST\x03\0\0\0abc\0"
        + b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", length) + bytes(data)
    )  # fmt: skip


def flac(*, channels: int, rate: int, frames: int) -> bytes:
    packed = rate << 44 | channels - 1 << 41 | 15 << 36 | frames
    return b"fLaC\0\0\0\x22" + bytes(10) + packed.to_bytes(8, "big") + bytes(16)


def aiff(*, channels: int, rate: int, frames: int, size: int) -> bytes:
    shift = 64 - rate.bit_length()
    extended = struct.pack(">HQ", 16383 + 63 - shift, rate << shift)
    common = struct.pack(">hIh", channels, frames, 16) + extended
    return b"FORM\0\0\0\0AIFFCOMM\0\0\0\x12" + common + bytes(size)


def ogg(*, channels: int, rate: int, frames: int) -> tuple[bytes, bytes]:
    first = b"OggS\0\x02" + bytes(20) + b"\x01\x1e" + b"\x01vorbis" + bytes(4)
    head = first + bytes([channels]) + rate.to_bytes(4, "little") + bytes(100)
    return head, bytes(50) + b"OggS\0\x04" + frames.to_bytes(8, "little") + bytes(13)


class TestDeclared:
    def test_wav(self) -> None:
        """Seconds go by the frames; a length beyond the file's end counts for nothing."""
        whole = wav(channels=2, rate=44100, data=176400)
        expected = SoundHead("wav", 2, 44100, 1.0)
        assert read_head(whole[:HEAD_BYTES], whole[-TAIL_BYTES:], len(whole)) == expected
        lying = wav(channels=2, rate=44100, data=176400, claimed=0x7FFFFFF0)
        found = read_head(lying[:HEAD_BYTES], b"", len(lying))
        assert found is not None
        assert found.seconds == pytest.approx(1.0)

    def test_flac(self) -> None:
        """An hour in eight channels."""
        head = flac(channels=8, rate=96000, frames=96000 * 3600)
        assert read_head(head, b"", 10**8) == SoundHead("flac", 8, 96000, 3600.0)

    def test_aiff(self) -> None:
        """The rate is an 80-bit number."""
        whole = aiff(channels=1, rate=48000, frames=24000, size=48000)
        assert read_head(whole, b"", len(whole)) == SoundHead("aiff", 1, 48000, 0.5)

    def test_ogg(self) -> None:
        """The last page tells how many frames there were."""
        head, tail = ogg(channels=9, rate=22050, frames=22050 * 60)
        assert read_head(head, tail, 10**6) == SoundHead("ogg", 9, 22050, 60.0)

    def test_mp3_declares_nothing(self) -> None:
        """Only decoding counts its frames."""
        assert read_head(b"ID3\x04\0\0\0\0\0\0" + bytes(99), b"", 10**6) == SoundHead("mp3")

    @pytest.mark.parametrize("head", [b"", b"RIFF", b"hello world, this is no music" * 9])
    def test_no_audio(self, head: bytes) -> None:
        """None, whatever the name says."""
        assert read_head(head, head, len(head)) is None


@given(
    st.sampled_from(
        [
            wav(channels=1, rate=8000, data=10),
            flac(channels=1, rate=8000, frames=9),
            aiff(channels=1, rate=8000, frames=9, size=0),
            *ogg(channels=1, rate=8000, frames=9),
        ]
    ),
    st.data(),
)
def test_bent_headers_never_raise(whole: bytes, data: st.DataObject) -> None:
    """Cut anywhere, with any byte changed: a head, or None; never less than no seconds."""
    cut = data.draw(st.integers(0, len(whole)))
    bent = bytearray(whole[:cut])
    for place in data.draw(st.lists(st.integers(0, max(0, cut - 1)), max_size=4)):
        if place < len(bent):
            bent[place] = data.draw(st.integers(0, 255))
    found = read_head(bytes(bent), whole, len(bent))
    assert found is None or found.seconds is None or found.seconds >= 0
