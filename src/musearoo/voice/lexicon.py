"""The words of the grammar and what each stands for.

A sense is a kind and a value. Phrases of several words win over single ones. What engines
add (their names, parts, voices, parameters and choices) is put on top of this by `Lexicon`.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from musearoo.domain.engine import EngineDescription
from musearoo.domain.music.key import SCALES
from musearoo.domain.music.style import AUTO, STYLES, synonyms


def spaced(words: str) -> frozenset[str]:
    """Words written in a row."""
    return frozenset(words.split())


class Sense(NamedTuple):
    """What a word stands for."""

    kind: str
    value: Any = None


PARTS: Final = {
    "drums": "drums, drum, drum beat, drum part, drum track, drum groove, beat, beats, kit, "
    "drum kit, percussion, drummer, drumming, rhythm section, drms",
    "bass": "bass, bassline, bass line, base, baseline, base line, bas, bass guitar, bass part, "
    "bassist",
    "melody": "melody, melodies, lead, lead line, tune, solo, topline, top line, melodic line",
    "harmony": "harmony, chords, comping, piano, keys, keyboard, keyboards, accompaniment, "
    "backing, pad part, rhythm guitar, harmonies",
}
VERBS: Final = {
    "generate": "generate, create, give me, give us, write, compose, build, add, i want, i need, "
    "improvise, lay down, make up, come up with, drop in, let me hear, generating",
    "make": "make, make me",
    "set": "set, change, put, turn, switch, adjust, keep it, bring, use, modify, raise it, "
    "transpose, modulate",
    "play": "play, start, playing, start playing, start over, resume, continue, roll, hit it, "
    "press play, playback, play back",
    "stop": "stop, pause, halt, hold on, stop playing, stop the music, press stop",
    "panic": "panic, silence, all notes off, all sound off",
    "go": "go, go to, go back to, jump, jump to, move to, locate, skip to, rewind, back to",
    "loop": "loop, cycle, loop it, looping",
    "undo": "undo, undo that, take that back, take it back, revert, undo it",
    "redo": "redo, redo that, do it again, redo it",
    "lock": "lock, freeze, protect, keep",
    "unlock": "unlock, unfreeze, release",
    "regenerate": "regenerate, again, try again, redo the, replay, reroll, rewrite, once more",
    "cancel": "cancel, abort, never mind, nevermind, stop generating, cancel that",
    "reset": "reset, back to default, default, defaults",
}
PARAMETERS: Final = {
    "complexity": "complexity, syncopation",
    "density": "density, notes",
    "intensity": "intensity, energy, volume, velocity, power, dynamics",
    "swing": "swing amount, shuffle",
    "humanise": "humanise, humanize, humanisation, humanization, human feel, looseness",
    "variation": "variation, variety, variations",
    "fills": "fills, fill, drum fills",
    "fill_complexity": "fill complexity",
    "ghost_notes": "ghost notes, ghosts, ghost strokes",
    "follow": "follow, following",
    "push": "push",
    "register": "register, octave range",
    "tension": "tension, tensions, extensions",
    "hook": "hook, hookiness",
    "range": "range",
    "call_response": "call and response, call response",
    "outside": "outside, outside notes",
    "rests": "rests, rest, breathing space",
    "voices": "number of voices, chord notes",
    "strict": "strict, strict voice leading",
}
"""Names by which engine parameters are known, beside their own."""

ADJECTIVES: Final = {
    ("density", 1): "busy, busier, dense, denser, fuller, thicker, crowded",
    ("density", -1): "sparse, sparser, thinner, spacious, emptier, calmer down, space",
    ("complexity", 1): "complex, complicated, intricate, trickier, fancier, fancy, syncopated",
    ("complexity", -1): "simple, simpler, easier, plainer, plain, basic, minimal",
    ("intensity", 1): "loud, louder, harder, hard, heavy, heavier, stronger, powerful, energetic, "
    "intense, punchy, punchier, aggressive, bigger, driving",
    ("intensity", -1): "soft, softer, quiet, quieter, gentle, gentler, lighter, mellow, mellower, "
    "calm, calmer",
    ("swing", 1): "swingy, swung, swingier, shuffled, bouncy, bouncier",
    ("swing", -1): "straight, straighter",
    ("humanise", 1): "human, looser, loose, sloppy, sloppier, organic",
    ("humanise", -1): "tight, tighter, robotic, mechanical, quantised, quantized, precise",
    ("groove", 1): "groovy, groovier",
    ("variation", 1): "varied, wild, wilder, surprising, adventurous",
    ("variation", -1): "repetitive, steady, steadier, consistent",
    ("register", 1): "high, higher, high up",
    ("register", -1): "low, lower, deep, deeper",
    ("push", 1): "laid back, lazy, lazier, behind the beat, dragging, laid-back",
    ("push", -1): "ahead of the beat, on top of the beat, rushed, pushing",
    ("tension", 1): "tense, tenser, spicy, spicier, richer",
    ("tension", -1): "plain chords, triads",
    ("hook", 1): "catchy, catchier, hooky",
}
_OTHERS: Final[dict[tuple[str, Any], str]] = {
    ("all", None): "everything, everyone, all parts, the band, whole band, full band, band, all",
    ("more", 1): "more, increase, raise, boost, turn up, add more, crank up, crank",
    ("more", -1): "less, decrease, reduce, turn down, fewer, cut, not so, not as, lower the, drop",
    ("too", None): "too, way too, bit too, little too, much too",
    ("amount", 0.1): "bit, a bit, a little, little, slightly, a touch, touch, a tad, tad, hair",
    ("amount", 0.35): "much, a lot, way, lots, far, really, significantly, plenty, tons",
    ("up", 1): "up",
    ("up", -1): "down",
    ("max", 1): "maximum, max, full, all the way, all the way up",
    ("max", 0): "minimum, min, nothing, none",
    ("switch", True): "on, enable",
    ("switch", False): "off, disable",
    ("percent", None): "percent, per cent, %",
    ("bpm", None): "bpm, beats per minute, beats a minute, b p m",
    ("tempo", None): "tempo, speed, pace, metronome",
    ("faster", 1): "faster, quicker, speed up, speed it up, hurry up, pick up the pace",
    ("faster", -1): "slower, slow down, slow it down, slow",
    ("times", 2.0): "double time, double tempo, twice as fast, double the tempo, double speed",
    ("times", 0.5): "half time, halftime, half tempo, half as fast, half the tempo, half speed",
    ("feel", None): "feel, time feel",
    ("keyword", None): "key, key of, scale, tonality",
    ("semitone", 1): "semitone, semitones, half step, half steps, half tone",
    ("semitone", 2): "whole step, whole steps, whole tone, whole tones",
    ("meterword", None): "meter, metre, time signature, signature, time",
    ("meter", "3/4"): "waltz, waltz time",
    ("meter", "4/4"): "common time",
    ("meter", "2/2"): "cut time",
    ("styleword", None): "style, genre, feeling, vibe",
    ("swing", None): "swing",
    ("groove", None): "groove, pocket",
    ("bar", None): "bar, measure",
    ("bars", None): "bars, measures",
    ("from", None): "from, starting, starting at, beginning at, starting from",
    ("until", None): "through, until, till, up to, thru",
    ("to", None): "to, into",
    ("by", None): "by",
    ("at", None): "at, around, about",
    ("in", None): "in, on, for, of, with",
    ("top", None): "the top, top, beginning, the beginning, start of the song, the start, bar one",
    ("first", None): "first",
    ("last", None): "last, final",
    ("this", None): "this, current, that",
    ("form", None): "song, piece, track, long, length, tune length, form",
    ("take", None): "take, version, takes, one before",
    ("which", -1): "previous, earlier, older, prior, before",
    ("which", 1): "next, newer, following one",
    ("latest", None): "latest, newest",
    ("changes", None): "changes, steps, things, times, edits, change, step",
    ("when", "next_bar"): "next bar, on the next bar, at the next bar, on the one",
    ("when", "next_beat"): "next beat, on the next beat",
    ("when", "now"): "now, right now, immediately, straight away, right away",
    ("new", None): "a, an, some, new, another, different, fresh",
    ("not", None): "no, without, not, don't, dont, never",
    ("and", None): "and, plus, also, &",
    ("break", None): ", ; . ! ? then but afterwards",
    ("yes", "yes"): "yes, yeah, yep, confirm, do it, go ahead, sure, affirmative, yes please",
    ("only", None): "only, just the",
    ("ms", None): "milliseconds, millisecond, ms",
    ("outof", None): "out of ten, out of 10",
    ("accidental", -1): "flat",
    ("accidental", 1): "sharp",
    ("alternative", None): "or",
}
FILLERS: Final = spaced(
    "the please could can you i we would like want need me us it its my our your just so hey ok "
    "okay um uh er well let lets s is are be have has hear thing kind sort sounds sound sounding "
    "music playing there here do does did will would should m re ve d ll got get as than "
    "maestro computer musearoo kinda sorta maybe perhaps thanks thank cool nice "
    "th st nd rd if played line part parts pattern something tracks level amount value "
    "nice good great them they those these its"
)
LEFT_ALONE: Final = spaced(
    "drama plan plane face space lace date tape cake late rate lane blue "
    "wine live love life work word world good wood food mouse horse nose hope "
    "cope back black lack pack park dark mark hard yard card care core more most must just dust "
    "what that than then them they their there these those this here hear dear year near fear "
    "seat heat eat tea team dream cream steam stream phone bone tone stone alone done gone none "
    "coffee pizza weather sunny table green brown white purple orange money honey story glory "
    "open close door window mother father brother sister morning evening night light sight fight "
    "could would should might never every hello lots shots party parrot carrot guitar "
    "order border call ball tall wall hall small fall stall still will bill hill kill mill pill"
)
LETTER_WORDS: Final = {
    "alpha": "a", "bravo": "b", "charlie": "c", "delta": "d", "echo": "e", "foxtrot": "f",
    "golf": "g", "apple": "a", "boy": "b", "dog": "d", "easy": "e", "fox": "f", "george": "g",
}  # fmt: skip
"""Letters spelled out, because those of notes are easily misheard."""

VOICES: Final = {
    "kick": "kick, kicks, bass drum, kick drum",
    "snare": "snare, snares, snare drum",
    "closed hat, open hat, pedal hat": "hats, hat, hi hat, hi hats, high hat, high hats, hihats, "
    "hihat",
    "ride, ride bell": "rides, ride cymbal",
    "crash, crash 2": "crashes, crash cymbal, cymbals",
    "high tom, mid tom, floor tom": "toms, tom",
}
STYLE_WORDS: Final = {
    "funkier": "funk", "jazzier": "jazz", "bluesier": "blues", "rockier": "rock", "poppy": "pop",
    "poppier": "pop", "latiny": "latin", "soulful": "soul", "metallic": "metal", "punky": "punk",
    "folky": "folk", "boom bap": "hip hop", "drum and bass": "dance", "drum n bass": "dance",
    "afro cuban": "afrocuban", "afro beat": "afrobeat", "heavy metal": "metal", "lo fi": "hip hop",
    "rock and roll": "rock", "rock n roll": "rock", "swing style": "jazz", "swing beat": "jazz",
    "big band": "jazz", "bossanova": "latin", "reggaeton": "latin", "motown": "soul",
    "country and western": "country", "club": "dance", "grunge": "rock", "drum'n'bass": "dance",
}  # fmt: skip


def _phrases() -> Iterator[tuple[str, Sense]]:
    for kind, table in (("part", PARTS), ("verb", VERBS), ("param", PARAMETERS)):
        for value, words in table.items():
            yield from ((phrase, Sense(kind, value)) for phrase in _listed(words))
    for (name, direction), words in ADJECTIVES.items():
        sense = Sense("adjective", (name, direction))
        yield from ((phrase, sense) for phrase in _listed(words))
    for (kind, meant), words in _OTHERS.items():
        phrases = words.split() if kind == "break" else _listed(words)
        yield from ((phrase, Sense(kind, meant)) for phrase in phrases)
    for phrase in (*STYLES, AUTO):
        yield phrase, Sense("style", phrase)
    for phrase, style in {**synonyms(), **STYLE_WORDS}.items():
        if phrase not in ("swing", "slow"):  # they mean a parameter and the tempo
            yield phrase.replace("-", " "), Sense("style", style)
    for mode in (*SCALES, "ionian", "aeolian"):
        if mode != "blues":
            yield mode, Sense("mode", mode)


def _listed(words: str) -> list[str]:
    return [word.strip() for word in words.split(",")]


def _of_engine(engine: EngineDescription) -> Iterator[tuple[str, Sense]]:
    part = Sense("part", engine.default_part)
    for name in (engine.default_part, engine.name, engine.title.lower()):
        yield name, part
    for phrase in engine.voices if len(engine.voices) > 1 else ():
        if phrase not in PARTS:
            yield phrase, Sense("voice", (engine.default_part, (phrase,)))
    for spec in engine.parameters:
        yield spec.name.replace("_", " "), Sense("param", spec.name)
        if spec.kind == "choice" and spec.name != "style":
            for choice in spec.choices:
                if choice != AUTO:
                    yield choice, Sense("choice", (engine.default_part, spec.name, choice))


class Lexicon:
    """Everything the grammar knows to read, with these engines."""

    def __init__(self, engines: Iterable[EngineDescription]) -> None:
        self.senses: dict[str, Sense] = {}
        own = dict(_phrases())
        for phrase, words in VOICES.items():
            for each in _listed(words):
                own[each] = Sense("voice", ("drums", tuple(_listed(phrase))))
        for engine in engines:
            for phrase, sense in _of_engine(engine):
                if _readable(phrase):
                    self.senses.setdefault(phrase.replace("-", " ").lower(), sense)
        self.senses |= own
        self.longest: dict[str, int] = {}
        for phrase in self.senses:
            words_ = phrase.split()
            self.longest[words_[0]] = max(len(words_), self.longest.get(words_[0], 1))
        self.words = frozenset(word for phrase in self.senses for word in phrase.split())


def _readable(phrase: str) -> bool:
    return 2 <= len(phrase) <= 40 and any(letter.isalpha() for letter in phrase)
