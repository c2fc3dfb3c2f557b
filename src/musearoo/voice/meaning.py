"""Slots to steps: what a clause asks of the session as it is."""

from collections.abc import Iterator
from typing import Final

from musearoo.domain.commands import (
    Act,
    At,
    Generate,
    Lock,
    Redo,
    Regenerate,
    SetForm,
    SetParameter,
    SetTransport,
    Undo,
    Unlock,
)
from musearoo.domain.engine import MAXIMUM_BARS, ParameterValue
from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.pitch import spell
from musearoo.domain.music.tempo_map import MAXIMUM_BPM, MINIMUM_BPM
from musearoo.ports.voice import CancelRunning, Step, TakeStep
from musearoo.voice.places import Places, changed
from musearoo.voice.slots import Frame

MAXIMUM_UNDO: Final = 20
_PLAYS: Final = ("generate", "make", "play", None)


def steps_of(frame: Frame, places: Places) -> Iterator[Step]:
    """What to do, settings first, so that what is played then already follows them."""
    when = At.parse(frame.when) if frame.when else None
    settings = [*_tempo(frame, places), *_key(frame, places), *_meter(frame), *_form(frame)]
    for told, act in settings:
        yield Step(do=act, told=told, at=when)
    for told, do in _deed(frame, places, bool(settings)):
        yield Step(do=do, told=told, at=when)


def generates(frame: Frame, places: Places) -> bool:
    """Whether the clause asks for a new take."""
    if frame.verb == "regenerate":
        return not (places.bars(frame) or frame.voices) and not frame.again
    if frame.verb not in _PLAYS or frame.take is not None or frame.bars:
        return False
    sounds = bool(frame.parts or frame.everything or frame.groove)
    if frame.verb == "generate":
        return sounds or bool(frame.style or frame.new or frame.count)
    if frame.verb == "play":
        return sounds or bool(frame.style)
    if frame.verb == "make":
        return sounds and frame.new and not _is_comparison(frame)
    return sounds and bool(frame.style or frame.new or frame.count)


def _is_comparison(frame: Frame) -> bool:
    return bool(frame.changes) and not (frame.style or frame.count)


Told = Iterator[tuple[str, Act]]
Deed = Act | TakeStep | CancelRunning


def _tempo(frame: Frame, places: Places) -> Told:
    state = places.state
    present = state.tempo_map.bpm_at(state.tick_at(places.bearings.now))
    wanted = frame.tempo
    if frame.tempo_delta is not None:
        wanted = present + frame.tempo_delta
    elif frame.tempo_factor is not None:
        wanted = float(round(present * frame.tempo_factor))
    elif frame.double is not None and not (frame.feel or frame.parts):
        wanted = present * frame.double
    if wanted is not None:
        bpm = min(max(wanted, MINIMUM_BPM), MAXIMUM_BPM)
        yield f"tempo {bpm:g}", SetParameter(path="session/tempo", value=bpm)


def _key(frame: Frame, places: Places) -> Told:
    key = places.state.key
    if frame.semitones is not None:
        key = Key((key.tonic + frame.semitones) % 12, key.mode)
    elif frame.note is not None or frame.mode is not None:
        tonic = key.tonic if frame.note is None else frame.note
        mode = frame.mode or ("major" if frame.note is not None else key.mode)
        key = Key.parse(f"{spell(tonic, flats=False)} {mode}")
    else:
        return
    yield f"key {key.name}", SetParameter(path="session/key", value=key.name)


def _meter(frame: Frame) -> Told:
    if frame.meter is None:
        return
    try:
        meter = Meter.parse(frame.meter)
    except InvalidValue:
        frame.leftover.append(frame.meter)
    else:
        yield f"meter {meter.name}", SetParameter(path="session/meter", value=meter.name)


def _form(frame: Frame) -> Told:
    if frame.form and frame.count and not frame.edge and frame.verb in ("make", "set", None):
        bars = min(max(frame.count, 1), MAXIMUM_BARS)
        yield f"{bars} bars", SetForm(bars=bars)


def _deed(frame: Frame, places: Places, settings: bool) -> Iterator[tuple[str, Deed]]:
    if frame.take is not None and frame.verb not in ("generate", "regenerate", "undo", "redo"):
        yield from _take(frame, places)
    elif frame.verb in ("undo", "redo") and not (frame.parts or frame.bars or frame.voices):
        act: Act = Undo() if frame.verb == "undo" else Redo()
        for _ in range(min(frame.times, MAXIMUM_UNDO)):
            yield frame.verb, act
    elif frame.verb == "cancel":
        yield "stop generating", CancelRunning(parts=places.named(frame))
    elif frame.verb in ("lock", "unlock"):
        yield from _locks(frame, places)
    elif generates(frame, places):
        yield from _generate(frame, places)
    elif frame.verb in ("regenerate", "redo") or (frame.again and frame.bars):
        yield from _regenerate(frame, places)
    else:
        yield from _settings(frame, places)
        yield from _transport(frame, places, settings)


def _take(frame: Frame, places: Places) -> Iterator[tuple[str, TakeStep]]:
    wish = frame.take
    assert wish is not None  # noqa: S101
    keep = frame.verb == "lock"
    parts = places.meant(frame)
    for part in parts if places.named(frame) or len(parts) == 1 or keep else places.playing():
        which = f"take {wish.number}" if wish.number is not None else f"take {wish.steps:+d}"
        which = "newest take" if wish.number == -1 else which
        told = f"{part}: {'keep this take' if keep else which}"
        yield told, TakeStep(part=part, steps=wish.steps, number=wish.number, keep=keep)


