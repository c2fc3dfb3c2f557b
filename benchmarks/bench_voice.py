"""Voice: time of the text grammar; word errors of spoken commands; cost of live following.

Speech needs the extra `voice` and the program espeak-ng; without them those lines are left
out. Synthetic voices are not people: expect more errors from people.
"""

import json
import shutil
import statistics
import subprocess
import time

import numpy as np

from musearoo.brain.follower import Follower
from musearoo.domain.session.state import SessionState
from musearoo.engines.loading import load_engines
from musearoo.ports.voice import Bearings, Speech
from musearoo.voice.grammar import Grammar
from musearoo.voice.speech import PocketsphinxRecogniser

VOICES = ("en-us", "en-gb", "en-us+m3", "en-us+f3", "en-gb-scotland")
COMMANDS = (
    "play", "stop", "undo", "give me a funky drum beat at one hundred and ten", "less busy",
    "make the bass busier", "set complexity to seventy percent", "set the tempo to ninety six",
    "a bit faster", "slow down", "play from bar five", "loop four bars", "go to the beginning",
    "lock bars three to six of the drums", "regenerate bar four", "previous take",
    "more swing on the drums", "switch to jazz", "in a minor", "change the key to b flat major",
    "generate a reggae bass line", "add some chords in g major", "three four time",
    "make it bossa nova", "much louder", "turn down the intensity",
)  # fmt: skip
MISSPELLED = ("drumz more compelxity pleese", "regenarate the drumms", "tmepo ninty six")


def main() -> None:
    grammar = Grammar()
    engines = tuple(engine.description for engine in load_engines().values())
    bearings = Bearings(state=SessionState(), engines=engines)
    grammar.prepare(engines)
    for name, sentences in (("plain", COMMANDS), ("misspelled", MISSPELLED)):
        best = [_best(lambda text=text: grammar.understand(text, bearings)) for text in sentences]
        _print(f"voice.grammar.{name}", p50_us=statistics.median(best), max_us=max(best))
    _follow()
    if PocketsphinxRecogniser.is_installed() and shutil.which("espeak-ng"):
        _listen(grammar, bearings)


def _follow() -> None:
    chance = np.random.default_rng(0)
    second = (3000 * chance.standard_normal(48_000)).astype("<i2")
    ear = Follower("pcm_s16le", 48_000, 1)
    hops = np.split(second, 50)
    took = []
    for _ in range(20):
        for hop in hops:
            began = time.perf_counter()
            ear.hear(hop.tobytes())
            took.append(1e6 * (time.perf_counter() - began))
    share = sum(took) / 20 / 1e6
    _print("voice.follower", core_share=share, p50_us=statistics.median(took), p99_us=_p99(took))


def _listen(grammar: Grammar, bearings: Bearings) -> None:
    from musearoo.voice.listener import DITHER, Listener  # noqa: PLC0415

    for dither in (DITHER, 0.0):
        listener = Listener(dither=dither)
        for voice in VOICES:
            wrong = words = meant = 0
            seconds = []
            for command in COMMANDS:
                heard = listener.hear(Speech(audio=_spoken(voice, command)))
                wrong += _errors(command.split(), heard.text.split())
                words += len(command.split())
                meant += _meaning(grammar, bearings, command) == _meaning(
                    grammar, bearings, heard.text
                )
                seconds.append(heard.seconds)
            _print(
                "voice.speech", voice=voice, dither=dither, word_errors=wrong / words,
                commands_right=meant / len(COMMANDS), p50_s=statistics.median(seconds),
                max_s=max(seconds),
            )  # fmt: skip


def _meaning(grammar: Grammar, bearings: Bearings, text: str) -> list[str]:
    return [step.told for step in grammar.understand(text, bearings).steps]


def _spoken(voice: str, words: str) -> bytes:
    command = ["espeak-ng", "-v", voice, "-s", "150", "--stdout", words]
    return subprocess.run(command, capture_output=True, check=True).stdout


def _errors(said: list[str], heard: list[str]) -> int:
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (word != other)))
    return row[-1]


def _best(call: object) -> float:
    assert callable(call)
    times = []
    for _ in range(30):
        began = time.perf_counter()
        call()
        times.append(1e6 * (time.perf_counter() - began))
    return min(times)


def _p99(values: list[float]) -> float:
    return sorted(values)[int(0.99 * len(values))]


def _print(name: str, **figures: float | str) -> None:
    shown = {k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()}
    print(json.dumps({"bench": name, **shown}))


if __name__ == "__main__":
    main()
