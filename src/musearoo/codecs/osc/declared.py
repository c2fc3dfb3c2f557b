"""The addresses of a session and of its devices, whatever engines there are."""

from dataclasses import replace
from typing import Any, Final, get_args

import msgspec

from musearoo.codecs.osc.addresses import Address, Values
from musearoo.codecs.osc.arguments import STYLE, Argument
from musearoo.codecs.osc.declaring import BARS, NEXT_BAR, PRESSED, command, setting
from musearoo.domain.commands import (
    Act,
    AdoptAnalysis,
    CancelGeneration,
    CommitTake,
    LearnControl,
    Lock,
    MapControl,
    Redo,
    Regenerate,
    SelectTake,
    SetClockSource,
    SetForm,
    SetTransport,
    Undo,
    Unlock,
    UnmapControl,
    parse_act,
)
from musearoo.domain.controls import CHANNELS, CONTROLLERS
from musearoo.domain.engine import MAXIMUM_BARS
from musearoo.domain.errors import InvalidValue
from musearoo.domain.events import ClockSource
from musearoo.domain.music.tempo_map import MAXIMUM_BPM, MINIMUM_BPM
from musearoo.domain.permissions import Permission

_PART: Final = Argument(name="part", kind="text", meaning="Name of a part, such as drums")
_TAKE: Final = Argument(name="take_id", kind="text", meaning="Id of a take, from `generated`")
_TEMPO: Final = Argument(
    name="bpm", kind="number", minimum=MINIMUM_BPM, maximum=MAXIMUM_BPM, unit="bpm",
    meaning="Quarter notes a minute",
)  # fmt: skip
_BAR: Final = Argument(
    name="bar", kind="integer", minimum=0, maximum=MAXIMUM_BARS, meaning="Bar from 1; 0 is a pickup"
)
_BEAT: Final = Argument(
    name="beat", kind="number", minimum=0, maximum=MAXIMUM_BARS, optional=True, default=0.0,
    meaning="Quarter notes into the bar, from 0",
)  # fmt: skip
_NAME: Final = Argument(name="name", kind="text", meaning="Name of a session command")
_ARGS: Final = Argument(name="args", kind="text", optional=True, meaning="Its args, a JSON object")
_PLAYING: Final = "/musearoo/transport/playing/echo"


def _transport(action: str, meaning: str, *arguments: Argument) -> Address:
    def build(values: Values) -> Act:
        fields: dict[str, Any] = {k: v for k, v in values.items() if k != "pressed"}
        return SetTransport(action=action, **fields)  # type: ignore[arg-type]

    return command(
        f"/musearoo/transport/{action}", "transport", build, arguments,
        family="transport", meaning=meaning, replies=(_PLAYING,),
    )  # fmt: skip


def _looped(values: Values) -> Act:
    return SetTransport(action="loop", loop_bars=values["bars"] or None, bar=values.get("bar"))


def _any_command(values: Values) -> Act:
    try:
        args = msgspec.json.decode(values.get("args") or "{}")
    except (msgspec.DecodeError, RecursionError):
        raise InvalidValue("args", values.get("args"), "a JSON object") from None
    return parse_act(values["name"], args)


SESSION: Final = (
    setting("session/tempo", _TEMPO, family="session", meaning="Set the tempo"),
    setting(
        "session/key", Argument(name="key", kind="text", meaning="Such as A minor"),
        family="session", meaning="Set the key",
    ),
    setting("session/style", STYLE, family="session", meaning="Set the style"),
    setting(
        "session/meter", Argument(name="meter", kind="text", meaning="Such as 6/8"),
        family="session", meaning="Set the meter",
    ),
    command(
        "/musearoo/session/bars", "set_form", lambda values: SetForm(bars=values["bars"]),
        (Argument(name="bars", kind="integer", minimum=1, maximum=MAXIMUM_BARS),),
        family="session", meaning="Set how many bars the music has; its sections are cleared",
    ),
    command(
        "/musearoo/session/clock_source", "set_clock_source",
        lambda values: SetClockSource(source=values["source"]),
        (Argument(name="source", kind="choice", choices=get_args(ClockSource)),),
        family="session", parameter="session/clock_source",
        echo="/musearoo/session/clock_source/echo",
    ),
    command(
        "/musearoo/analysis/adopt", "adopt_analysis",
        lambda values: AdoptAnalysis(analysis_id=values["analysis_id"]),
        (Argument(name="analysis_id", kind="text"),), family="session",
    ),
    command("/musearoo/undo", "undo", lambda _: Undo(), (PRESSED,), family="session"),
    command("/musearoo/redo", "redo", lambda _: Redo(), (PRESSED,), family="session"),
    Address(
        path="/musearoo/command", family="session", build=_any_command, takes_at=True,
        meaning="Any session command (commands.md), under the right that it needs",
        arguments=(_NAME, _ARGS),
    ),
    Address(
        path="/musearoo/request", family="session", build=_any_command, takes_at=True,
        meaning="The same, acknowledged; sent again with the same id it is done once",
        arguments=(
            Argument(name="id", kind="text", meaning="Your own, 1 to 128 characters"),
            _NAME, _ARGS,
        ),
        replies=("/musearoo/ack", "/musearoo/error"),
    ),
    Address(
        path="/musearoo/ack", family="session", sent=True,
        meaning="A request was carried out and is stored",
        arguments=(
            Argument(name="id", kind="text"),
            Argument(name="seq", kind="integer", meaning="Number of its event in the session"),
            Argument(name="answer", kind="text", meaning="The whole acknowledgement, JSON"),
        ),
    ),
)  # fmt: skip

