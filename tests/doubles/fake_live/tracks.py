"""Tracks, their mixers, routings and devices."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from tests.doubles.fake_live.clips import ClipSlot
from tests.doubles.fake_live.listenable import Listenable, Vector

if TYPE_CHECKING:
    from tests.doubles.fake_live.song import Song


class DeviceParameter(Listenable):
    PROPS: ClassVar[dict[str, Any]] = {
        "name": "",
        "value": 0.0,
        "min": 0.0,
        "max": 1.0,
        "is_quantized": False,
        "is_enabled": True,
        "automation_state": 0,
    }
    READ_ONLY: ClassVar[frozenset[str]] = frozenset({"name", "min", "max", "is_quantized"})

    def __init__(
        self,
        name: str,
        value: float = 0.0,
        low: float = 0.0,
        high: float = 1.0,
        quantized: bool = False,
    ) -> None:
        super().__init__()
        self._values.update(
            name=name, value=float(value), min=float(low), max=float(high), is_quantized=quantized
        )

    def _coerce(self, name: str, value: Any) -> Any:
        value = super()._coerce(name, value)
        if name == "value" and not self._values["min"] <= value <= self._values["max"]:
            raise RuntimeError("Invalid value. Check the parameters range with min/max")
        return value

    def str_for_value(self, value: float) -> str:
        return f"{value:.2f}"


class Device(Listenable):
    PROPS: ClassVar[dict[str, Any]] = {
        "name": "Device",
        "class_name": "Device",
        "class_display_name": "Device",
        "type": 1,
        "is_active": True,
        "can_have_chains": False,
        "parameters": Vector(),
    }
    READ_ONLY: ClassVar[frozenset[str]] = frozenset(
        {"class_name", "type", "parameters", "is_active", "can_have_chains"}
    )

    def __init__(
        self, name: str, class_name: str, kind: int, parameters: Iterable[DeviceParameter] = ()
    ) -> None:
        super().__init__()
        on = DeviceParameter("Device On", 1.0, 0.0, 1.0, True)
        self._values.update(
            name=name,
            class_name=class_name,
            class_display_name=class_name,
            type=kind,
            parameters=Vector((on, *parameters)),
        )


class _MixerDevice:
    def __init__(self, sends: int) -> None:
        self.volume = DeviceParameter("Track Volume", 0.85)
        self.panning = DeviceParameter("Track Panning", 0.0, -1.0, 1.0)
        self.sends = Vector(DeviceParameter(f"Send {chr(65 + i)}") for i in range(sends))


class _Routing:
    def __init__(self, name: str) -> None:
        self.display_name = name


class TrackView(Listenable):
    PROPS: ClassVar[dict[str, Any]] = {"selected_device": None, "is_collapsed": False}


class Track(Listenable):
    PROPS: ClassVar[dict[str, Any]] = {
        "name": "",
        "color": 0x00FF3636,
        "color_index": 0,
        "mute": False,
        "solo": False,
        "arm": False,
        "can_be_armed": True,
        "has_midi_input": True,
        "has_midi_output": False,
        "has_audio_input": False,
        "has_audio_output": True,
        "is_foldable": False,
        "is_grouped": False,
        "is_visible": True,
        "group_track": None,
        "current_monitoring_state": 1,
        "playing_slot_index": -1,
        "fired_slot_index": -1,
        "output_meter_level": 0.0,
        "output_meter_left": 0.0,
        "output_meter_right": 0.0,
        "devices": Vector(),
        "clip_slots": Vector(),
        "arrangement_clips": Vector(),
        "fold_state": 0,
    }
    READ_ONLY: ClassVar[frozenset[str]] = frozenset(
        {
            "can_be_armed",
            "has_midi_input",
            "has_midi_output",
            "has_audio_input",
            "has_audio_output",
            "is_foldable",
            "is_grouped",
            "playing_slot_index",
            "fired_slot_index",
            "devices",
            "clip_slots",
            "arrangement_clips",
        }
    )
    UNOBSERVABLE: ClassVar[tuple[str, ...]] = (
        "can_be_armed",
        "is_foldable",
        "is_visible",
        "has_midi_output",
        "fold_state",
    )

    def __init__(self, song: "Song", name: str, midi: bool, scenes: int, sends: int) -> None:
        super().__init__()
        self._song = song
        self._values.update(name=name, has_midi_input=midi, has_audio_input=not midi)
        self._values["clip_slots"] = Vector(ClipSlot(self) for _ in range(scenes))
        self.mixer_device = _MixerDevice(sends)
        self.view = TrackView()
        kinds = (
            [_Routing("All Ins"), _Routing("No Input")]
            if midi
            else [_Routing("Ext. In"), _Routing("No Input")]
        )
        outs = [_Routing("Master"), _Routing("Ext. Out"), _Routing("Sends Only")]
        chans = [_Routing("1"), _Routing("2"), _Routing("1/2")]
        self.available_input_routing_types = kinds
        self.available_output_routing_types = outs
        self.available_input_routing_channels = chans
        self.available_output_routing_channels = chans
        self.input_routing_type, self.output_routing_type = kinds[0], outs[0]
        self.input_routing_channel, self.output_routing_channel = chans[0], chans[2]

    def __getattr__(self, name: str) -> Any:
        if name == "fold_state" and not self._values["is_foldable"]:
            raise RuntimeError("Only available for group tracks")
        return super().__getattr__(name)

    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, name)

    def stop_all_clips(self, *_: Any) -> None:
        for slot in self._values["clip_slots"]:
            self._stop_slot(slot)

    def _stop_slot(self, slot: ClipSlot) -> None:
        clip = slot.clip
        slot._put("is_playing", False)
        slot._put("is_triggered", False)
        if clip is not None:
            clip._put("is_playing", False)
            clip._put("is_triggered", False)
            clip._put("is_recording", False)
        self._put("fired_slot_index", -1)
        playing = self._values["playing_slot_index"]
        if playing >= 0 and self._values["clip_slots"][playing] is slot:
            self._put("playing_slot_index", -1)

    def delete_device(self, index: int) -> None:
        devs = list(self._values["devices"])
        del devs[index]
        self._put("devices", tuple(devs))

    def _insert_device(self, device: Device) -> None:
        self._put("devices", (*self._values["devices"], device))
