"""Address patterns stand for what the specification says, and nothing makes them slow."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.osc import MAXIMUM_ADDRESS, OscRefused, compile_pattern, is_pattern
from tests.fuzz.spent import within

STAND_FOR = [
    ("/a/b", "/a/b"),
    ("/a/?", "/a/b"),
    ("/a/*", "/a/b"),
    ("/a/*", "/a/"),
    ("/a/b*", "/a/b"),
    ("/a/*b*", "/a/b"),
    ("/*/*", "/a/b"),
    ("/a/x*y*z", "/a/x-y-y-z"),
    ("/a/[xyz]", "/a/y"),
    ("/a/[a-c]1", "/a/b1"),
    ("/a/[c-a]1", "/a/b1"),
    ("/a/[-x]", "/a/-"),
    ("/a/[x-]", "/a/-"),
    ("/a/[a-cx-z]", "/a/y"),
    ("/a/[!x]", "/a/y"),
    ("/a/[!a-c]", "/a/d"),
    ("/a/[x!]", "/a/!"),
    ("/{foo,bar}/x", "/bar/x"),
    ("/{foo,fo}o", "/foo"),
    ("/{,foo}bar", "/bar"),
    ("/{foo,bar}*", "/bar7"),
    ("/musearoo/{drums,bass}/comp*", "/musearoo/bass/complexity"),
    ("//b", "/b"),
    ("//b", "/a/b"),
    ("//b", "/a/x/y/b"),
    ("/a//b", "/a/b"),
    ("/a//b", "/a/x/y/b"),
    ("/a//b//c", "/a/x/b/y/z/c"),
    ("//b/*", "/b/b/c"),
    ("///b", "/a/b"),
]
STAND_NOT_FOR = [
    ("/a/b", "/a/c"),
    ("/a/b", "/a"),
    ("/a/b", "/a/b/c"),
    ("/A", "/a"),
    ("/a/?", "/a/"),
    ("/a/?", "/a/bc"),
    ("/*", "/a/b"),
    ("/a*", "/a/b"),
    ("/a?b", "/a/b"),
    ("/a[!x]b", "/a/b"),
    ("/a/[xyz]", "/a/a"),
    ("/a/[!x]", "/a/x"),
    ("/a/[!x]", "/a/"),
    ("/{foo,bar}", "/foobar"),
    ("/{foo,bar}", "/fo"),
    ("/*a*b", "/ba"),
    ("//b", "/a/c"),
    ("/a//b", "/x/a/b"),
    ("/a//b", "/a"),
    ("//b", "/b/c"),
    ("/a.b", "/axb"),
    ("/a", "a"),
    ("/a", ""),
]
BAD = ["", "a", "/", "/a/", "//", "/[", "/[]", "/[!]", "/]", "/{", "/}", "/{a", "/a}", "/[a/b]",
       "/{a/b}", "/{a*,b}", "/{{a},b}", "/[[a]", "/*a*a*a*a*a*a*a*a*a", "/{" + "a," * 16 + "}",
       "//a//a//a//a//a", "/é", "/\ud800", "/a b", "/" + "a" * MAXIMUM_ADDRESS]  # fmt: skip


@pytest.mark.parametrize(("pattern", "address"), STAND_FOR)
def test_stands_for(pattern: str, address: str) -> None:
    assert compile_pattern(pattern).matches(address)
    assert compile_pattern(pattern).among([address, "/q"]) == [address]


@pytest.mark.parametrize(("pattern", "address"), STAND_NOT_FOR)
def test_does_not_stand_for(pattern: str, address: str) -> None:
    assert not compile_pattern(pattern).matches(address)


@pytest.mark.parametrize("pattern", BAD)
def test_is_no_pattern(pattern: str) -> None:
    """What cannot be read, or is beyond the limits, is refused with the reason."""
    with pytest.raises(OscRefused, match=r"\.$"):
        compile_pattern(pattern)


def test_which_addresses_are_patterns() -> None:
    assert not is_pattern("/musearoo/drums/complexity")
    for pattern in ("/*", "/?", "/[a]", "/{a}", "//a"):
        assert is_pattern(pattern)


def test_many_addresses_are_looked_through_in_their_order() -> None:
    addresses = [f"/musearoo/{part}/{name}" for part in ("drums", "bass") for name in "abc"]
    found = compile_pattern("/musearoo/*/[ac]").among(addresses)
    assert found == [address for address in addresses if not address.endswith("b")]


names = st.text("ab/", max_size=8)
pieces = st.sampled_from(["a", "b", "?", "*", "[a]", "[!a]", "{a,bb}", "{,ab}", "/"])


@given(st.lists(pieces, max_size=8), names)
def test_agrees_with_a_regular_expression(chosen: list[str], name: str) -> None:
    """Without `//` a pattern is a small regular expression, which Python reads too."""
    pattern = "/" + "".join(chosen)
    if "//" in pattern or pattern.endswith("/"):
        return
    same = {"?": "[^/]", "*": "[^/]*", "[!a]": "[^a/]", "{a,bb}": "(a|bb)", "{,ab}": "(|ab)"}
    expression = re.compile("/" + "".join(same.get(piece, piece) for piece in chosen))
    expected = expression.fullmatch("/" + name) is not None
    assert compile_pattern(pattern).matches("/" + name) == expected


BOMBS = [
    ("/" + "*a" * 8 + "b", "/" + "a" * 254),
    ("/" + "*a*?" * 4 + "x", "/" + "a" * 254),
    ("/" + "{a,aa,aaa,aaaa}" * 16, "/" + "a" * 254),
    ("/" + "{" + "a," * 15 + "b}" * 1 + "*" + "a" * 200 + "x", "/" + "a" * 254),
    ("/" + "?" * 254, "/" + "a" * 254),
    ("/" + "[!b]" * 63, "/" + "a" * 254),
    ("/" + "*" * 254, "/" + "a" * 254),
    ("//*a//*a//*a//*a/x", "/a" * 127),
    ("/" + "*a/" * 84 + "b", "/a" * 127),
    ("//" + "?/" * 60 + "x", "/a" * 127),
]


@pytest.mark.serial
@pytest.mark.parametrize(("pattern", "address"), BOMBS)
def test_no_pattern_is_slow(pattern: str, address: str) -> None:
    """The worst patterns found take less than 5 ms against the longest address."""
    assert within(0.005, lambda: compile_pattern(pattern).matches(address))


@pytest.mark.serial
@pytest.mark.parametrize("pattern", [pattern for pattern, _ in BOMBS])
def test_no_pattern_is_slow_over_a_table(pattern: str) -> None:
    """Nor do they against 500 addresses that share their parts, as in the door's table."""
    table = [
        f"/musearoo/{'a' * (part + 3)}/{'a' * name}" for part in range(5) for name in range(100)
    ]
    assert within(0.005, lambda: compile_pattern(pattern).among(table))
