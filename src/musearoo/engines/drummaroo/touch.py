"""How hard and when exactly a stroke lands: learned dynamics and timing, scaled by controls."""

from typing import Final

from musearoo.domain.music.chance import Chance
from musearoo.domain.music.drums import DRUM_PITCHES
from musearoo.domain.music.note import MIDI_MAXIMUM, Note
from musearoo.engines.drummaroo.lexicon import BAR, Piece
from musearoo.engines.drummaroo.settings import NAME, Settings
from musearoo.engines.drummaroo.stroke import CYMBALS, Stroke
from musearoo.engines.layout import NOWHERE

# How far full intensity lifts a force towards 127, and how much of it none leaves.
_LIFT: Final = {"accent": 800, "plain": 550, "soft": 350, "tap": 300, "ghost": 90}
_QUIETEST: Final = {"accent": 450, "plain": 450, "soft": 450, "tap": 500, "ghost": 600}
_LEVEL: Final = {
    "kick": 1250, "rimshot": 820, "open hat": 1080, "ride bell": 1020, "cowbell": 950,
    "crash": 1350, "crash 2": 1350, "pedal hat": 620, "high tom": 950, "mid tom": 970,
    "floor tom": 1000,
}  # fmt: skip
_FORCE: Final = {"accent": 1000, "plain": 900, "soft": 620, "tap": 430, "ghost": 1000}
_WIDEST_US: Final = 45_000


class Touch:
    """The drummer's touch in one bar: gives each stroke its velocity and offset."""

    def __init__(self, settings: Settings, seed: int, bar: int, level: int) -> None:
        self._settings = settings
        self._level = level
        self._bar = bar
        self._seed = seed
        self._chances: dict[str, Chance] = {}
        self._drift = Chance(seed, NAME, bar, "time").bell(settings.humanise * 2)

    def note(self, stroke: Stroke) -> Note:
        """The note of a stroke; strokes of one piece must come in playing order."""
        settings = self._settings
        layout = settings.layout
        chance = self._chance(stroke.piece)
        return Note(
            id="",
            start=self._bar * layout.bar_ticks + settings.tick_of(stroke.step, stroke.late),
            length=layout.grid.step_ticks,
            pitch=DRUM_PITCHES[stroke.piece],
            velocity=self._velocity(stroke, chance),
            offset_us=self._offset(stroke, chance),
            voice=stroke.piece,
            articulation="ghost" if stroke.force == "ghost" else None,
        )

    def _chance(self, piece: str) -> Chance:
        """The stream of one piece, so that no piece moves another."""
        if piece not in self._chances:
            self._chances[piece] = Chance(self._seed, NAME, self._bar, piece, "touch")
        return self._chances[piece]

    def _velocity(self, stroke: Stroke, chance: Chance) -> int:
        settings = self._settings
        table = self._table(stroke)
        mean = table.mean_velocity
        source = self._source(stroke)
        own = table.velocity[source] if source != NOWHERE else mean * 9 // 10
        velocity = mean * 1000 + (own - mean) * settings.groove * 2
        velocity = velocity * _LEVEL.get(stroke.piece, 1000) // 1000
        velocity = velocity * _FORCE[stroke.force] // 1000 * (1000 + stroke.swell) // 1000
        velocity += _uneven(chance, table.velocity_spread * settings.humanise) * 2 // 3
        return max(1, min(MIDI_MAXIMUM, self._scaled(velocity, stroke.force) // 1000))

    def _scaled(self, velocity: int, force: str) -> int:
        """Intensity: down to a share of the human loudness, up towards the loudest."""
        if self._level <= 500:
            least = _QUIETEST[force]
            return velocity * (least + (1000 - least) * self._level // 500) // 1000
        room = max(0, MIDI_MAXIMUM * 1000 - velocity)
        return velocity + room * _LIFT[force] // 1000 * (self._level - 500) // 500

    def _offset(self, stroke: Stroke, chance: Chance) -> int:
        settings = self._settings
        table = self._table(stroke)
        source = self._source(stroke)
        feel = 0 if source == NOWHERE or stroke.fill else table.late_us[source]
        uneven = _uneven(chance, table.late_spread_us * settings.humanise // 1500)
        offset = feel * settings.groove * 3 // 2000 + uneven + self._drift
        widest = min(_WIDEST_US, settings.step_us // 5)
        return max(-widest, min(widest, offset)) + settings.push_us

    def _source(self, stroke: Stroke) -> int:
        layout = self._settings.layout
        carried = stroke.piece in CYMBALS
        source = (layout.carried if carried else layout.struck)[stroke.step]
        return source if source == NOWHERE else source % BAR

    def _table(self, stroke: Stroke) -> Piece:
        style = self._settings.style
        if stroke.piece == "kick":
            return style.kick
        if stroke.piece in CYMBALS or stroke.piece == "pedal hat":
            return style.hat
        return style.ghost if stroke.force == "ghost" else style.snare


def _uneven(chance: Chance, spread: int) -> int:
    """`Chance.bell` from a single draw: three of its 16-bit parts, as there are many notes."""
    bits = chance.bits()
    parts = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF)
    return (parts - 3 * 0x8000) * spread // 0x8000
