"""The modules that a remote script imports from Live: `Live`, `ableton.v2`, `_Framework`."""

import contextlib
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Protocol

from tests.doubles.fake_live import clips, tracks
from tests.doubles.fake_live.song import Application, Scene, Song


class Host(Protocol):
    """What the modules need of the host that runs."""

    song: Song
    application: Application
    messages: list[str]
    midi_map: dict[tuple[int, int], Any]
    timers: list["Timer"]

    def monotonic(self) -> float: ...
    def schedule(self, delay: int, callback: Callable[..., object], parameter: Any) -> None: ...


class Running:
    """The host of this process; Live is one program too."""

    host: ClassVar[Host]


class ControlSurface:
    """`ableton.v2.control_surface.ControlSurface`, as far as scripts use it here."""

    def __init__(self, c_instance: Any = None, *_: Any, **__: Any) -> None:
        self._c_instance = c_instance
        self._host = Running.host

    @property
    def song(self) -> Song:
        return self._host.song

    @property
    def application(self) -> Application:
        return self._host.application

    def schedule_message(
        self, delay_in_ticks: int, callback: Callable[..., object], parameter: Any = None
    ) -> None:
        self._host.schedule(delay_in_ticks, callback, parameter)

    def show_message(self, text: str) -> None:
        self._host.messages.append(text)

    def log_message(self, *text: Any) -> None:
        self._host.messages.append(" ".join(map(str, text)))

    def request_rebuild_midi_map(self) -> None:
        self._host.midi_map.clear()
        self.build_midi_map(self._host)

    def build_midi_map(self, handle: Any) -> None:
        pass

    @contextlib.contextmanager
    def component_guard(self) -> Iterator[None]:
        yield

    def disconnect(self) -> None:
        pass


class Component:
    """`ableton.v2.control_surface.component.Component`: the song by injection."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    @property
    def song(self) -> Song:
        return Running.host.song

    @property
    def application(self) -> Application:
        return Running.host.application


class Timer:
    """`Live.Base.Timer`: runs on Live's main thread, between ticks.

    Others measured about 10 ms as the smallest real interval, and that an exception escaping
    the callback stops the timer for good; both are imitated.
    """

    SMALLEST = 0.010

    def __init__(
        self,
        callback: Callable[[], object],
        interval: int,
        repeat: bool = False,
        start: bool = False,
    ) -> None:
        self._callback, self._repeat = callback, repeat
        self._interval = max(self.SMALLEST, interval / 1000.0)
        self._due: float | None = None
        if start:
            self.start()

    @property
    def running(self) -> bool:
        return self._due is not None

    def start(self) -> None:
        self._due = Running.host.monotonic() + self._interval
        if self not in Running.host.timers:
            Running.host.timers.append(self)

    def stop(self) -> None:
        self._due = None
        if self in Running.host.timers:
            Running.host.timers.remove(self)

    def run(self, now: float) -> None:
        """Called by the host between ticks."""
        if self._due is None or now < self._due:
            return
        again = self._repeat
        try:
            self._callback()
        except Exception:  # noqa: BLE001  (whatever a script raises, Live goes on)
            traceback.print_exc()
            again = False
        if not self.running:
            return
        if again:
            self._due = Running.host.monotonic() + self._interval
        else:
            self.stop()


class MapMode:
    absolute = 0


def install() -> None:
    """Put the modules into `sys.modules`."""
    _module("Live")
    _module("Live.Base", Timer=Timer)
    _module(
        "Live.Application",
        Application=Application,
        get_application=lambda: Running.host.application,
    )
    _module("Live.Song", Song=Song)
    _module("Live.Track", Track=tracks.Track)
    _module("Live.Scene", Scene=Scene)
    _module("Live.ClipSlot", ClipSlot=clips.ClipSlot)
    _module("Live.Clip", Clip=clips.Clip, MidiNoteSpecification=clips.MidiNoteSpecification)
    _module("Live.Device", Device=tracks.Device)
    _module("Live.DeviceParameter", DeviceParameter=tracks.DeviceParameter)
    _module("Live.MidiMap", MapMode=MapMode, map_midi_cc=_map_midi_cc)
    _module("ableton", __path__=[])
    _module("ableton.v2", __path__=[])
    _module("ableton.v2.control_surface", __path__=[], ControlSurface=ControlSurface)
    _module("ableton.v2.control_surface.component", Component=Component)
    _module("_Framework", __path__=[])
    _module("_Framework.EncoderElement", EncoderElement=type("EncoderElement", (), {}))
    _module("_Framework.ControlSurface", ControlSurface=ControlSurface)


def _module(name: str, **content: Any) -> None:
    module = types.ModuleType(name)
    module.__dict__.update(content)
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)


def _map_midi_cc(handle: Host, parameter: Any, channel: int, cc: int, mode: Any, *_: Any) -> None:
    handle.midi_map[channel, cc] = parameter
