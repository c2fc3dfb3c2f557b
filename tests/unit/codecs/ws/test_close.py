"""What a close code asks of a client."""

import re
from pathlib import Path

import pytest

from musearoo.codecs.ws import CloseCode, is_final, may_resume


@pytest.mark.parametrize("code", list(CloseCode))
def test_each_code_says_one_thing(code: CloseCode) -> None:
    """Resume, stop, or come back with something new; never two of them."""
    assert not (is_final(code) and may_resume(code))


def test_what_each_asks() -> None:
    """The network's accidents are resumed, one's own faults end, logins are renewed."""
    assert all(map(may_resume, (1001, 1005, 1006, 1011, 1012, 4001, 4008, 4099)))
    assert all(map(is_final, (1000, 1002, 1007, 1009, 4403, 4409)))
    renewed = (4401, 4429)
    assert not any(map(may_resume, renewed))
    assert not any(map(is_final, renewed))


def test_the_page_says_the_same() -> None:
    """Each code is in the page's table, and its advice is what the functions answer."""
    page = (Path(__file__).parents[4] / "docs/protocol/websocket.md").read_text()
    rows = [line.split("|")[1:4] for line in page.splitlines() if re.match(r"\| [14]\d{3}", line)]
    advised = {int(code): advice.strip() for codes, _, advice in rows for code in codes.split(",")}
    assert set(CloseCode) <= set(advised)
    for code, advice in advised.items():
        assert may_resume(code) == (advice == "resume"), code
        assert is_final(code) == (advice in {"nothing", "stop", "mend the client"}), code
