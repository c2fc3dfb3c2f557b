"""Voice commands in a whole conductor: rights, repeats, questions, takes."""

import dataclasses
import re
from pathlib import Path

import pytest

from musearoo.conductor.voice import MAXIMUM_BYTES, Voice, VoiceAnswer
from musearoo.conductor.world import Rules
from musearoo.domain.errors import (
    Conflict,
    Forbidden,
    IdempotencyConflict,
    InvalidValue,
    NotFound,
    Unavailable,
)
from musearoo.domain.ids import CommandId, ProjectId, SessionId
from musearoo.domain.permissions import Actor, Permission
from musearoo.domain.session.state import SessionState
from musearoo.ports.voice import Bearings, Speech, Transcript, Understood
from musearoo.voice.grammar import Grammar
from tests.doubles.house import ORIGIN, House, house

FREE = Rules(quotas=False, journal_delay=0.005)


class Parrot:
    """A recogniser that always hears the same."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked = 0

    def is_installed(self) -> bool:
        return True

    async def transcribe(self, speech: Speech) -> Transcript:
        self.asked += 1
        return Transcript(text=self.text, seconds=0.1)


def voice_of(place: House, parrot: Parrot | None = None) -> Voice:
    conductor = place.conductor
    world = dataclasses.replace(place.world, understanding=Grammar(), recogniser=parrot)
    return Voice(world, conductor.gate, conductor.sessions, conductor.desk, conductor.repeats)


async def state_of(place: House, project: ProjectId) -> SessionState:
    return (await place.conductor.sessions.open(SessionId(project))).state


async def say(
    voice: Voice,
    actor: Actor,
    project: ProjectId,
    text: str,
    *,
    command: str | None = None,
    confirmed: bool = False,
) -> VoiceAnswer:
    return await voice.say(
        actor,
        SessionId(project),
        text,
        origin=ORIGIN,
        command=CommandId(command) if command else None,
        confirmed=confirmed,
    )


async def played(place: House, ada: Actor, project: ProjectId, seed: int) -> str:
    ack = await place.do(ada, project, "generate", {"engine": "drummaroo", "seed": seed})
    await place.ended(ack.generation_id)
    assert ack.take_id is not None
    return ack.take_id


async def guest(place: House, ada: Actor, project: ProjectId, *rights: Permission) -> Actor:
    """Somebody with these rights only."""
    bob = await place.person("bob")
    invited = await place.conductor.collaboration.invite(
        ada, project, "bob@example.org", frozenset(rights), None, origin=ORIGIN
    )
    secret = re.split("[/#=]", invited.url)[-1]
    await place.conductor.collaboration.join(bob, secret, origin=ORIGIN)
    return bob


class TestActs:
    async def test_a_sentence_is_done(self, tmp_path: Path) -> None:
        """Settings and a generation, each with its own answer."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            voice = voice_of(place)
            await voice.prepare()
            answer = await say(voice, ada, project, "funky drums at 96 in D minor")
            assert "done" == answer.status
            assert "tempo 96; key D minor; play drums (style funk)" == answer.understood
            assert [True] * 3 == [each.ack is not None for each in answer.done]
            state = await state_of(place, project)
            assert (96.0, "D minor") == (state.tempo_map.bpm, state.key.name)

    async def test_acts_are_undone_by_their_author(self, tmp_path: Path) -> None:
        """What a sentence did is the speaker's to take back, change by change."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            voice = voice_of(place)
            text = "set drums complexity to 0.8 and drums density to 0.9"
            await say(voice, ada, project, text, command="m1")
            assert 2 == len((await state_of(place, project)).parameters)
            await say(voice, ada, project, "undo the last two changes", confirmed=True)
            assert {} == (await state_of(place, project)).parameters

    async def test_nothing_understood_does_nothing(self, tmp_path: Path) -> None:
        """Chatter is answered with the words that mean nothing here."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            answer = await say(voice_of(place), ada, project, "pizza margherita")
            assert ("nothing", ("pizza", "margherita"), ()) == (
                answer.status,
                answer.unknown,
                answer.done,
            )

    async def test_focus_stays_on_a_part(self, tmp_path: Path) -> None:
        """ "Busier bass", then "a bit louder" means the bass."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            voice = voice_of(place)
            await say(voice, ada, project, "busier bass")
            answer = await say(voice, ada, project, "a bit louder")
            assert "bass intensity 0.6" == answer.understood

    async def test_takes_are_switched_and_kept(self, tmp_path: Path) -> None:
        """Previous, next, by number; one that is not there is a conflict."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            voice = voice_of(place)
            first, second = [await played(place, ada, project, seed) for seed in (1, 2)]
            for text, take in (
                ("previous take of the drums", first),
                ("next take of the drums", second),
                ("use take 1 of the drums", first),
            ):
                await say(voice, ada, project, text)
                assert take == (await state_of(place, project)).parts["drums"].selected
            await say(voice, ada, project, "keep this take of the drums")
            assert first == (await state_of(place, project)).parts["drums"].committed
            with pytest.raises(Conflict):
                await say(voice, ada, project, "previous take of the drums")

    async def test_stop_generating(self, tmp_path: Path) -> None:
        """Nothing runs, so there is nothing to stop."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            answer = await say(voice_of(place), ada, project, "stop generating")
            assert "nothing" == answer.status


class TestRights:
    async def test_no_privilege_by_voice(self, tmp_path: Path) -> None:
        """A viewer's sentence is understood and refused like the command it means."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            bob = await guest(place, ada, project, Permission.VIEW)
            with pytest.raises(Forbidden):
                await say(voice_of(place), bob, project, "tempo 96")
            assert 120.0 == (await state_of(place, project)).tempo_map.bpm

    async def test_what_is_allowed_is_done(self, tmp_path: Path) -> None:
        """Of two acts the one without the right is refused, and the answer says so."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            bob = await guest(place, ada, project, Permission.VIEW, Permission.EDIT)
            answer = await say(voice_of(place), bob, project, "give me drums at 96")
            assert [None, "forbidden"] == [each.code for each in answer.done]
            assert 96.0 == (await state_of(place, project)).tempo_map.bpm

    async def test_strangers_learn_nothing(self, tmp_path: Path) -> None:
        """Another's project looks missing, before a word is read or heard."""
        async with house(tmp_path, FREE) as place:
            ada, eve = await place.person("ada"), await place.person("eve")
            project = await place.project(ada)
            parrot = Parrot("play")
            voice = voice_of(place, parrot)
            with pytest.raises(NotFound):
                await say(voice, eve, project, "pizza")
            speech = Speech(audio=b"\0\0")
            with pytest.raises(NotFound):
                await voice.listen(eve, SessionId(project), speech, origin=ORIGIN)
            assert 0 == parrot.asked


