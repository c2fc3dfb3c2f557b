"""Misspelled words: the nearest word of a vocabulary within a bounded edit distance.

Candidates come from an index of words with one letter left out (after Garbe's symmetric
delete), so that a look-up costs as many dictionary reads as the word has letters, however
large the vocabulary is.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

SHORTEST: Final = 4
"""Shorter words are never corrected: too many of them are one letter apart."""
LONGEST: Final = 20
"""Longer ones are not corrected: their forms grow with the square of their length."""
_TWICE: Final = 8
"""From this length on two letters may be wrong."""


class Speller:
    """Corrects towards `vocabulary`; words of `left_alone` are right as they are."""

    def __init__(self, vocabulary: Iterable[str], left_alone: Iterable[str] = ()) -> None:
        self._known = frozenset(vocabulary)
        self._left_alone = frozenset(left_alone)
        index: dict[str, set[str]] = defaultdict(set)
        for word in self._known:
            if len(word) >= SHORTEST:
                for form in _shortened(word, 2 if len(word) >= _TWICE else 1):
                    index[form].add(word)
        self._index = {form: tuple(sorted(words)) for form, words in index.items()}

    def correct(self, word: str) -> str | None:
        """The one word that is nearest to a word outside the vocabulary, or None."""
        if not SHORTEST <= len(word) <= LONGEST or word in self._left_alone or not word.isalpha():
            return None
        forms = _shortened(word, 2 if len(word) >= _TWICE else 1)
        found = {each for form in forms for each in self._index.get(form, ())}
        return self._nearest(word, found)

    def _nearest(self, word: str, found: Iterable[str]) -> str | None:
        best: list[tuple[int, str]] = []
        for each in found:
            if each[0] != word[0] and len(each) <= SHORTEST + 1:
                continue
            bound = 2 if min(len(word), len(each)) >= _TWICE else 1
            distance = edit_distance(word, each, bound)
            if distance <= bound:
                unlike = 2 * (each[0] != word[0]) + (len(each) != len(word))
                best.append((4 * distance + unlike, each))
        best.sort()
        if not best or (len(best) > 1 and best[0][0] == best[1][0]):
            return None
        return best[0][1]


def edit_distance(one: str, other: str, bound: int) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours; `bound` + 1 for any more."""
    if abs(len(one) - len(other)) > bound:
        return bound + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, their in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != their))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == their:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > bound:
            return bound + 1
    return min(row[-1], bound + 1)


def _shortened(word: str, letters: int) -> set[str]:
    """The word itself, and with up to that many letters left out."""
    forms = {word}
    for _ in range(letters):
        forms |= {form[:i] + form[i + 1 :] for form in forms for i in range(len(form))}
    return forms
