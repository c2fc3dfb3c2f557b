"""The OSC page says what the code does: its figures, codes and addresses."""

import re
from pathlib import Path

import pytest

from musearoo.codecs.osc import (
    MAXIMUM_ADDRESS,
    MAXIMUM_DEPTH,
    MAXIMUM_ELEMENTS,
    MAXIMUM_PACKET,
)
from musearoo.codecs.osc.table import address_table
from musearoo.conductor import pairings
from musearoo.conductor.controls import LEARN_SECONDS
from musearoo.conductor.guesses import IN_ALL, PER_SOURCE
from musearoo.engines.loading import load_engines
from musearoo.protocols.osc import options
from musearoo.protocols.osc.schedule import AHEAD_SECONDS

PAGE = Path(__file__).parents[4].joinpath("docs/protocol/osc.md").read_text(encoding="utf-8")
WORDS = {5: "five", 7: "seven", 8: "eight", 100: "a hundred"}
TABLE = address_table(engine.description for engine in load_engines().values())


@pytest.mark.parametrize(
    "words",
    [
        f"{WORDS[pairings.CODE_DIGITS]} digits",
        f"for {WORDS[pairings.CODE_SECONDS // 60]} minutes",
        f"After {WORDS[PER_SOURCE]} wrong codes",
        f"{WORDS[IN_ALL]} of all addresses",
        f"{WORDS[round(pairings.PAIRED_SECONDS / 3600)]} hours after it was made",
        f"forgotten {options.LOCAL_SECONDS:.0f} seconds",
        f"at most {1 / options.FEEDBACK_SECONDS:.0f} times a second",
        f"once, {options.SETTLED_SECONDS:g} seconds",
        f"At most {options.REPLY_BYTES_PER_SECOND / 1024:.0f} KiB a second",
        f"at most {options.MAXIMUM_MATCHES} addresses",
        f"at most {AHEAD_SECONDS:.0f} seconds ahead",
        f"{options.MESSAGES_PER_SECOND:,.0f} a second and device, {options.BURST} at once",
        (
            f"{MAXIMUM_PACKET >> 10} KiB; {MAXIMUM_ELEMENTS:,} messages and bundles, "
            f"{MAXIMUM_DEPTH} levels deep"
        ),
        f"{MAXIMUM_ADDRESS} ASCII characters",
        f"| {options.LANE} a device |",
        (
            f"{options.LOCAL_PEERS}; {pairings.MAXIMUM_PAIRINGS:,} paired devices, "
            f"{pairings.PAIRINGS_PER_PERSON} a person"
        ),
        (
            f"{options.FLUSH_SECONDS * 1000:.0f} milliseconds "
            f"({options.SLOWEST_FLUSH_SECONDS * 1000:.0f} while many"
        ),
    ],
)
def test_figures(words: str) -> None:
    """Each limit of the page is the limit of the code."""
    assert words in re.sub(r"\s+", " ", PAGE)


def test_times_in_words() -> None:
    """What the page says in words without a figure."""
    assert pairings.SILENT_SECONDS == 3600
    assert LEARN_SECONDS == 60
    assert options.GESTURE_SECONDS == 0.5
    assert options.PATTERN_COST == 10


def test_addresses_of_the_page_exist() -> None:
    """Whatever address it names can be sent, or is sent."""
    known = {each.path for each in TABLE} | {each.echo for each in TABLE if each.echo}
    shapes = {re.sub(r"\{\w+\}", "<>", path) for path in known}
    shapes |= {re.sub(r"^/musearoo/(drums|bass)/", "/musearoo/<>/", path) for path in known}
    shapes |= {re.sub(r"/(drums|bass)$", "/<>", path) for path in known}
    shapes |= {"/musearoo/<>/<>/echo", "/musearoo/session/<>/echo"}
    for path in re.findall(r"/musearoo/[\w/<>]+", PAGE):
        assert re.sub(r"<\w+>", "<>", path).rstrip("/") in shapes, path
