"""What every adapter of `Passwords` must do; the quick double is held to it too."""

import asyncio
import threading

import pytest

from musearoo.domain.errors import InvalidValue, ReducedCapacity
from musearoo.ports.security import Passwords
from musearoo.security.passwords import Argon2Passwords
from tests.doubles.passwords import QuickPasswords
from tests.waiting import until

GOOD = "violet kettle ramp"


@pytest.fixture(scope="module", params=[Argon2Passwords, QuickPasswords])
def passwords(request):
    adapter: Passwords = request.param()
    return adapter


class TestCheck:
    def test_good_password_passes(self, passwords):
        passwords.check(GOOD, username="anna", email="anna@example.org")
        passwords.check("x7!" * 2 + "kU§p" * 30 + "zz", username="anna", email="a@example.org")

    @pytest.mark.parametrize(
        ("password", "advice"),
        [
            ("", "12 to 128 characters"),
            ("xk3v9q2mzz1", "12 to 128 characters"),
            ("xk3v9q2mzz1p" * 11, "12 to 128 characters"),
            ("password1234", "four words"),
            ("anna.schmidt1", "four words"),
            ("schmidt-schmidt", "four words"),
            ("violet kettle \ud800", "characters that can be typed"),
        ],
    )
    def test_bad_password_is_refused_with_what_to_do(self, passwords, password, advice):
        with pytest.raises(InvalidValue, match=advice) as refusal:
            passwords.check(password, username="anna", email="anna.schmidt@example.org")
        assert refusal.value.field == "password"
        assert not password or password not in refusal.value.detail

    def test_length_is_counted_in_characters(self, passwords):
        passwords.check("日本語のパスワードは長い", username="anna", email="a@example.org")


class TestVerify:
    async def test_right_password_is_right(self, passwords):
        hashed = await passwords.hash(GOOD)
        assert GOOD not in hashed
        assert await passwords.verify(GOOD, hashed)

    @pytest.mark.parametrize("wrong", ["", GOOD + " ", GOOD.upper(), GOOD[:-1], "\0", "\ud800"])
    async def test_wrong_password_is_wrong(self, passwords, wrong):
        assert not await passwords.verify(wrong, await passwords.hash(GOOD))

    async def test_same_password_hashes_differently(self, passwords):
        assert await passwords.hash(GOOD) != await passwords.hash(GOOD)

    @pytest.mark.parametrize("password", [GOOD, "", "\0" * 128, "x" * 100_000])
    async def test_nobody_is_never_right(self, passwords, password):
        assert not await passwords.verify(password, None)

    @pytest.mark.parametrize("hashed", ["", "x", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"])
    async def test_damaged_hash_is_never_right(self, passwords, hashed):
        assert not await passwords.verify(GOOD, hashed)

    async def test_longest_password_counts_to_its_last_character(self, passwords):
        longest = "ä" * 127
        hashed = await passwords.hash(longest + "x")
        assert await passwords.verify(longest + "x", hashed)
        assert not await passwords.verify(longest + "y", hashed)
        assert not await passwords.verify(longest + "xx", hashed)


class TestQueue:
    """Only the real one is slow enough to need a queue."""

    async def test_what_does_not_fit_is_refused_and_room_comes_back(self):
        passwords = Argon2Passwords(threads=1, queue=2)
        gate = threading.Event()
        passwords._threads.submit(gate.wait)  # no hash ends before all have asked
        tries = [asyncio.create_task(passwords.verify(GOOD, None)) for _ in range(8)]
        await asyncio.sleep(0)
        gate.set()
        results = await asyncio.gather(*tries, return_exceptions=True)
        refused = [r for r in results if isinstance(r, ReducedCapacity)]
        assert (len(refused), results.count(False)) == (5, 3)
        assert all(refusal.retry_after for refusal in refused)
        assert await passwords.verify(GOOD, None) is False
        passwords.close()

    async def test_a_caller_who_goes_away_gives_up_the_place(self):
        passwords = Argon2Passwords(threads=1, queue=2)
        for _ in range(4):
            tries = [asyncio.create_task(passwords.verify(GOOD, None)) for _ in range(3)]
            await asyncio.sleep(0)
            for attempt in tries:
                attempt.cancel()
            await asyncio.gather(*tries, return_exceptions=True)
        await until(lambda: has_room(passwords), "places that were not lost")
        passwords.close()

    async def test_after_the_end_nothing_is_begun_and_no_place_lost(self):
        passwords = Argon2Passwords(threads=1, queue=2)
        passwords.close()
        for _ in range(10):
            with pytest.raises(RuntimeError):
                await passwords.verify(GOOD, None)

    async def test_event_loop_goes_on_meanwhile(self):
        passwords = Argon2Passwords()
        work = asyncio.gather(*(passwords.hash(GOOD) for _ in range(4)))
        turns = 0
        while not work.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns >= 10
        passwords.close()


async def has_room(passwords):
    """Whether three are served together, as one thread and a queue of two can."""
    tries = [passwords.verify(GOOD, None) for _ in range(3)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    return not any(isinstance(answer, ReducedCapacity) for answer in answers)
