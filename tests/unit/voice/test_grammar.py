"""Sentences and what they ask for."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.commands import (
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
from musearoo.domain.engine import ParameterSpec, ParameterValue
from musearoo.domain.session.state import SessionState
from musearoo.ports.voice import CancelRunning, TakeStep
from musearoo.voice.reading import MAXIMUM_WORDS
from tests.unit.voice.band import PLAYING, engines, heard, told


def only(text: str) -> object:
    steps = heard(text).steps
    assert len(steps) == 1, [step.told for step in steps]
    return steps[0].do


class TestGenerate:
    def test_everything_in_one_sentence(self) -> None:
        """Tempo and key are set first, so that the take already follows them."""
        text = "give me a funky drum beat at 110, less busy, in D minor"
        understood = heard(text)
        assert [
            SetParameter(path="session/tempo", value=110.0),
            SetParameter(path="session/key", value="D minor"),
            Generate(engine="drummaroo", parameters={"style": "funk", "density": 0.3}),
        ] == [step.do for step in understood.steps]
        assert 1.0 == understood.confidence
        assert not understood.needs_confirmation

    @pytest.mark.parametrize(
        ("text", "engine", "parameters"),
        [
            ("gimme a funky bas line", "bassaroo", {"style": "funk"}),
            ("generate a walking bass line with more swing", "bassaroo",
             {"role": "walking", "swing": 0.55}),
            ("I want some jazzy chords, spicy, with rootless voicings", "harmonyroo",
             {"style": "jazz", "tension": 0.6, "voicing": "rootless"}),
            ("another melody", "melodyroo", {}),
            ("lo-fi drums", "drummaroo", {"style": "hip hop"}),
            ("play a bossa nova groove", "drummaroo", {"style": "latin"}),
            ("compose a melody", "melodyroo", {}),
            ("make me a reggae beat", "drummaroo", {"style": "reggae"}),
        ],
    )  # fmt: skip
    def test_parts_styles_and_controls(
        self, text: str, engine: str, parameters: dict[str, ParameterValue]
    ) -> None:
        """The engine follows from the part, its parameters from adjectives and choices."""
        assert Generate(engine=engine, parameters=parameters) == only(text)

    def test_length(self) -> None:
        """A number of bars is the length of the take."""
        assert Generate(engine="melodyroo", bars=8) == only("write 8 bars of melody")

    def test_two_takes(self) -> None:
        """Each part has its own style."""
        text = "create a reggae bassline and a rock beat"
        assert ["play bass (style reggae)", "play drums (style rock)"] == told(text)

    def test_whole_band(self) -> None:
        """Everything is every part there is; asked first, because two of them play already."""
        empty = heard("generate everything", SessionState())
        assert ["play drums", "play bass", "play harmony", "play melody"] == [
            step.told for step in empty.steps
        ]
        assert not empty.needs_confirmation
        assert heard("generate everything").needs_confirmation


class TestParameters:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("busier bass", ["bass density 0.7"]),
            ("less busy", ["drums density 0.3", "bass density 0.3"]),
            ("the bass is too busy", ["bass density 0.3"]),
            ("a bit louder drums", ["drums intensity 0.6"]),
            ("make the drums much louder", ["drums intensity 0.85"]),
            ("more swing on the drums", ["drums swing 0.55"]),
            ("set drums complexity to 70 percent", ["drums complexity 0.7"]),
            ("drums complexity seventy percent", ["drums complexity 0.7"]),
            ("drums complexity to point seven five", ["drums complexity 0.75"]),
            ("drums complexity 7 out of 10", ["drums complexity 0.7"]),
            ("set drums swing to 62 percent", ["drums swing 0.62"]),
            ("full swing on the drums", ["drums swing 0.75"]),
            ("no ghost notes", ["drums ghost_notes 0"]),
            ("increase drum density by 10 percent", ["drums density 0.6"]),
            ("turn the drums up", ["drums intensity 0.7"]),
            ("turn down the intensity of the bass", ["bass intensity 0.3"]),
            ("push the bass ten milliseconds", ["bass push 10"]),
            ("slap bass", ["bass role slap"]),
            ("bass in octaves", ["bass role octave"]),
            ("drop-2 voicings", ["harmony voicing drop-2"]),
            ("strict voice leading on", ["harmony strict True"]),
            ("half time feel on the drums", ["drums feel half"]),
            ("reset drums complexity", ["drums complexity 0.5"]),
            ("make the drums funky", ["drums style funk"]),
            ("busier and louder drums", ["drums density 0.7", "drums intensity 0.7"]),
            ("make the drums busier and the bass simpler",
             ["drums density 0.7", "bass complexity 0.3"]),
            ("set drums complexity to 0.8 and intensity to 40 percent",
             ["drums complexity 0.8", "drums intensity 0.4"]),
        ],
    )  # fmt: skip
    def test_changes(self, text: str, expected: list[str]) -> None:
        """Words move the parameters of the parts that they name, else of those that play."""
        assert expected == told(text)

    def test_relative_to_what_is(self) -> None:
        """ "More" starts from the value in force and stops at the end of the range."""
        state = SessionState(parts=PLAYING.parts, parameters={"drums/density": 0.9})
        act = heard("busier drums", state).steps[0].do
        assert SetParameter(path="drums/density", value=1.0) == act

    def test_the_part_spoken_of_last(self) -> None:
        """Without a part the one before is meant."""
        assert ["bass density 0.3"] == told("less busy", focus=("bass",))


class TestSettings:
    @pytest.mark.parametrize(
        ("text", "path", "value"),
        [
            ("110 bpm", "session/tempo", 110.0),
            ("set the tempo to one hundred and ten", "session/tempo", 110.0),
            ("at one twenty five", "session/tempo", 125.0),
            ("a bit faster", "session/tempo", 126.0),
            ("much slower", "session/tempo", 90.0),
            ("5 bpm faster", "session/tempo", 125.0),
            ("tempo up by 8", "session/tempo", 128.0),
            ("slow down by 10 percent", "session/tempo", 108.0),
            ("double time", "session/tempo", 240.0),
            ("half time", "session/tempo", 60.0),
            ("in B flat minor", "session/key", "Bb minor"),
            ("change the key to F sharp", "session/key", "F# major"),
            ("key of A minor", "session/key", "A minor"),
            ("d as in delta dorian", "session/key", "D dorian"),
            ("in a minor key", "session/key", "C minor"),
            ("in c#m", "session/key", "C# minor"),
            ("transpose up two semitones", "session/key", "D major"),
            ("three four time", "session/meter", "3/4"),
            ("set the meter to 5/4", "session/meter", "5/4"),
            ("waltz", "session/meter", "3/4"),
            ("switch to jazz", "session/style", "jazz"),
            ("make it bossa nova", "session/style", "latin"),
        ],
    )
    def test_session_paths(self, text: str, path: str, value: object) -> None:
        """Tempo, key, meter and style of the session."""
        assert SetParameter(path=path, value=value) == only(text)  # type: ignore[arg-type]

    def test_tempo_stays_in_range(self) -> None:
        """No sentence asks for more than the product allows."""
        assert SetParameter(path="session/tempo", value=400.0) == only("tempo 9000")

    def test_form(self) -> None:
        """Longer at once; shorter is asked, because music is cut off."""
        longer = heard("make the song 16 bars long")
        assert SetForm(bars=16) == longer.steps[0].do
        assert not longer.needs_confirmation
        assert heard("make the song 4 bars long").needs_confirmation


class TestTransport:
    @pytest.mark.parametrize(
        ("text", "act"),
        [
            ("play", SetTransport(action="play")),
            ("start playing", SetTransport(action="play")),
            ("keep playing", SetTransport(action="play")),
            ("play from bar 5", SetTransport(action="play", bar=5)),
            ("stop", SetTransport(action="stop")),
            ("stop playing", SetTransport(action="stop")),
            ("go to bar nine", SetTransport(action="locate", bar=9)),
            ("go back to the beginning", SetTransport(action="locate", bar=1)),
            ("loop 4 bars", SetTransport(action="loop", bar=4, loop_bars=4)),
            ("loop bars 5 to 8", SetTransport(action="loop", bar=5, loop_bars=4)),
            ("stop looping", SetTransport(action="loop")),
            ("loop off", SetTransport(action="loop")),
            ("panic", SetTransport(action="panic")),
        ],
    )
    def test_transport(self, text: str, act: SetTransport) -> None:
        """A loop without a place begins at the bar that plays (4 here)."""
        assert act == only(text)

    def test_when(self) -> None:
        """ "At the next bar" is when it takes effect."""
        step = heard("stop at the next bar").steps[0]
        assert step.at is not None
        assert "next_bar" == step.at.kind


class TestHistory:
    def test_undo_and_redo(self) -> None:
        """One at once; several are asked."""
        assert Undo() == only("undo that")
        assert Redo() == only("redo")
        several = heard("undo the last three changes")
        assert [Undo()] * 3 == [step.do for step in several.steps]
        assert several.needs_confirmation

    @pytest.mark.parametrize(
        ("text", "act"),
        [
            ("lock bars 3 to 6 of the drums", Lock(part="drums", bars=(3, 4, 5, 6))),
            ("lock the kick", Lock(part="drums", voices=("kick",))),
            ("keep bars 1 and 2 of the bass", Lock(part="bass", bars=(1, 2))),
            ("unlock bar 2 of the drums", Unlock(part="drums", bars=(2,))),
            ("regenerate bar 4 of the bass", Regenerate(part="bass", bars=(4,))),
            ("play bars 3 and 4 of the bass again", Regenerate(part="bass", bars=(3, 4))),
            ("regenerate the last two bars of the drums", Regenerate(part="drums", bars=(7, 8))),
            ("redo bars 5-8 of the drums, busier",
             Regenerate(part="drums", bars=(5, 6, 7, 8), parameters={"density": 0.7})),
            ("regenerate the hats in bar 3",
             Regenerate(part="drums", bars=(3,), voices=("closed hat", "open hat", "pedal hat"))),
            ("go back to the previous take of the drums", TakeStep(part="drums", steps=-1)),
            ("next take of the bass", TakeStep(part="bass", steps=1)),
            ("use take 2 of the bass", TakeStep(part="bass", number=2)),
            ("keep this take of the drums", TakeStep(part="drums", keep=True)),
            ("stop generating", CancelRunning()),
        ],
    )  # fmt: skip
    def test_takes(self, text: str, act: object) -> None:
        """Bars, voices and takes."""
        assert act == only(text)

    def test_unlocking_all_is_asked(self) -> None:
        """Locks keep what somebody wanted to keep."""
        assert heard("unlock everything").needs_confirmation
        assert not heard("unlock bar 2 of the drums").needs_confirmation


class TestWords:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("drumz more compelxity pleese", ["drums complexity 0.7"]),
            ("regenarate the drumms", ["play drums again"]),
            ("jaz stlye", []),
            ("make the bass simplr", ["bass complexity 0.3"]),
            ("tmepo 96", ["tempo 96"]),
            ("melancholy", []),
        ],
    )
    def test_misspellings(self, text: str, expected: list[str]) -> None:
        """A letter or two may be wrong, but short words are not guessed."""
        assert expected == told(text)

    def test_what_was_not_understood_is_said(self) -> None:
        """Unknown words lower the confidence and are named."""
        understood = heard("set the flux capacitor of the drums to busier")
        assert ("flux", "capacitor") == understood.unknown
        assert 0 < understood.confidence < 1

    @pytest.mark.parametrize(
        "text", ["what a lovely day", "order me a pizza", "", "?!", "next bar"]
    )
    def test_nothing_is_made_up(self, text: str) -> None:
        """Chatter asks for nothing."""
        understood = heard(text)
        assert ((), 0.0) == (understood.steps, understood.confidence)

    def test_mostly_unknown_is_asked(self) -> None:
        """Below one half it is not done unasked."""
        assert heard("flimflam shebang doodad gizmo stop").needs_confirmation

    def test_spoken_keys_are_asked(self) -> None:
        """Letters are misheard (research/music.md §6), so that a key is confirmed on screen."""
        assert heard("in d minor", spoken=True).needs_confirmation
        assert not heard("faster", spoken=True).needs_confirmation

    def test_replies(self) -> None:
        """Yes and no answer the last question."""
        assert ["yes", "no", None] == [heard(text).reply for text in ("Yes!", "no", "play")]


KNOWN = tuple(
    word
    for row in (
        "drums bass more less busy bars bar 3 to 8 and , set take previous a b flat minor in at",
        "110 percent swing groove by up down faster tempo undo last loop lock off on too not",
        "double time feel reset maximum key four again play regenerate first two hundred point",
        "semitones 3/4 99/7 notes no without style jazz yes everything kick hats 0 999999",
    )
    for word in row.split()
)


class TestHostile:
    @given(st.text(max_size=700))
    def test_any_text(self, text: str) -> None:
        """No text raises, and every value is one that the engine takes."""
        understood = heard(text)
        assert 0 <= understood.confidence <= 1

    @given(st.lists(st.sampled_from(KNOWN), max_size=25))
    def test_any_order_of_known_words(self, words: list[str]) -> None:
        """Values are in range whatever is said."""
        specs: dict[str, ParameterSpec] = {
            f"{engine.default_part}/{spec.name}": spec
            for engine in engines()
            for spec in engine.parameters
        }
        for step in heard(" ".join(words)).steps:
            act = step.do
            if isinstance(act, SetParameter) and act.path in specs:
                assert specs[act.path].checked(act.value) == act.value

    @pytest.mark.parametrize(
        "text", ["a" * 500, "x " * 250, "hundred " * 60, "bars 1 to 999999 " * 20, "1" * 500]
    )
    def test_long_input_is_quick(self, text: str) -> None:
        """Nothing takes the event loop's 5 ms (generous here: the machine may be busy)."""
        best = min(_seconds(text) for _ in range(5))
        assert best < 0.02
        assert len(heard(text).words) <= MAXIMUM_WORDS


def _seconds(text: str) -> float:
    began = time.thread_time()
    heard(text)
    return time.thread_time() - began
