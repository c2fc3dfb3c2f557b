"""Numbers as people write and say them: "110", "0.7", "a hundred and ten", "one twenty five"."""

from collections.abc import Sequence
from typing import Final

_UNITS: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9,
}  # fmt: skip
_TEENS: Final = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS: Final = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
WORDS: Final = frozenset({*_UNITS, *_TEENS, *_TENS, "hundred", "point"})


def read_number(words: Sequence[str], at: int) -> tuple[float, int] | None:
    """The number that begins at a word, and the place behind it; None if none does.

    Words that only mean a number after "one hundred" ("oh", "and") are no beginning. A unit
    before a round number is a hundred, as tempi are spoken: "one twenty" is 120.
    """
    word = words[at]
    if word[0].isdigit() or word[0] == ".":
        return (float(word), at + 1) if _is_decimal(word) else None
    whole = _whole(words, at)
    if whole is None:
        return _fraction(words, at)
    value, end = whole
    tail = _fraction(words, end)
    return (value + tail[0], tail[1]) if tail else (float(value), end)


def _is_decimal(word: str) -> bool:
    return word.replace(".", "", 1).isascii() and word.replace(".", "", 1).isdigit()


def _fraction(words: Sequence[str], at: int) -> tuple[float, int] | None:
    """Read "point seven five" as 0.75."""
    if _word(words, at) != "point":
        return None
    digits, end = "", at + 1
    while (unit := _UNITS.get(_word(words, end))) is not None:
        digits += str(unit)
        end += 1
    if not digits and _word(words, end).isascii() and _word(words, end).isdigit():
        digits, end = words[end][:6], end + 1
    return (float(f"0.{digits[:6]}"), end) if digits else None


def _whole(words: Sequence[str], at: int) -> tuple[int, int] | None:
    word = words[at]
    if word in ("a", "hundred") and _word(words, at + (word == "a")) == "hundred":
        return _after_hundred(words, 100, at + (word == "a") + 1)
    small = _below_hundred(words, at)
    if small is None:
        return None
    value, end = small
    if value < 10 and _word(words, end) == "hundred":
        return _after_hundred(words, 100 * value, end + 1)
    if 1 <= value < 4:
        rest = _below_hundred(words, end)
        if rest is not None and rest[0] >= 10:
            return 100 * value + rest[0], rest[1]
        if _word(words, end) in ("oh", "o") and _word(words, end + 1) in _UNITS:
            return 100 * value + _UNITS[words[end + 1]], end + 2
    return value, end


def _after_hundred(words: Sequence[str], hundreds: int, at: int) -> tuple[int, int]:
    start = at + (_word(words, at) == "and")
    rest = _below_hundred(words, start)
    return (hundreds + rest[0], rest[1]) if rest else (hundreds, at)


def _below_hundred(words: Sequence[str], at: int) -> tuple[int, int] | None:
    word = _word(words, at)
    if word in _TENS:
        unit = _UNITS.get(_word(words, at + 1), 0)
        return _TENS[word] + unit, at + 1 + (unit > 0)
    small = _UNITS.get(word, _TEENS.get(word))
    return None if small is None else (small, at + 1)


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if at < len(words) else ""
