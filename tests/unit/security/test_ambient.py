import time
import uuid

from musearoo.ports.ambient import Clock, Ids, Random
from musearoo.security.ambient import SystemClock, SystemRandom, Uuid7Ids


class TestUuid7Ids:
    def test_form_and_time_are_those_of_rfc_9562(self):
        ids: Ids = Uuid7Ids()
        before = time.time_ns() // 1_000_000
        made = uuid.UUID(ids.new())
        after = time.time_ns() // 1_000_000
        assert made.version == 7
        assert made.variant == uuid.RFC_4122
        assert before <= made.int >> 80 <= after

    def test_text_sorts_by_creation(self):
        ids = Uuid7Ids()
        made = [ids.new() for _ in range(5000)]
        assert made == sorted(made)
        assert len(set(made)) == 5000

    def test_clock_set_back_does_not_turn_the_order(self, monkeypatch):
        ids = Uuid7Ids()
        times = iter([2_000_000_000, 1_000_000_000, 1_000_000_000, 2_000_000_001])
        monkeypatch.setattr(time, "time_ns", lambda: next(times))
        made = [ids.new() for _ in range(4)]
        assert made == sorted(made)

    def test_random_part_is_not_guessable_from_another(self):
        ids = Uuid7Ids()
        tails = {uuid.UUID(ids.new()).int & ((1 << 62) - 1) for _ in range(1000)}
        assert len(tails) == 1000


class TestSystemRandom:
    def test_secret_is_32_bytes_fit_for_a_url(self):
        random: Random = SystemRandom()
        secret = random.secret()
        assert len(secret) == 43
        assert secret.replace("-", "").replace("_", "").isalnum()
        assert random.secret() != secret

    def test_seed_fits_a_double(self):
        seeds = [SystemRandom().seed() for _ in range(1000)]
        assert all(0 <= seed < 2**53 for seed in seeds)
        assert max(seeds) > 2**50


class TestSystemClock:
    async def test_times_are_the_systems(self):
        clock: Clock = SystemClock()
        assert abs(clock.now() - time.time()) < 60
        began = clock.monotonic()
        await clock.sleep(0.01)
        assert 0.005 < clock.monotonic() - began < 60
