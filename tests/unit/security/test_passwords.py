import argon2
import pytest

from musearoo.security.passwords import Argon2Passwords


@pytest.fixture(scope="module")
def passwords():
    return Argon2Passwords()


class TestCost:
    async def test_parameters_are_owasps_minimum_of_argon2id(self, passwords):
        found = argon2.extract_parameters(await passwords.hash("violet kettle ramp"))
        assert found.type is argon2.Type.ID
        assert (found.memory_cost, found.time_cost, found.parallelism) == (19_456, 2, 1)
        assert (found.salt_len, found.hash_len) == (16, 32)

    @pytest.mark.parametrize("hashed", [None, "", "damaged"])
    @pytest.mark.parametrize("password", ["violet kettle ramp", "", "x" * 100_000])
    async def test_unknown_user_costs_one_full_comparison(
        self, monkeypatch, passwords, password, hashed
    ):
        recording = Recording(passwords._hasher)
        monkeypatch.setattr(passwords, "_hasher", recording)
        assert not await passwords.verify(password, hashed)
        [(memory, length)] = recording.compared
        assert memory == 19_456
        assert length <= 128


class Recording:
    """Passes comparisons on and remembers which were really made."""

    def __init__(self, hasher):
        self.hasher = hasher
        self.compared = []

    def verify(self, stored, given):
        memory = argon2.extract_parameters(stored).memory_cost
        self.compared.append((memory, len(given)))
        return self.hasher.verify(stored, given)
