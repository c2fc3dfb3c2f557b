"""A sentence as signs: words with their sense, misspellings mended, fillers left out."""

import re
from typing import Final, NamedTuple

from musearoo.domain.music.pitch import parse_pitch_class
from musearoo.voice.lexicon import FILLERS, LEFT_ALONE, LETTER_WORDS, Lexicon, Sense, spaced
from musearoo.voice.numbers import WORDS, read_number
from musearoo.voice.spelling import Speller

MAXIMUM_CHARACTERS: Final = 500
MAXIMUM_WORDS: Final = 80
_TOKEN: Final = re.compile(
    r"[a-z]+(?:#(?:maj|min|m)?)?(?:'[a-z]+)?|\d{1,6}/\d{1,4}|\d{1,6}(?:\.\d{1,6})?|\.\d{1,6}|[,;.!?%]"
)
_REPLACED: Final = (
    ("’", "'"), ("♭", "b"), ("♯", "#"), ("r&b", "rnb"), ("d&b", "drum and bass"), ("&", " and "),
    ("%", " % "), ("'n'", " n "),
)  # fmt: skip
_HYPHEN: Final = re.compile(r"(?<=[a-z])-(?=[a-z0-9])|(?<=\d)-(?=[a-z])")
_RANGE: Final = re.compile(r"(?<=\d)\s?[-–]\s?(?=\d)")
_CONTRACTED: Final = {
    "gimme": ("give", "me"), "lemme": ("let", "me"), "wanna": ("want", "to"), "don't": ("not",),
    "dont": ("not",), "i'd": ("i",), "i'm": ("i",), "let's": (), "it's": (), "lets": (),
    "cmon": (), "c'mon": (), "w/o": ("without",), "perc": ("percussion",), "pct": ("percent",),
    "arp": ("arpeggio",), "arps": ("arpeggio",),
}  # fmt: skip
_NOTE: Final = re.compile(r"([a-g])(#|b)?(m|min|maj)?")
_MODE_WORDS: Final = spaced(
    "major minor maj min dorian phrygian lydian mixolydian locrian harmonic melodic pentatonic "
    "blues ionian aeolian flat sharp"
)
_BEFORE_NOTE: Final = frozenset(("in", "to", "of", "key", "is", "scale"))
_AFTER_MODE: Final = frozenset(("key", "scale", "mode", "feel", "tonality"))


class Sign(NamedTuple):
    """A word or phrase that means something, as it is in the lexicon."""

    kind: str
    value: object
    text: str


class Read(NamedTuple):
    """The signs of a sentence, the words without a sense, and how many had to be corrected."""

    signs: list[Sign]
    unknown: list[str]
    corrected: int


class Reader:
    """Reads sentences with one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        known = {word for word in lexicon.words if word.isalpha()} | WORDS
        self._speller = Speller(known | {w for w in FILLERS if len(w) > 3}, LEFT_ALONE)
        self._right = known | FILLERS | set(LETTER_WORDS)

    def read(self, text: str) -> Read:
        """Turn text into signs; what is beyond the longest sentence is not read."""
        words, corrected = self._mended(_words(text))
        signs: list[Sign] = []
        unknown: list[str] = []
        at = 0
        while at < len(words):
            found = self._sign(words, at)
            if found is not None:
                sign, at = found
                signs.append(sign)
                continue
            if words[at] not in FILLERS:
                unknown.append(words[at])
            at += 1
        return Read(signs, unknown, corrected)

    def _mended(self, words: list[str]) -> tuple[list[str], int]:
        mended, corrected = [], 0
        for word in words:
            if word in self._right or not word.isalpha() or _NOTE.fullmatch(word):
                mended.append(word)
                continue
            if word[-1] == "s" and word[:-1] in self._right:
                mended.append(word[:-1])
                continue
            better = self._speller.correct(word)
            corrected += better is not None
            mended.append(better or word)
        return mended, corrected

    def _sign(self, words: list[str], at: int) -> tuple[Sign, int] | None:
        phrase = self._phrase(words, at, 2)
        if phrase is not None:
            return phrase
        if "/" in words[at]:
            return Sign("meter", words[at], words[at]), at + 1
        number = read_number(words, at)
        if number is not None:
            value, end = number
            return Sign("number", value, " ".join(words[at:end])), end
        return self._note(words, at) or self._phrase(words, at, 1)

    def _phrase(self, words: list[str], at: int, shortest: int) -> tuple[Sign, int] | None:
        longest = self._lexicon.longest.get(words[at], 0)
        for length in range(min(longest, len(words) - at), shortest - 1, -1):
            text = words[at] if length == 1 else " ".join(words[at : at + length])
            sense: Sense | None = self._lexicon.senses.get(text)
            if sense is not None:
                return Sign(sense.kind, sense.value, text), at + length
        return None

    def _note(self, words: list[str], at: int) -> tuple[Sign, int] | None:
        word = words[at]
        letter = LETTER_WORDS.get(word)
        if letter is not None:
            if _at(words, at + 1) not in _MODE_WORDS:
                return None
            return Sign("note", (parse_pitch_class(letter), None), word), at + 1
        form = _NOTE.fullmatch(word)
        if form is None or not _is_note(words, at):
            return None
        mode = {"m": "minor", "min": "minor", "maj": "major"}.get(form[3] or "")
        value = (parse_pitch_class(form[1].upper() + (form[2] or "")), mode)
        end = at + 1
        if _at(words, end) == "as" and _at(words, end + 1) == "in":
            end = min(end + 3, len(words))  # "d as in delta"
        return Sign("note", value, word.capitalize()), end


def _is_note(words: list[str], at: int) -> bool:
    """Whether a letter stands for a note here: before a mode, or where a key is named."""
    after, before = _at(words, at + 1), _at(words, at - 1) if at else ""
    if after == "as":
        return True
    if after in _MODE_WORDS:
        return not (words[at] == "a" and _at(words, at + 2) in _AFTER_MODE)
    if before not in _BEFORE_NOTE:
        return False
    return words[at] != "a" or after in ("", ",", ".", "and", "then", "!", "?", ";")


def _words(text: str) -> list[str]:
    lowered = text[:MAXIMUM_CHARACTERS].lower()
    for old, new in _REPLACED:
        if old in lowered:
            lowered = lowered.replace(old, new)
    if "-" in lowered or "–" in lowered:
        lowered = _HYPHEN.sub(" ", _RANGE.sub(" to ", lowered))
    words: list[str] = []
    for word in _TOKEN.findall(lowered)[:MAXIMUM_WORDS]:
        if word in _CONTRACTED:
            words.extend(_CONTRACTED[word])
        else:
            words.append(word.removesuffix("'s") if "'" in word else word)
    return words


def _at(words: list[str], index: int) -> str:
    return words[index] if index < len(words) else ""
