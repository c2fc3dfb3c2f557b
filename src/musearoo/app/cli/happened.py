"""Session events in one short line each, as somebody at a terminal reads them."""

import msgspec

from musearoo.codecs.events import envelope
from musearoo.domain.events import (
    ChatSent,
    ClipLaunched,
    ClockSourceSet,
    Event,
    GenerationAccepted,
    GenerationCompleted,
    GenerationFailed,
    KeySet,
    Landing,
    LocksSet,
    MeterSet,
    NotesEdited,
    ParameterSet,
    Sequenced,
    StyleSet,
    TakeBar,
    TakeCommitted,
    TakeSelected,
    TempoSet,
    TransportChanged,
)
from musearoo.domain.music.ticks import quarters

_LONGEST = 160


def in_words(sequenced: Sequenced) -> str:
    """What happened; an event without words of its own is told by its name and facts."""
    event = sequenced.event
    return _playing(event) or _part(event) or _music(event) or _session(event) or _plain(sequenced)


def _playing(event: Event) -> str | None:
    match event:
        case GenerationAccepted(part=part):
            when = ", when there is time" if event.queued else _landing(event.lands_at)
            return f"{part}: {event.engine} plays {event.bars} bars{when}"
        case TakeBar(part=part):
            return f"{part}: bar {event.bar}, {len(event.notes)} notes"
        case GenerationCompleted(part=part):
            fit = f"confidence {event.confidence:.2f}"
            return f"{part}: done in {event.generation_time_ms} ms, {fit}, take {event.take_id}"
        case GenerationFailed(part=part):
            return f"{part}: not played: {event.detail}"
        case _:
            return None


def _part(event: Event) -> str | None:
    match event:
        case TakeSelected(part=part):
            return f"{part}: plays {_take(event.take_id)}{_landing(event.lands_at)}"
        case TakeCommitted(part=part):
            return f"{part}: keeps {_take(event.take_id)}"
        case NotesEdited(part=part):
            return f"{part}: {len(event.put)} notes put, {len(event.removed)} removed"
        case LocksSet(part=part):
            places = [*(f"bar {bar}" for bar in event.bars), *event.voices]
            return f"{part}: locked {', '.join(places) or 'nowhere'}"
        case ClipLaunched(part=part):
            return f"{part}: clip of {_take(event.take_id)}{_landing(event.lands_at)}"
        case _:
            return None


def _music(event: Event) -> str | None:
    match event:
        case ParameterSet(path=path, value=value):
            shown = "back at its default" if value is None else _number(value)
            return f"{path} {shown}{_landing(event.lands_at)}"
        case TempoSet():
            changing = " and changing" if len(event.tempo_map.changes) > 1 else ""
            return f"tempo {_number(event.tempo_map.bpm)}{changing}"
        case KeySet():
            return f"key {event.key.name}"
        case StyleSet():
            return f"style {event.style}"
        case MeterSet():
            return f"meter {event.meter.name}"
        case _:
            return None


def _session(event: Event) -> str | None:
    match event:
        case TransportChanged():
            place = f"beat {_number(quarters(event.tick) + 1)}"
            if event.panic:
                return "panic: every note ends"
            return f"plays from {place}" if event.playing else f"stands at {place}"
        case ChatSent():
            return f'"{event.text}"'
        case ClockSourceSet():
            return f"time comes from {event.source}"
        case _:
            return None


def _plain(sequenced: Sequenced) -> str:
    wire = envelope(sequenced)
    facts = {k: v for k, v in wire.data.items() if k != "name" and v is not None}
    text = msgspec.json.encode(facts).decode()
    name = wire.data.get("name", wire.type)
    return f"{name} {text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}"


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return str(value)


def _take(take: str | None) -> str:
    return f"take {take}" if take is not None else "nothing"


def _landing(landing: Landing | None) -> str:
    if landing is None or landing.server_time is None:
        return ""
    return f", from bar {landing.bar} beat {_number(landing.beat + 1)}"
