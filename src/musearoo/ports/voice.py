"""Words and live sound on their way in: what was said, what it asks for, how it is being played."""

from typing import Literal, Protocol

import msgspec

from musearoo.domain.commands import Act, At
from musearoo.domain.engine import EngineDescription
from musearoo.domain.session.state import SessionState

SpokenCodec = Literal["wav", "flac", "opus", "pcm_s16le", "pcm_f32le"]


class Bearings(msgspec.Struct, frozen=True, kw_only=True):
    """What words are understood against.

    `now` is server UNIX seconds. `focus` are the parts that this person spoke of last;
    `spoken` tells that the words were recognised from sound and may be misheard.
    """

    state: SessionState
    engines: tuple[EngineDescription, ...]
    now: float = 0.0
    focus: tuple[str, ...] = ()
    spoken: bool = False


class TakeStep(msgspec.Struct, frozen=True, kw_only=True):
    """Another take of a part: `steps` newer (below 0: older) than the selected one.

    `number` counts the takes from 1, the oldest; -1 is the newest. `keep` commits the take.
    """

    part: str
    steps: int = 0
    number: int | None = None
    keep: bool = False


class CancelRunning(msgspec.Struct, frozen=True, kw_only=True):
    """Stop the generations of these parts (all without parts) that are being played."""

    parts: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do, when, and `told` in words as a person would check it."""

    do: Act | TakeStep | CancelRunning
    told: str
    at: At | None = None


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """What was made of a sentence.

    `words` were understood, as the grammar reads them ("drumz" as "drums"); `unknown` were
    not. `confidence` is 0-1: the share of meaning words that were understood, less for those
    that had to be corrected. `question` is asked before anything is done, when it is set.
    """

    steps: tuple[Step, ...] = ()
    words: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    confidence: float = 0.0
    question: str | None = None
    parts: tuple[str, ...] = ()
    reply: Literal["yes", "no"] | None = None

    @property
    def needs_confirmation(self) -> bool:
        """Whether to ask first."""
        return self.question is not None


class Understanding(Protocol):
    """Turns words into acts. Pure, and quick enough for the event loop once prepared."""

    def prepare(self, engines: tuple[EngineDescription, ...]) -> None:
        """Make ready for these engines: takes some 50 ms, so call it in a thread."""
        ...

    def understand(self, text: str, bearings: Bearings) -> Understood:
        """Read a sentence of at most a few hundred characters; never raises."""
        ...


class Speech(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded command. `rate` (hertz) and mono are meant by the pcm codecs only."""

    audio: bytes
    codec: SpokenCodec = "wav"
    rate: int = 16_000


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """The words that were recognised ("" for none), and how long it took in seconds."""

    text: str
    seconds: float


class Recogniser(Protocol):
    """Speech to words, outside the event loop."""

    def is_installed(self) -> bool:
        """Whether anything can be recognised here."""
        ...

    async def transcribe(self, speech: Speech) -> Transcript:
        """Recognise a command.

        Raises `Unavailable` where no recogniser is installed or it does not answer,
        `UnsupportedAudio` and `PayloadTooLarge` for what cannot be read.
        """
        ...


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody plays now, heard causally.

    `seconds` is the stream time that it describes. `tempo` (quarter notes a minute) is None
    until one is found, `phase` 0-1 is the place inside the beat, `confidence` 0-1 of both.
    `energy` 0-1 is loudness against this stream's own range, `density` onsets a second.
    """

    seconds: float
    tempo: float | None = None
    phase: float = 0.0
    confidence: float = 0.0
    energy: float = 0.0
    density: float = 0.0


class Ear(Protocol):
    """Follows one stream; bounded in memory, quick enough for the event loop."""

    def hear(self, sound: bytes) -> Pulse | None:
        """Take PCM of the stream's own form; answers the newest pulse, if one is due."""
        ...

    def expect(self, near: float | None) -> None:
        """From now on it is probably played at this tempo; None: nobody knows."""
        ...

    def accents(self) -> tuple[int, ...]:
        """How strongly each quarter of a beat is played, 0-1000, the beat first.

        Empty until a tempo is known.
        """
        ...


class Ears(Protocol):
    """Makes a follower for each stream."""

    async def __call__(self, codec: str, rate: int, channels: int, near: float | None) -> Ear:
        """An ear for PCM of this form; `near` is the tempo that it is probably played at."""
        ...
