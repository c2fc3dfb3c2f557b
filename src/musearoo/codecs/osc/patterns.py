"""OSC address patterns, matched part by part in bounded time.

`?` is one character, `*` any number of them, `[a-z]` one of these, `[!a-z]` one of no others,
`{one,other}` one of these strings; none of them reaches over a slash. `//` (OSC 1.1) stands
for any number of parts between. A part is matched by moving a set of places in the text
along, held as the bits of an integer; there is no way back, so no input makes it slow.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from musearoo.codecs.osc.values import MAXIMUM_ADDRESS, OscRefused, checked_address

SPECIAL: Final = frozenset("?*[]{}")

MAXIMUM_STARS: Final = 8
"""Stars in one part of a pattern."""

MAXIMUM_ALTERNATIVES: Final = 16
"""Strings between one pair of braces."""

MAXIMUM_DESCENTS: Final = 4
"""Times that `//` may stand in a pattern."""

_STAR: Final = "*"
_Known: TypeAlias = dict[tuple[int, str], bool]  # whether a part of the pattern fits a name
# A set of characters (empty and False: none; with True: all but these), strings, or a star.
_Token: TypeAlias = tuple[frozenset[str], bool] | tuple[str, ...] | str


def is_pattern(address: str) -> bool:
    """Whether the address stands for others than itself."""
    return not SPECIAL.isdisjoint(address) or "//" in address


def compile_pattern(text: str) -> "Pattern":
    """Read a pattern; raises `OscRefused`."""
    checked_address(text.encode("utf-8", "surrogatepass"))
    if text.endswith("/"):
        raise OscRefused("A pattern ends with the name of something.")
    names = text.split("/")[1:]
    parts = tuple(_Part(name) if name else None for name in names)
    if parts.count(None) > MAXIMUM_DESCENTS:
        raise OscRefused(f"A pattern has at most {MAXIMUM_DESCENTS} double slashes.")
    return Pattern(text, parts)


class Pattern:
    """A pattern that was read; None among the parts stands for any number of parts."""

    __slots__ = ("_descends", "_parts", "text")

    def __init__(self, text: str, parts: "tuple[_Part | None, ...]") -> None:
        self.text = text
        self._parts = parts
        self._descends = None in parts

    def matches(self, address: str) -> bool:
        """Whether the pattern stands for this address."""
        return self._matches(address, {})

    def among(self, addresses: Iterable[str]) -> list[str]:
        """Those addresses that the pattern stands for; a part they share is looked at once."""
        known: _Known = {}
        return [address for address in addresses if self._matches(address, known)]

    def _matches(self, address: str, known: _Known) -> bool:
        if len(address) > MAXIMUM_ADDRESS or not address.startswith("/"):
            return False
        names = address[1:].split("/")
        if self._descends:
            return self._matches_at_depth(names, known)
        return len(names) == len(self._parts) and all(
            self._fits(place, name, known) for place, name in enumerate(names)
        )

    def _matches_at_depth(self, names: list[str], known: _Known) -> bool:
        places = self._opened({0})
        for name in names:
            places = self._opened(self._moved(places, name, known))
            if not places:
                return False
        return len(self._parts) in places

    def _opened(self, places: set[int]) -> set[int]:
        """With each place before a `//` also the one after it."""
        for place in tuple(places):
            after = place
            while after < len(self._parts) and self._parts[after] is None:
                after += 1
                places.add(after)
        return places

    def _moved(self, places: set[int], name: str, known: _Known) -> set[int]:
        moved = set()
        for place in places:
            if place == len(self._parts):
                continue
            if self._parts[place] is None:
                moved.add(place)
            elif self._fits(place, name, known):
                moved.add(place + 1)
        return moved

    def _fits(self, place: int, name: str, known: _Known) -> bool:
        part = self._parts[place]
        if part is None:
            return True
        if part.literal is not None:
            return name == part.literal
        fits = known.get((place, name))
        if fits is None:
            fits = known[place, name] = part.matches(name)
        return fits


class _Part:
    """What stands between two slashes."""

    __slots__ = ("_least", "_tokens", "literal")

    def __init__(self, text: str) -> None:
        self.literal = text if SPECIAL.isdisjoint(text) else None
        self._tokens = _tokens(text) if self.literal is None else ()
        self._least = sum(_least(token) for token in self._tokens)

    def matches(self, name: str) -> bool:
        if len(name) < self._least:
            return False
        places, text = 1, _Text(name)
        for token in self._tokens:
            places = text.after(token, places)
            if not places:
                return False
        return bool(places >> len(name) & 1)


class _Text:
    """A name, and where in it each set of characters stands, as bits."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._all = (1 << len(name)) - 1
        self._where: dict[str, int] = {}
        for place, character in enumerate(name):
            self._where[character] = self._where.get(character, 0) | 1 << place

    def after(self, token: _Token, places: int) -> int:
        """The places that can be reached from these over the token."""
        if token == _STAR:
            lowest = places & -places
            return ((self._all << 1) | 1) & -lowest
        if isinstance(token[0], frozenset):
            return (places & self._standing(token[0], negated=bool(token[1]))) << 1
        reached = 0
        for string in token:
            reached |= self._over(str(string), places)
        return reached

    def _over(self, string: str, places: int) -> int:
        for character in string:
            places = (places & self._where.get(character, 0)) << 1
        return places

    def _standing(self, characters: frozenset[str], *, negated: bool) -> int:
        bits = 0
        for character in characters & self._where.keys():
            bits |= self._where[character]
        return self._all & ~bits if negated else bits


def _least(token: _Token) -> int:
    if token == _STAR:
        return 0
    return 1 if isinstance(token[0], frozenset) else min(len(str(string)) for string in token)


def _tokens(part: str) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    at = 0
    while at < len(part):
        character = part[at]
        if character in "[{":
            end = part.find("]" if character == "[" else "}", at)
            if end < 0:
                raise OscRefused(f"The pattern opens {character} and does not close it.")
            inside = part[at + 1 : end]
            tokens.append(_characters(inside) if character == "[" else _strings(inside))
            at = end
        elif character in "]}":
            raise OscRefused(f"The pattern closes {character} and did not open it.")
        elif character == _STAR:
            if not tokens or tokens[-1] != _STAR:
                tokens.append(_STAR)
        else:
            tokens.append(
                (frozenset() if character == "?" else frozenset(character), character == "?")
            )
        at += 1
    if tokens.count(_STAR) > MAXIMUM_STARS:
        raise OscRefused(f"A part of a pattern has at most {MAXIMUM_STARS} stars.")
    return tuple(tokens)


def _characters(inside: str) -> _Token:
    negated = inside.startswith("!")
    listed = inside[1:] if negated else inside
    if not listed or not SPECIAL.isdisjoint(listed):
        raise OscRefused("Square brackets hold characters, and none of ? * [ ] { }.")
    found: set[str] = set()
    at = 0
    while at < len(listed):
        if listed[at + 1 : at + 2] == "-" and at + 2 < len(listed):
            first, last = ord(listed[at]), ord(listed[at + 2])
            found.update(map(chr, range(min(first, last), max(first, last) + 1)))
            at += 3
        else:
            found.add(listed[at])
            at += 1
    return frozenset(found), negated


def _strings(inside: str) -> _Token:
    strings = tuple(inside.split(","))
    if len(strings) > MAXIMUM_ALTERNATIVES or not SPECIAL.isdisjoint(inside):
        raise OscRefused(
            f"Braces hold at most {MAXIMUM_ALTERNATIVES} strings, without ? * [ ] {{ }}."
        )
    return strings
