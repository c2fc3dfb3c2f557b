"""Types of the fields of messages, with their ranges (musical places in ticks are elsewhere)."""

from typing import Annotated, Literal

from msgspec import Meta

LARGEST_NUMBER = 2**53  # what JSON numbers carry exactly

MessageId = Annotated[str, Meta(min_length=1, max_length=128)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Secret = Annotated[str, Meta(min_length=1, max_length=2048)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Path = Annotated[str, Meta(min_length=3, max_length=121, examples=["drums/complexity"])]
Seq = Annotated[int, Meta(ge=0, le=LARGEST_NUMBER)]
Seconds = Annotated[float, Meta(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
Moment = Annotated[
    str,
    Meta(
        pattern=r"^(now|next_beat|next_bar|bar [0-9]{1,5})$",
        max_length=9,
        examples=["next_bar", "bar 5"],
    ),
]
Value = (
    bool
    | Annotated[int, Meta(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
    | Annotated[float, Meta(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
    | Annotated[str, Meta(max_length=200)]
)
Values = Annotated[dict[Name, Value], Meta(max_length=64)]
PathValues = Annotated[dict[Path, Value], Meta(min_length=1, max_length=64)]
Beat = Annotated[float, Meta(ge=0, le=1024)]
BarNumber = Annotated[int, Meta(ge=0, le=65_535)]
Pitch = Annotated[int, Meta(ge=0, le=127)]
StreamNumber = Annotated[int, Meta(ge=1, le=65_535)]
Handle = Annotated[int, Meta(ge=0, le=65_535)]
AudioCodec = Literal["pcm_s16le", "pcm_f32le", "opus", "flac"]
SampleRate = Annotated[int, Meta(ge=8_000, le=192_000)]
Channels = Annotated[int, Meta(ge=1, le=8)]
PresenceStatus = Literal["active", "idle", "away"]
