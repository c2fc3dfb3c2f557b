import re

import msgspec
import pytest

from musearoo.domain.engine import Bar, EngineDescription, EngineRun
from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.note import Note
from musearoo.engines.contract import play
from tests.engines.takes import context_of

UUID8 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Metronome:
    """An engine that counts: two voices on every quarter, and the state it was given."""

    description = EngineDescription(
        name="metronome",
        version="1",
        title="Metronome",
        default_part="clicks",
        parameters=(),
        voices=("low", "high"),
    )

    def begin(self, context, parameters, seed):
        return 0

    def play_bar(self, context, parameters, seed, state, bar):
        start = bar * context.meter.bar_ticks
        notes = tuple(
            Note(
                id="", start=start + tick, length=240, pitch=pitch, velocity=1 + state, voice=voice
            )
            for tick in (960, 0)
            for pitch, voice in ((60, "high"), (48, "low"))
        )
        return Bar(bar, notes), state + 1

    def confidence(self, context, parameters, bars):
        return 1000


class Dice(Metronome):
    """An engine whose bar is one of so many pitches, by seed."""

    def __init__(self, sides, *, low=False):
        self.sides, self.low, self.throws = sides, low, 0

    def play_bar(self, context, parameters, seed, state, bar):
        self.throws += 1
        pitch = 48 + Chance(seed, bar).below(self.sides)
        start = bar * context.meter.bar_ticks
        notes = (
            Note(id="", start=start, length=9, pitch=pitch, velocity=9, voice="high"),
            Note(id="", start=start, length=9, pitch=30 + self.throws, velocity=9, voice="low"),
        )
        return Bar(bar, notes if self.low else notes[:1]), state + 1


def _run(**changes: object) -> EngineRun:
    run = EngineRun(engine="metronome", context=context_of(bars=4), parameters={}, seed=3)
    return msgspec.structs.replace(run, **changes)


class TestPlay:
    def test_bars_come_one_by_one_with_the_state_carried(self):
        """Each bar is played after the one before, and not before it is asked for."""
        bars = play(Metronome(), _run())
        assert [(0, 1), (1, 2)] == [
            (b.index, b.notes[0].velocity) for b in (next(bars), next(bars))
        ]

    def test_wanted_bars_are_answered_with_the_right_state(self):
        """Unwanted bars are derived only to carry the state."""
        (bar,) = play(Metronome(), _run(bars=(2,)))
        assert (2, 3) == (bar.index, bar.notes[0].velocity)

    def test_notes_come_in_playing_order(self):
        """By start, then pitch."""
        (bar, *_) = play(Metronome(), _run())
        assert [(0, 48), (0, 60), (960, 48), (960, 60)] == [(n.start, n.pitch) for n in bar.notes]

    def test_ids_are_stable_uuids(self):
        """Version 8, variant 10, all different, the same again."""
        ids = [note.id for bar in play(Metronome(), _run()) for note in bar.notes]
        assert all(UUID8.fullmatch(identity) for identity in ids)
        assert len(ids) == len(set(ids))
        assert ids == [note.id for bar in play(Metronome(), _run()) for note in bar.notes]

    def test_leaving_voices_out_changes_no_other_id(self):
        """A voice keeps its ids whoever plays beside it; two voices never share one."""
        whole = [note for bar in play(Metronome(), _run()) for note in bar.notes]
        high = [n for bar in play(Metronome(), _run(voices=("high",))) for n in bar.notes]
        assert [note for note in whole if note.voice == "high"] == high

    def test_a_bar_that_stands_is_played_until_it_differs(self):
        """With seeds of its own; the ids and the state for the next bar are of what is answered."""
        stands = next(play(Dice(2), _run()))
        first, second = play(Dice(2), _run(bars=(0, 1), instead=stands.notes))
        assert first.notes[0].pitch != stands.notes[0].pitch
        assert first == next(play(Dice(2), _run(bars=(0,), instead=stands.notes)))
        assert second == next(play(Dice(2), _run(bars=(1,))))

    def test_what_cannot_differ_is_played_as_it_is(self):
        """A die with one side: the seed's own bar, after no more than eight throws."""
        die = Dice(1)
        (bar,) = play(die, _run(bars=(0,), instead=next(play(Dice(1), _run())).notes))
        assert (bar, die.throws) == (next(play(Dice(1), _run())), 8)

    def test_only_wanted_voices_have_to_differ(self):
        """Another low note does not make the high one new."""
        stands = (Note(id="", start=0, length=9, pitch=48, velocity=9, voice="high"),)
        die = Dice(1, low=True)
        list(play(die, _run(bars=(0,), voices=("high",), instead=stands)))
        assert die.throws == 8

    @pytest.mark.parametrize(
        "run", [_run(bars=(4,)), _run(bars=(-1,)), _run(context=context_of(bars=0))]
    )
    def test_bars_outside_the_context_are_refused(self, run):
        """Before a note is played."""
        with pytest.raises(InvalidValue):
            list(play(Metronome(), run))

    def test_unknown_parameters_are_refused(self):
        """With the names that would do."""
        with pytest.raises(InvalidValue):
            list(play(Metronome(), _run(parameters={"tempo": 1.0})))
