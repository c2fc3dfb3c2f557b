"""The way into Live through stock AbletonOSC: its only client, so that its answers are ours.

AbletonOSC answers to one fixed port, tells its listeners' news to whoever spoke last, looks at
its socket every 100 ms and acknowledges nothing. So we speak every second, ask for everything
every two, send each request with a question behind it, and repeat what was lost.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from musearoo.codecs.osc import Argument, Message
from musearoo.domain.errors import Conflict, Unavailable
from musearoo.live.asking import Asking
from musearoo.live.link import (
    Capabilities,
    Clip,
    Listener,
    Mirror,
    Place,
    PlayingReported,
    Presence,
    PresenceChanged,
    Report,
    Written,
    same,
)
from musearoo.live.reading import ASKED, Reading
from musearoo.live.wire import Address, Wire
from musearoo.live.writing import ClipWriter, answers
from musearoo.ports.ambient import Clock
from musearoo.ports.tasks import Spawn

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS: Final = 1.0
BUSY_AFTER: Final = 2
GONE_AFTER: Final = 10
LOOK_EVERY: Final = 2
"""Heartbeats between two looks at everything."""
WATCH_SECONDS: Final = 0.2
"""How often the clips of a track with a prepared slot are asked for."""
ARRIVING_SECONDS: Final = 0.15
_AT_A_TIME: Final = 40
_AROUND: Final = 1.0  # quarter notes that the song may have gone on meanwhile
_POSITION: Final = Message("/live/song/get/current_song_time")
# Not /live/test: AbletonOSC shows that in Live's status bar, every time.
_HEARTBEAT: Final = (Message("/live/song/get/is_playing", (ASKED,)), _POSITION)


class AbletonOscLink:
    """`LiveLink` over AbletonOSC. `tap` hears every message of Live, for the hub."""

    capabilities = Capabilities(name="AbletonOSC")

    def __init__(self, address: Address, *, clock: Clock, spawn: Spawn) -> None:
        self.tap: Callable[[Message], None] | None = None
        self.wire = Wire(address, self._heard)
        self._clock = clock
        self._spawn = spawn
        self._reading = Reading()
        self._asking = Asking(self.wire.send, clock)
        self._writer = ClipWriter(self._asking, self._reading, clock)
        self._presence: Presence = "gone"
        self._silent = 0  # heartbeats without a sound of Live
        self._arriving = False
        self._open = False
        self._watched: set[int] = set()
        self._listeners: list[Listener] = []

    @property
    def mirror(self) -> Mirror:
        return replace(self._reading.mirror, presence=self._presence)

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def open(self) -> None:
        await self.wire.open()
        self._open = True
        self._spawn(self._keep_beating(), name="live.heartbeat")
        self._spawn(self._keep_watching(), name="live.watch")

    async def close(self) -> None:
        self._open = False
        self.wire.close()

    # --- requests -----------------------------------------------------------------------------

    async def set_tempo(self, bpm: float) -> None:
        self._here()
        await self._asking.confirm(
            Message("/live/song/get/tempo"),
            acts=(Message("/live/song/set/tempo", (float(bpm),)),),
            accepts=lambda message: _number_is(message, bpm),
        )

    async def set_signature(self, numerator: int, denominator: int) -> None:
        self._here()
        values = {"signature_numerator": numerator, "signature_denominator": denominator}
        for name, value in values.items():
            await self._asking.confirm(
                Message(f"/live/song/get/{name}"),
                acts=(Message(f"/live/song/set/{name}", (value,)),),
                accepts=answers(value),
            )

    async def set_key(self, root: int, scale: str) -> None:
        self._here()
        if self._reading.mirror.scale is None:
            raise Unavailable("This version of AbletonOSC cannot tell or set the scale of a set.")
        values: dict[str, Argument] = {"root_note": root, "scale_name": scale}
        for name, value in values.items():
            await self._asking.confirm(
                Message(f"/live/song/get/{name}"),
                acts=(Message(f"/live/song/set/{name}", (value,)),),
                accepts=answers(value),
            )

    async def play(self, beat: float | None = None) -> None:
        self._here()
        place = () if beat is None else (_locating(beat),)
        await self._playing((*place, Message("/live/song/continue_playing")), playing=True)

    async def stop(self) -> None:
        self._here()
        await self._playing((Message("/live/song/stop_playing"),), playing=False)

    async def locate(self, beat: float) -> None:
        self._here()
        await self._asking.confirm(
            _POSITION,
            acts=(_locating(beat),),
            accepts=lambda message: abs(_number(message) - beat) <= _AROUND,
        )

    async def fire(self, place: Place) -> None:
        self._here()
        with self._looking_anew():
            await self._writer.still(place)
        at = (place.track, place.slot)
        states = ("is_triggered", "is_playing")
        await self._asking.confirm(
            *(Message(f"/live/clip_slot/get/{name}", (*at, ASKED)) for name in states),
            acts=(Message("/live/clip_slot/fire", at),),
            accepts=answers(*at, True),
            once=True,
        )

    async def create_midi_track(self, name: str) -> int:
        self._here()
        track = await self._added("num_tracks", "create_midi_track")
        await self._asking.confirm(
            Message("/live/track/get/name", (track,)),
            acts=(Message("/live/track/set/name", (track, name)),),
            accepts=answers(track, name),
        )
        return track

    async def create_scene(self) -> int:
        self._here()
        return await self._added("num_scenes", "create_scene")

    async def prepare_clip(self, place: Place, name: str, length: float) -> None:
        self._here()
        with self._looking_anew():
            await self._writer.prepare(place, name, length)
        self._watched.add(place.track)
        self._ask(self._reading.track(place.track))

    async def write_clip(self, place: Place, clip: Clip, *, over: str | None) -> Written:
        self._here()
        with self._looking_anew():
            written = await self._writer.write(place, clip, over)
        self._watched.discard(place.track)
        self._ask(self._reading.track(place.track))
        return written

    @contextlib.contextmanager
    def _looking_anew(self) -> Iterator[None]:
        """Where something else was found than we thought, everything is asked at once."""
        try:
            yield
        except Conflict:
            self._ask(self._reading.everything())
            raise

    def _here(self) -> None:
        if self._presence == "gone":
            raise Unavailable("Ableton Live is not there; start it, with AbletonOSC selected.")

    async def _playing(self, acts: tuple[Message, ...], *, playing: bool) -> None:
        await self._asking.confirm(
            Message("/live/song/get/is_playing"),
            _POSITION,
            acts=acts,
            accepts=lambda message: (
                message.address.endswith("is_playing") and bool(message.arguments[0]) == playing
            ),
            once=True,
        )

    async def _added(self, count: str, act: str) -> int:
        """Do what adds a track or scene at the end; answers its number."""
        question = Message(f"/live/song/get/{count}")
        answer = await self._asking.confirm(question, accepts=lambda _message: True)
        before = int(_number(answer))
        await self._asking.confirm(
            question,
            acts=(Message(f"/live/song/{act}", (-1,)),),
            accepts=lambda message: _number(message) > before,
            once=True,
        )
        self._ask((Message("/live/song/get/track_names"), Message("/live/song/get/scenes/name")))
        return before

    # --- presence -----------------------------------------------------------------------------

    async def _keep_beating(self) -> None:
        turn = 0
        while self._open:
            self._silent += 1
            if self._silent > GONE_AFTER:
                self._become("gone")
            elif self._silent > BUSY_AFTER and self._presence == "here":
                self._become("busy")
            self.wire.send(*_HEARTBEAT)
            turn += 1
            if turn % LOOK_EVERY == 0 and self._presence == "here":
                self._ask(self._reading.everything())
            await self._clock.sleep(HEARTBEAT_SECONDS)

    async def _keep_watching(self) -> None:
        while self._open:
            await self._clock.sleep(WATCH_SECONDS)
            for track in self._watched:
                self._ask((Message("/live/track/get/clips/name", (track,)),))

    def _become(self, presence: Presence) -> None:
        if presence == self._presence:
            return
        self._presence = presence
        if presence == "gone":
            self._reading.forget()
            self._watched.clear()
        log.info("live.presence", presence=presence, version=self._reading.mirror.version)
        self._tell(PresenceChanged(presence))

    async def _arrive(self) -> None:
        """Listen and ask until all is known; what was not answered is asked again."""
        try:
            self._ask(self._reading.listening())
            while self._open and self._silent <= GONE_AFTER:
                missing = self._reading.missing()
                if not missing:
                    break
                self._ask(missing)
                await self._clock.sleep(ARRIVING_SECONDS)
            else:
                return
            self._ask(self._reading.listening())
            self._ask(self._reading.everything())
            self._become("here")
        finally:
            self._arriving = False

    def _ask(self, messages: Sequence[Message]) -> None:
        """Send in bundles: an error in one ends only what is behind it."""
        for some in _some(messages):
            self.wire.send(*some)

    # --- hearing ------------------------------------------------------------------------------

    def _heard(self, message: Message) -> None:
        self._silent = 0
        if message.address == "/live/startup":
            self._become("gone")  # another Live, or another set
        if self._presence != "here" and not self._arriving:
            self._arriving = True
            self._spawn(self._arrive(), name="live.arrive")
        self._asking.hear(message)
        for report in self._reading.hear(message, self._clock.monotonic()):
            self._follow(report)
            if self._presence == "here":
                self._tell(report)
        if self._reading.renewed and self._presence == "here":
            self._reading.renewed = False
            self._ask(self._reading.missing())
            self._ask(self._reading.listening())
        if message.address == "/live/track/get/playing_slot_index":
            self._doubt(message)
        if self.tap is not None:
            self.tap(message)

    def _follow(self, report: Report) -> None:
        """What one report makes us ask."""
        if isinstance(report, PlayingReported) and report.playing:
            self.wire.send(_POSITION)

    def _doubt(self, message: Message) -> None:
        """A listener of a moved track speaks with its old number: ask."""
        values = message.arguments
        if self._reading.tainted and values and values[-1] != ASKED:
            self.wire.send(Message("/live/track/get/playing_slot_index", (values[0], ASKED)))

    def _tell(self, report: Report) -> None:
        for listener in tuple(self._listeners):
            listener(report)


def _some(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    for first in range(0, len(messages), _AT_A_TIME):
        yield messages[first : first + _AT_A_TIME]


def _locating(beat: float) -> Message:
    return Message("/live/song/set/current_song_time", (float(beat),))


def _number(message: Message) -> float:
    value = message.arguments[0]
    return float(value) if isinstance(value, int | float) else 0.0


def _number_is(message: Message, wanted: float) -> bool:
    return same(_number(message), wanted)
