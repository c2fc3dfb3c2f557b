"""What a rhythm player takes from the context: style, swing, loudness, accents to go with."""

from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.music.style import AUTO, find_style
from musearoo.engines.feel import STRAIGHT, step_accents, swing_place

_SLOW_MILLIBPM: Final = 72_000


def style_name(context: EngineContext, chosen: str) -> str:
    """The style to play: the one chosen, else the context's, else one that fits the tempo."""
    if chosen != AUTO:
        return chosen
    known = find_style(context.style)
    if known is not None and known != AUTO:
        return known
    return "ballad" if context.tempo_millibpm < _SLOW_MILLIBPM else "rock"


def swing_of(context: EngineContext, style: str, wanted: int) -> int:
    """Place of the off-beat in thousandths; `wanted` runs from 500, the music's own, to 750."""
    return swing_place(msgspec.structs.replace(context, style=style), (wanted - STRAIGHT) * 4)


def level_of(intensity: int, energy: int) -> int:
    """Intensity, raised or lowered by the energy of the music, 0-1000."""
    return max(0, min(1000, intensity + (energy - 500) // 2))


def microseconds(ticks: int, context: EngineContext) -> int:
    """How long a stretch lasts at the context's tempo."""
    return ticks * 62_500_000 // context.tempo_millibpm


def strongest_accents(context: EngineContext, bar: int) -> list[int]:
    """The riff's accents on our steps, 0-1000: the strongest three in eight steps, else 0."""
    accents = list(step_accents(context, bar))
    if not accents:
        return []
    least = min(sorted(accents, reverse=True)[: max(2, len(accents) * 3 // 8)])
    return [accent if accent >= max(1, least) else 0 for accent in accents]
