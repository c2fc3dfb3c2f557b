"""What was asked for, however long it takes: 200 with it, or 202 and the place to ask at."""

from typing import Any

import httpx

from tests.waiting import wait_until

LONG = 90.0
"""Seconds for work that a busy machine needs long for: analysing, playing, rendering."""
ENDS = frozenset({"completed", "failed", "cancelled"})


def outcome(http: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    """What a request for work came to in the end: it was completed."""
    assert answer.status_code in {200, 202}, answer.text
    shown: dict[str, Any] = answer.json()
    if answer.status_code == 202:
        shown = ended(http, answer.headers["location"])
    assert shown["status"] == "completed", shown
    return shown


def ended(http: httpx.Client, place: str) -> dict[str, Any]:
    """Some work as it stands at its end, whatever end that is."""

    def at_its_end() -> dict[str, Any]:
        state: dict[str, Any] = http.get(place).json()
        return state if state["status"] in ENDS else {}

    return wait_until(at_its_end, f"the end of {place}", LONG)
