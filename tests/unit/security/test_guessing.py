import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.security.guessing import ENOUGH_BITS, bits

# fmt: off
WEAK = [
    "password1234", "Password123!", "P@ssw0rd1234", "passwordpassword", "password-password",
    "qwertyuiop12", "qwertyuiop[]", "1q2w3e4r5t6y", "1qaz2wsx3edc", "zaq12wsxcde3",
    "qwertzuiop12", "azertyuiop12", "poiuytrewq98", "asdfghjkl123", "123456789012",
    "098765432109", "111111111111", "121212121212", "123123123123", "abcdefghijkl",
    "abcabcabcabc", "aaaaaaaaaaaaaaaaaaaaaaaa", "iloveyou2024", "ILoveYouForever", "Summer2026!!",
    "Winter-2025-Winter", "letmeinletmein", "welcome12345", "Welcome@2026", "changeme1234",
    "administrator1", "admin1234567", "trustno1trustno1", "monkeydragon1", "starwars1977",
    "michael1985", "jennifer1990!", "liverpool2005", "drowssap1234", "MuseAroo2026!",
    "drummaroo123", "metallica1991", "stratocaster1", "correct horse battery staple",
    "correcthorsebatterystaple", "dragon monkey shadow", "baseball football", "p4ssw0rdp4ssw0rd",
    "qazwsxedcrfv", "            ", "____________", "1234qwerasdf", "sunshine sunshine",
]

GOOD = [
    "xk3v9q2mzz1p", "violet kettle ramp", "tree lamp quiet orbit", "Tr0ub4dor&3xy",
    "gr8tbandname99", "Mein Hut der hat drei Ecken", "u7#Kd0!pQz2w",
    "日本語のパスワードは長いです", "ni-pu-ka-lo-tem-ri", "seventeen purple tubas",
    "k9dj38sk2la0",
]
# fmt: on


class TestBits:
    @pytest.mark.parametrize("password", WEAK)
    def test_well_known_kinds_are_weak(self, password):
        assert bits(password) < ENOUGH_BITS

    @pytest.mark.parametrize("password", GOOD)
    def test_what_nobody_else_has_is_enough(self, password):
        assert bits(password) >= ENOUGH_BITS

    def test_own_names_count_next_to_nothing(self):
        assert bits("rumpelstilz-42") >= ENOUGH_BITS
        assert bits("rumpelstilz-42", ["Rumpelstilz"]) < ENOUGH_BITS
        assert bits("zlitslepmur-42", ["Rumpelstilz"]) < ENOUGH_BITS

    def test_names_of_two_letters_do_not_spoil_everything(self):
        assert bits("violet kettle ramp", ["vi", "et", ""]) == bits("violet kettle ramp")

    @given(st.text(st.characters(max_codepoint=127), max_size=20))
    def test_repeating_a_password_helps_little(self, password):
        assert bits(password + password) <= bits(password) + 2

    @given(st.text(max_size=128), st.lists(st.text(max_size=40), max_size=6))
    def test_any_text_has_a_price(self, password, names):
        assert 0 <= bits(password, names) < 1000

    def test_worst_case_costs_the_event_loop_little(self):
        for password in ("a" * 128, "qw" * 64, "1q2w3e4r" * 16, "ünïcödé!" * 16):
            assert min(_cost(password) for _ in range(5)) < 0.02


def _cost(password):
    began = time.thread_time()
    bits(password, ["x" * 64] * 8)
    return time.thread_time() - began