TRANSPORT: Final = (
    _transport("play", "Play from where the transport stands", PRESSED),
    _transport("stop", "Stop", PRESSED),
    _transport("panic", "Stop, and silence every note", PRESSED),
    _transport("locate", "Go to a place", _BAR, _BEAT),
    command(
        "/musearoo/transport/loop", "transport", _looped,
        (
            Argument(name="bars", kind="integer", minimum=0, maximum=MAXIMUM_BARS,
                     meaning="Length of the loop; 0 ends it"),
            Argument(name="bar", kind="integer", minimum=1, maximum=MAXIMUM_BARS, optional=True,
                     meaning="Where it begins; else at bar 1"),
        ),
        family="transport", meaning="Repeat some bars",
    ),
    command(
        "/musearoo/transport/playing", "transport",
        lambda values: SetTransport(action="play" if values["playing"] else "stop"),
        (Argument(name="playing", kind="boolean"),),
        family="transport", meaning="Play (1) or stop (0)", echo=_PLAYING,
    ),
    Address(
        path="/musearoo/beat", family="transport", sent=True,
        meaning="A beat of the playing transport, at the moment it falls",
        arguments=(
            Argument(name="bar", kind="integer", meaning="From 1"),
            Argument(name="beat", kind="integer", meaning="Quarter notes into the bar, from 1"),
        ),
    ),
    Address(
        path="/musearoo/transport/position", family="transport", sent=True,
        meaning="Where the transport is, whenever it plays, stops or moves",
        arguments=(
            Argument(name="bar", kind="integer", meaning="From 1"),
            Argument(name="beat", kind="number", meaning="Quarter notes into the bar, from 0"),
        ),
    ),
)  # fmt: skip

TAKES: Final = (
    command(
        "/musearoo/take/select", "select_take",
        lambda values: SelectTake(part=values["part"], take_id=values["take_id"]),
        (_PART, _TAKE), family="take", default_at=NEXT_BAR,
    ),
    command(
        "/musearoo/take/commit", "commit_take",
        lambda values: CommitTake(part=values["part"], take_id=values["take_id"]),
        (_PART, _TAKE), family="take",
    ),
    command(
        "/musearoo/regenerate", "regenerate",
        lambda values: Regenerate(part=values["part"], bars=values["bars"]),
        (_PART, BARS), family="generate", default_at=NEXT_BAR,
    ),
    command(
        "/musearoo/cancel", "cancel_generation",
        lambda values: CancelGeneration(generation_id=values["generation_id"]),
        (Argument(name="generation_id", kind="text"),), family="generate",
    ),
    command(
        "/musearoo/lock", "lock",
        lambda values: Lock(part=values["part"], bars=values["bars"]),
        (_PART, BARS), family="take",
    ),
    command(
        "/musearoo/unlock", "unlock",
        lambda values: Unlock(part=values["part"], bars=values["bars"]),
        (_PART, BARS), family="take",
    ),
)  # fmt: skip

LIVE: Final = (
    replace(
        setting("session/tempo", _TEMPO, family="live", meaning="Set the tempo, from Live"),
        path="/live/song/tempo",
    ),
    Address(
        path="/live/song/time", family="live", permission=Permission.EDIT, command="transport",
        meaning="Where Live is; the transport goes there if it is more than half a beat off",
        arguments=(Argument(name="time", kind="number", minimum=0, maximum=4 * MAXIMUM_BARS,
                            meaning="Quarter notes from the start"),),
    ),
    Address(
        path="/live/clip/trigger", family="live", permission=Permission.EDIT,
        command="select_take", takes_at=True, default_at=NEXT_BAR,
        meaning="A clip was launched in Live: the part with that number plays that take",
        arguments=(
            Argument(name="track", kind="integer", minimum=0, maximum=999, meaning="From 0"),
            Argument(name="clip", kind="integer", minimum=0, maximum=9_998, meaning="From 0"),
        ),
    ),
)  # fmt: skip