def _locks(frame: Frame, places: Places) -> Told:
    kind = Lock if frame.verb == "lock" else Unlock
    bars = places.bars(frame)
    for part in places.meant(frame):
        voices = _voices(frame, part)
        told = f"{frame.verb} {part}{_bars_told(bars)}{' ' + ', '.join(voices) if voices else ''}"
        yield told, kind(part=part, bars=bars, voices=voices)


def _generate(frame: Frame, places: Places) -> Told:
    parts = places.named(frame)
    if not parts:
        parts = ("drums",) if frame.groove else (places.meant(frame) if frame.verb else ())
    for part in parts:
        engine = places.engine_of(part)
        if engine is None:
            continue
        parameters = _parameters(frame, places, part)
        told = ", ".join(f"{name} {value}" for name, value in parameters.items())
        act = Generate(
            engine=engine.name,
            part=None if part == engine.default_part else part,
            parameters=parameters,
            bars=min(max(frame.count, 1), MAXIMUM_BARS) if frame.count else None,
        )
        length = f" for {frame.count} bars" if frame.count else ""
        yield f"play {part}{length}" + (f" ({told})" if told else ""), act


def _regenerate(frame: Frame, places: Places) -> Told:
    bars = places.bars(frame)
    for part in places.meant(frame):
        if part not in places.playing():
            continue
        act = Regenerate(
            part=part,
            bars=bars,
            voices=_voices(frame, part),
            parameters=_parameters(frame, places, part),
        )
        yield f"play {part}{_bars_told(bars)} again", act


def _parameters(frame: Frame, places: Places, part: str) -> dict[str, ParameterValue]:
    """The parameters of one request: those of the project stay as they are."""
    found: dict[str, ParameterValue] = {}
    if frame.style is not None and places.spec(part, "style") is not None:
        found["style"] = frame.style
    for change in frame.changes:
        spec = places.spec(part, change.name)
        if spec is None:
            continue
        value = changed(spec, places.present(part, spec), change)
        if value is not None:
            found[spec.name] = value
    found.update(_choices(frame, places, part))
    return found


def _settings(frame: Frame, places: Places) -> Told:
    """Changes of the project's own parameters, and of its style."""
    meant = places.meant(frame)
    named = bool(places.named(frame))
    for change in frame.changes:
        for part in places.having(meant, change.name):
            spec = places.spec(part, change.name)
            assert spec is not None  # noqa: S101
            value = changed(spec, places.present(part, spec), change)
            if value is not None:
                yield _set(part, spec.name, value)
    for part in places.every() if not named else meant:
        for name, value in _choices(frame, places, part).items():
            yield _set(part, name, value)
    for part, name, choice in frame.choices:
        if not named and part not in places.every():
            yield _set(part, name, choice)
    if frame.style is not None and frame.verb in ("set", "make", "go", None):
        if named:
            yield from (_set(part, "style", frame.style) for part in meant)
        else:
            act = SetParameter(path="session/style", value=frame.style)
            yield f"style {frame.style}", act


def _choices(frame: Frame, places: Places, part: str) -> dict[str, ParameterValue]:
    found: dict[str, ParameterValue] = {}
    for _, name, choice in frame.choices:
        spec = places.spec(part, name)
        if spec is not None and choice in spec.choices:
            found[name] = choice
    if frame.double is not None and (frame.feel or frame.parts):
        spec = places.spec(part, "feel")
        feel = "double" if frame.double > 1 else "half"
        if spec is not None and feel in spec.choices:
            found["feel"] = feel
    return found


def _set(part: str, name: str, value: ParameterValue) -> tuple[str, Act]:
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{part} {name} {shown}", SetParameter(path=f"{part}/{name}", value=value)


def _transport(frame: Frame, places: Places, settings: bool) -> Told:
    bar = frame.bars[0] if frame.bars else None
    where = f" bar {bar}" if bar is not None else ""
    match frame.verb:
        case "play" if not (frame.changes or frame.tempo_factor or frame.choices):
            yield f"play{' from' if where else ''}{where}", SetTransport(action="play", bar=bar)
        case "stop":
            yield "stop", SetTransport(action="stop")
        case "panic":
            yield "all notes off", SetTransport(action="panic")
        case "go" if bar is not None:
            yield f"go to{where}", SetTransport(action="locate", bar=bar)
        case "loop":
            yield from _loop(frame, places)
        case None if bar is not None and not settings and len(frame.bars) == 1 and frame.bare_bar:
            yield f"go to{where}", SetTransport(action="locate", bar=bar)
        case _:
            return


def _loop(frame: Frame, places: Places) -> Told:
    if frame.off:
        yield "loop off", SetTransport(action="loop")
        return
    bars = places.bars(frame)
    if frame.count and not frame.edge:
        start = bars[0] if bars else places.bar_now()
        length = frame.count
    elif bars:
        start, length = bars[0], bars[-1] - bars[0] + 1
    else:
        start, length = 1, places.state.bars
    length = min(max(length, 1), MAXIMUM_BARS)
    told = f"loop {length} bars from bar {start}"
    yield told, SetTransport(action="loop", bar=start, loop_bars=length)


def _voices(frame: Frame, part: str) -> tuple[str, ...]:
    return tuple(name for owner, names in frame.voices if owner == part for name in names)


def _bars_told(bars: tuple[int, ...]) -> str:
    if not bars:
        return ""
    if len(bars) > 2 and bars[-1] - bars[0] == len(bars) - 1:
        return f" bars {bars[0]} to {bars[-1]}"
    return f" bar{'s' if len(bars) > 1 else ''} {', '.join(map(str, bars))}"
