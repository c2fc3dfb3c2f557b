"""Mutated tokens, tickets, refresh secrets and signatures: refused as documented, and soon.

`make fuzz` lets it run for MUSEAROO_FUZZ_SECONDS (60 unless set) for each kind; otherwise a
fixed number of inputs from a fixed seed.
"""

import base64
import hashlib
import hmac
import json
import os
import random
import time
from collections.abc import Callable, Iterator

import pytest

from musearoo.domain.errors import Unauthenticated
from musearoo.domain.ids import FamilyId, UserId
from musearoo.ports.security import Claims, NewLogin, Replay, Ticket
from musearoo.security.ambient import SystemRandom
from musearoo.security.keys import Keys, MasterKey
from musearoo.security.refresh import RotatingRefresh
from musearoo.security.tickets import MemoryTickets
from musearoo.security.tokens import AUDIENCE, SignedTokens
from tests.doubles.accounts import LoginRows, login_transaction
from tests.doubles.ambient import CountedIds
from tests.fuzz.spent import looks_on

NOW = 1_800_000_000.0
LONGEST_SECONDS = 0.050
INPUTS = 3_000
USER, FAMILY = UserId("user"), FamilyId("family")
ISSUER = "https://band.example"
KEYS = Keys(MasterKey("k1", b"1" * 32), MasterKey("k0", b"0" * 32))

ODD = [
    "", ".", "..", "...", "=", "\0", "\n", " ", "é", "\ud800", "\U0001f3b8", "%00", "-", "_",
    "null", "{}", "[]", "e30", "bnVsbA", "AAAA", "9" * 400, "." * 3000, "A" * 3000, "[" * 3000,
]  # fmt: skip

VALUES: list[object] = [
    None, True, False, 0, -1, 1e308, -0.5, 2**63, 2**64, 10**300, "", "x", "\ud800", "\0", [], {},
    [[]], {"a": []}, "HS256", "none", "at+jwt", "k0", "k1", NOW, int(NOW), int(NOW) + 600, AUDIENCE,
    [AUDIENCE], ISSUER, "user",
]  # fmt: skip


def numbers(seed: int) -> Iterator[random.Random]:
    """One source of chance for each input, so that a failure names the one that failed."""
    if looks_on() or "MUSEAROO_FUZZ_SECONDS" in os.environ:
        ends = time.monotonic() + float(os.environ.get("MUSEAROO_FUZZ_SECONDS", "60"))
        seed = time.time_ns()
        number = 0
        while time.monotonic() < ends:
            yield random.Random(f"{seed}.{number}")
            number += 1
    else:
        yield from (random.Random(f"{seed}.{number}") for number in range(INPUTS))


def mutated(text: str, chance: random.Random) -> str:
    """The text with one to four small or gross faults."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        to = min(len(text), at + chance.choice([0, 1, 1, 2, 8, 100]))
        piece = chance.choice(
            [
                "",
                chance.choice(ODD),
                chr(chance.randrange(256)),
                text[at:to][::-1],
                text[at:to] * 2,
                text[at:to].swapcase(),
            ]
        )
        text = text[:at] + piece + text[to:]
    return text


def resigned(token: str, chance: random.Random) -> str:
    """A token with odd members, signed with a true key: only its content is wrong."""
    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]
    )
    target = chance.choice([header, claims, claims])
    for _ in range(chance.randint(1, 3)):
        name = chance.choice([*target, "crit", "b64", "jwk", "x5c", "zip", "enc", "nbf", "cnf"])
        if chance.random() < 0.2:
            target.pop(name, None)
        else:
            target[name] = chance.choice(VALUES)
    parts = [json.dumps(header), json.dumps(claims)]
    if chance.random() < 0.3:
        chosen = chance.randrange(2)
        parts[chosen] = mutated(parts[chosen], chance)
    signed = ".".join(spelled(part.encode("utf-8", "surrogatepass")) for part in parts)
    key = chance.choice(KEYS.alive()).derive("access token")
    return f"{signed}.{spelled(hmac.digest(key, signed.encode(), hashlib.sha256))}"


def spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def timed(act: Callable[[str], object], text: str) -> object:
    """What `act` answers, or the documented refusal; anything else fails the test."""
    for _ in range(3):
        began = time.thread_time()
        try:
            answer = act(text)
        except Unauthenticated as refusal:
            answer = refusal
        except Exception as error:  # noqa: BLE001  any other is what we look for
            pytest.fail(f"{type(error).__name__} for {text!r}")
        took = time.thread_time() - began
        if took < LONGEST_SECONDS:
            return answer
    # Slow three times in a row is the input; slow once is the garbage collector.
    pytest.fail(f"{took:.3f} s for {text!r}")


def test_mutated_access_tokens_are_refused():
    tokens = SignedTokens(KEYS, issuer=ISSUER)
    good, _ = tokens.access(USER, FAMILY, NOW)
    for chance in numbers(1):
        text = mutated(good, chance)
        answer = timed(lambda text: tokens.verify(text, NOW), text)
        assert text == good or isinstance(answer, Unauthenticated), f"accepted {text!r}"


def test_odd_content_under_a_true_signature_is_refused_or_says_the_same():
    tokens = SignedTokens(KEYS, issuer=ISSUER)
    good, _ = tokens.access(USER, FAMILY, NOW)
    for chance in numbers(2):
        text = resigned(good, chance)
        answer = timed(lambda text: tokens.verify(text, NOW), text)
        if isinstance(answer, Claims):
            claims = json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))
            assert (claims["iss"], claims["aud"]) == (ISSUER, AUDIENCE)
            assert claims["exp"] > NOW
            assert answer.user == claims["sub"]
            assert answer.family == claims["sid"]


def test_mutated_url_signatures_are_not_valid():
    tokens = SignedTokens(KEYS, issuer=ISSUER)
    end = int(NOW) + 60
    good = tokens.signature("/assets/1", end)
    for chance in numbers(3):
        text = mutated(good, chance)
        answer = timed(lambda text: tokens.signature_is_valid("/assets/1", end, text, NOW), text)
        assert answer is (text == good)
        path = mutated("/assets/1", chance)
        answer = timed(lambda text: tokens.signature_is_valid(text, end, good, NOW), path)
        assert answer is (path == "/assets/1")


def test_mutated_tickets_are_refused():
    tickets = MemoryTickets(SystemRandom())
    good, _ = tickets.issue(Ticket(USER, FAMILY, "session", "web", None), NOW)
    for chance in numbers(4):
        text = mutated(good, chance)
        if text != good:
            assert isinstance(timed(lambda text: tickets.redeem(text, NOW), text), Unauthenticated)
    assert tickets.redeem(good, NOW).user == USER


def test_mutated_refresh_secrets_are_refused_and_end_nothing():
    tx = login_transaction(LoginRows())
    chains = RotatingRefresh(b"k" * 32, CountedIds(), SystemRandom())
    good = chains.begin(tx, USER, client="phone", remember_me=True, now=NOW).secret
    for chance in numbers(5):
        text = mutated(good, chance)
        if text != good:
            answer = timed(lambda text: chains.rotate(tx, text, client="phone", now=NOW), text)
            assert not isinstance(answer, NewLogin | Replay), f"accepted {text!r}"
    assert isinstance(chains.rotate(tx, good, client="phone", now=NOW), NewLogin)
