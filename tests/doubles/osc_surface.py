"""A remote script with the few AbletonOSC addresses that the bridge uses, for the fake Live.

It is a double: it keeps AbletonOSC's ports, its 100 ms tick, its missing acknowledgements, its
answers to the last sender, and that an error ends the reading of a tick. The same tests run over
AbletonOSC's genuine code where MUSEAROO_ABLETONOSC names a checkout.
"""

import socket
from collections.abc import Callable
from typing import Any

from musearoo.codecs.osc import Argument, Bundle, Message, Packet, decode, encode
from tests.doubles.fake_live.clips import MidiNoteSpecification
from tests.doubles.fake_live.surface import ControlSurface

Arguments = tuple[Any, ...]


class _Server:
    """The socket and who spoke last."""

    def __init__(self, listen: int, reply: int) -> None:
        self._socket: Any = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("0.0.0.0", listen))
        self._reply = reply
        self.latest = "127.0.0.1"

    def send(self, address: str, *arguments: Argument) -> None:
        data = encode(Message(address, arguments))
        self._socket.sendto(data, (self.latest, self._reply))

    def received(self) -> Packet | None:
        try:
            data, sender = self._socket.recvfrom(65_536)
        except BlockingIOError:
            return None
        self.latest = sender[0]
        return decode(data)

    def close(self) -> None:
        self._socket.close()


class OscSurface(ControlSurface):
    """`create_instance` of the double; the ports are AbletonOSC's 11000 and 11001 in real life."""

    def __init__(self, c_instance: Any, listen: int, reply: int) -> None:
        super().__init__(c_instance)
        self.osc_server = _Server(listen, reply)
        self._listeners: dict[tuple[str, Arguments], tuple[Any, str, Callable[[], None]]] = {}
        self._last_beat = -1.0
        self.osc_server.send("/live/startup")
        self.schedule_message(1, self._tick)

    def disconnect(self) -> None:
        self.osc_server.close()

    def _tick(self) -> None:
        try:
            while (packet := self.osc_server.received()) is not None:
                self._perform(packet)
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            self.osc_server.send("/live/error", f"Error handling OSC message: {error}")
        finally:
            self.schedule_message(1, self._tick)

    def _perform(self, packet: Packet) -> None:
        if isinstance(packet, Bundle):
            for element in packet.elements:
                self._perform(element)
            return
        answer = self._answer(packet.address, packet.arguments)
        if answer is not None:
            self.osc_server.send(packet.address, *answer)

    def _answer(self, address: str, values: Arguments) -> Arguments | None:
        _, _, kind, *rest = address.split("/")
        match kind, *rest:
            case "test", *_:
                return ("ok",)
            case "application", "get", "version":
                return (12, 2)
            case "song", *_:
                return self._song_does("/".join(rest), values)
            case "track", *_:
                track = self.song.tracks[int(values[0])]
                return self._of(track, "track", rest, values[:1], values[1:])
            case "clip_slot", *_:
                slot = self.song.tracks[int(values[0])].clip_slots[int(values[1])]
                return self._of(slot, "clip_slot", rest, values[:2], values[2:])
            case "clip", *_:
                clip = self.song.tracks[int(values[0])].clip_slots[int(values[1])].clip
                return self._of(clip, "clip", rest, values[:2], values[2:])
        self.osc_server.send("/live/error", f"Unknown OSC address: {address}")
        return None

    def _song_does(self, what: str, values: Arguments) -> Arguments | None:
        match what:
            case "get/track_names":
                return tuple(track.name for track in self.song.tracks)
            case "get/scenes/name":
                return tuple(scene.name for scene in self.song.scenes)
            case "get/num_tracks":
                return (len(self.song.tracks),)
            case "get/num_scenes":
                return (len(self.song.scenes),)
            case "start_listen/beat":
                self._listen_to_beats()
                return None
        return self._of(self.song, "song", what.split("/"), (), values)

    def _of(
        self, thing: Any, kind: str, does: list[str], at: Arguments, values: Arguments
    ) -> Arguments | None:
        match does:
            case ["get", "notes"]:
                return (*at, *_notes(thing, values))
            case ["add", "notes"]:
                thing.add_new_notes(_specified(values))
            case ["remove", "notes"]:
                thing.remove_notes_extended(*values)
            case ["get", "clips", "name"]:
                clips = (slot.clip for slot in thing.clip_slots)
                return (*at, *(None if clip is None else clip.name for clip in clips))
            case ["get", name]:
                return (*at, getattr(thing, name), *values)
            case ["set", name]:
                setattr(thing, name, values[0])
            case ["start_listen", name]:
                self._listen(thing, kind, name, at)
            case ["stop_listen", name]:
                self._unlisten(kind, name, at)
            case [method]:
                getattr(thing, method)(*values)
        return None

    def _listen(self, thing: Any, kind: str, name: str, at: Arguments) -> None:
        def told() -> None:
            self.osc_server.send(f"/live/{kind}/get/{name}", *at, getattr(thing, name))

        self._unlisten(kind, name, at, thing)
        getattr(thing, f"add_{name}_listener")(told)
        self._listeners[f"{kind}/{name}", at] = (thing, name, told)
        told()

    def _unlisten(self, kind: str, name: str, at: Arguments, thing: Any = None) -> None:
        """As in AbletonOSC, a listener whose track has moved cannot be taken away."""
        known = self._listeners.pop((f"{kind}/{name}", at), None)
        if known is not None and (thing is None or thing is known[0]):
            getattr(known[0], f"remove_{known[1]}_listener")(known[2])

    def _listen_to_beats(self) -> None:
        if not self.song.current_song_time_has_listener(self._beat):
            self.song.add_current_song_time_listener(self._beat)

    def _beat(self) -> None:
        beat = self.song.current_song_time
        if beat < self._last_beat or int(beat) > int(self._last_beat):
            self.osc_server.send("/live/song/get/beat", int(beat))
        self._last_beat = beat


def osc_surface(*, listen: int, reply: int) -> Callable[[Any], OscSurface]:
    """The double's `create_instance`."""
    return lambda c_instance: OscSurface(c_instance, listen, reply)


def _specified(values: Arguments) -> list[MidiNoteSpecification]:
    fives = [values[index : index + 5] for index in range(0, len(values), 5)]
    return [MidiNoteSpecification(pitch, *rest) for pitch, *rest in fives]


def _notes(clip: Any, values: Arguments) -> Arguments:
    notes = clip.get_notes_extended(*(values or (0, 127, -8192, 16384)))
    return tuple(
        value
        for note in notes
        for value in (note.pitch, note.start_time, note.duration, note.velocity, note.mute)
    )