_CHANNEL: Final = Argument(
    name="channel", kind="integer", minimum=1, maximum=CHANNELS, meaning="MIDI channel"
)
_CONTROLLER: Final = Argument(
    name="number", kind="integer", minimum=0, maximum=CONTROLLERS - 1, meaning="MIDI controller"
)
_PATH: Final = Argument(name="path", kind="text", meaning="A parameter, such as drums/complexity")
_LOW: Final = Argument(
    name="minimum", kind="number", optional=True, meaning="What its lowest position means"
)
_HIGH: Final = Argument(
    name="maximum", kind="number", optional=True, meaning="What its highest position means"
)
_REPLY_PORT: Final = Argument(
    name="reply_port", kind="integer", minimum=1, maximum=65_535, optional=True,
    meaning="Port at which you listen; else the one that you send from",
)  # fmt: skip

MIDI: Final = (
    Address(
        path="/musearoo/cc/{channel}/{number}", family="midi", permission=Permission.EDIT,
        command="set_parameter",
        meaning="Move a MIDI controller: it sets the parameter that it is mapped to",
        arguments=(Argument(name="value", kind="number", minimum=0, maximum=127,
                            meaning="0 to 1 as a float, 0 to 127 as an integer or above 1"),),
    ),
    command(
        "/musearoo/control/map", "map_control",
        lambda values: MapControl(**values), (_CHANNEL, _CONTROLLER, _PATH, _LOW, _HIGH),
        family="midi", replies=("/musearoo/control/mapped",),
    ),
    command(
        "/musearoo/control/unmap", "unmap_control",
        lambda values: UnmapControl(**values), (_CHANNEL, _CONTROLLER),
        family="midi", replies=("/musearoo/control/mapped",),
    ),
    command(
        "/musearoo/control/learn", "learn_control",
        lambda values: LearnControl(path=values["path"]), (_PATH,),
        family="midi", replies=("/musearoo/control/mapped",),
    ),
    Address(
        path="/musearoo/control/mapped", family="midi", sent=True,
        meaning="A MIDI controller sets this parameter from now on; an empty path means none",
        arguments=(_CHANNEL, _CONTROLLER, _PATH),
    ),
    Address(
        path="/musearoo/note/{channel}", family="midi", permission=Permission.EDIT,
        meaning="Play a note to everyone in the session, now; velocity 0 lets it go",
        arguments=(
            Argument(name="pitch", kind="integer", minimum=0, maximum=127),
            Argument(name="velocity", kind="integer", minimum=0, maximum=127),
        ),
    ),
    Address(
        path="/musearoo/note/{channel}", family="midi", sent=True,
        meaning="Somebody else in the session plays a note",
        arguments=(
            Argument(name="pitch", kind="integer", minimum=0, maximum=127),
            Argument(name="velocity", kind="integer", minimum=0, maximum=127),
        ),
    ),
)  # fmt: skip

DEVICES: Final = (
    Address(
        path="/musearoo/pair", family="device", replies=("/musearoo/pair",),
        meaning="Pair this device with a session; a wrong code gets no answer",
        arguments=(
            Argument(name="code", kind="text", meaning="From POST /api/v3/osc/pairings"),
            _REPLY_PORT,
        ),
    ),
    Address(
        path="/musearoo/pair", family="device", sent=True, meaning="This device is paired",
        arguments=(Argument(name="paired", kind="boolean"),),
    ),
    Address(path="/musearoo/unpair", family="device", meaning="End this device's pairing"),
    Address(
        path="/musearoo/hello", family="device", arguments=(_REPLY_PORT,),
        meaning="Say where you listen, and be told every value in force",
    ),
    Address(
        path="/musearoo/ping", family="device", replies=("/musearoo/pong",),
        meaning="Ask whether the session is here; keeps a pairing alive",
    ),
    Address(
        path="/musearoo/pong", family="device", sent=True, meaning="The session is here",
        arguments=(Argument(name="session_id", kind="text"),),
    ),
    Address(
        path="/musearoo/refresh", family="device", arguments=(PRESSED,),
        meaning="Be told every value in force",
    ),
    Address(
        path="/musearoo/error", family="device", sent=True,
        meaning="Something was refused or lost",
        arguments=(
            Argument(name="code", kind="text", meaning="One of the codes of osc.md"),
            Argument(name="text", kind="text", meaning="What is wrong and what would be right"),
            Argument(name="id", kind="text", optional=True, meaning="Of a refused request"),
        ),
    ),
)  # fmt: skip

FIXED: Final = (*SESSION, *TRANSPORT, *TAKES, *LIVE, *MIDI, *DEVICES)