class TestRepeats:
    async def test_sent_twice_is_done_once(self, tmp_path: Path) -> None:
        """ "Faster" under the same id is a little faster once, also in another process."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            first = await say(voice_of(place), ada, project, "faster", command="m1")
            again = await say(voice_of(place), ada, project, "faster", command="m1")
            assert first == again
            assert 132.0 == (await state_of(place, project)).tempo_map.bpm

    async def test_another_sentence_needs_another_id(self, tmp_path: Path) -> None:
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            await say(voice_of(place), ada, project, "faster", command="m1")
            with pytest.raises(IdempotencyConflict):
                await say(voice_of(place), ada, project, "slower", command="m1")

    async def test_long_ids(self, tmp_path: Path) -> None:
        """The longest id that the protocol allows leaves room for the acts' own."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            answer = await say(voice_of(place), ada, project, "faster", command="m" * 128)
            assert "done" == answer.status

    async def test_half_done_goes_on(self, tmp_path: Path) -> None:
        """A message that broke off between two acts is completed by its repeat."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            voice = voice_of(place)
            carry = place.conductor.desk.submit
            calls = 0

            async def breaking(command: object) -> object:
                nonlocal calls
                calls += 1
                if calls == 2:
                    raise RuntimeError("power cut")
                return await carry(command)  # type: ignore[arg-type]

            place.conductor.desk.submit = breaking  # type: ignore[assignment,method-assign]
            with pytest.raises(RuntimeError):
                await say(voice, ada, project, "faster, busier drums", command="m1")
            place.conductor.desk.submit = carry  # type: ignore[method-assign]
            await say(voice, ada, project, "faster, busier drums", command="m1")
            state = await state_of(place, project)
            assert (132.0, {"drums/density": 0.7}) == (state.tempo_map.bpm, state.parameters)


class TestQuestions:
    async def test_yes_does_what_was_asked(self, tmp_path: Path) -> None:
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            voice = voice_of(place)
            asked = await say(voice, ada, project, "make the song 4 bars long")
            assert ("asked", "Shall I do this: 4 bars?") == (asked.status, asked.question)
            assert 8 == (await state_of(place, project)).bars
            assert "done" == (await say(voice, ada, project, "yes")).status
            assert 4 == (await state_of(place, project)).bars
            assert "nothing" == (await say(voice, ada, project, "yes")).status

    async def test_no_forgets_it(self, tmp_path: Path) -> None:
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            voice = voice_of(place)
            await say(voice, ada, project, "make the song 4 bars long")
            assert "declined" == (await say(voice, ada, project, "no")).status
            assert "nothing" == (await say(voice, ada, project, "yes")).status

    async def test_confirmed_at_once(self, tmp_path: Path) -> None:
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            text = "make the song 4 bars long"
            answer = await say(voice_of(place), ada, project, text, confirmed=True)
            assert "done" == answer.status

    async def test_another_persons_yes_is_not_mine(self, tmp_path: Path) -> None:
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            bob = await guest(place, ada, project, Permission.VIEW, Permission.EDIT)
            voice = voice_of(place)
            await say(voice, ada, project, "make the song 4 bars long")
            assert "nothing" == (await say(voice, bob, project, "yes")).status


class TestSpeech:
    async def test_heard_words_are_done(self, tmp_path: Path) -> None:
        """A recording is recognised first; the answer carries its words."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            voice = voice_of(place, Parrot("busier bass"))
            speech = Speech(audio=b"\0\0")
            answer = await voice.listen(ada, SessionId(project), speech, origin=ORIGIN)
            assert ("busier bass", "bass density 0.7") == (answer.text, answer.understood)

    async def test_without_a_recogniser(self, tmp_path: Path) -> None:
        """The refusal says what works instead."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            voice = voice_of(place)
            with pytest.raises(Unavailable, match="as text"):
                await voice.listen(ada, SessionId(project), Speech(audio=b"\0"), origin=ORIGIN)

    @pytest.mark.parametrize("size", [0, MAXIMUM_BYTES + 1])
    async def test_sizes(self, tmp_path: Path, size: int) -> None:
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            voice = voice_of(place, Parrot("play"))
            with pytest.raises(InvalidValue):
                await voice.listen(
                    ada, SessionId(project), Speech(audio=bytes(size)), origin=ORIGIN
                )


class TestBadInput:
    @pytest.mark.parametrize("text", ["", "   ", "x" * 501])
    async def test_lengths(self, tmp_path: Path, text: str) -> None:
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            with pytest.raises(InvalidValue):
                await say(voice_of(place), ada, project, text)

    async def test_without_a_grammar(self, tmp_path: Path) -> None:
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            conductor = place.conductor
            world = dataclasses.replace(place.world, understanding=None)
            voice = Voice(
                world, conductor.gate, conductor.sessions, conductor.desk, conductor.repeats
            )
            await voice.prepare()
            with pytest.raises(Unavailable):
                await say(voice, ada, project, "play")


class TestPort:
    def test_without_engines(self) -> None:
        """Nothing is understood of parts, and nothing breaks, while no engine is known."""
        bearings = Bearings(state=SessionState(), engines=())
        assert Understood() == Grammar().understand("", bearings)
        assert () == Grammar().understand("busier drums", bearings).steps
