"""What strangers can make us remember is bounded, and filling it up frees no offender."""

import pytest

from musearoo.domain.errors import QuotaExceeded, TooManyRequests
from musearoo.domain.ids import UserId
from musearoo.domain.permissions import Tier
from musearoo.ports.security import Signal
from musearoo.security.pacing import GcraPacing
from musearoo.security.quota import QuotaLimiter
from musearoo.security.threat import ThreatScores


class TestPacing:
    def test_flood_of_new_sources_frees_no_offender(self):
        pacing = GcraPacing(max_keys=100)
        for _ in range(50):
            pacing.admit("offender", per_minute=60, burst=50, now=0.0)
        for n in range(1000):
            pacing.admit(f"source {n}", per_minute=60, burst=50, now=0.0)
        assert len(pacing) <= 100
        with pytest.raises(TooManyRequests):
            pacing.admit("offender", per_minute=60, burst=50, now=0.0)

    def test_quiet_sources_are_forgotten_first(self):
        pacing = GcraPacing(max_keys=10)
        for n in range(10):
            pacing.admit(f"quiet {n}", per_minute=60, burst=1, now=0.0)
        pacing.admit("new", per_minute=60, burst=1, now=100.0)
        assert len(pacing) == 1


class TestQuota:
    def test_users_with_nothing_to_count_are_forgotten_first(self):
        limiter = QuotaLimiter(max_users=10)
        for n in range(10):
            limiter.take(UserId(f"old {n}"), Tier.FREE, 1, 0.0)
        limiter.take(UserId("new"), Tier.FREE, 1, 86400.0)
        assert len(limiter) == 1

    def test_full_table_keeps_the_most_recent(self):
        limiter = QuotaLimiter(max_users=10)
        for n in range(30):
            limiter.take(UserId(f"user {n}"), Tier.FREE, 5, float(n) / 100)
        assert len(limiter) <= 10
        with pytest.raises(QuotaExceeded):
            limiter.take(UserId("user 28"), Tier.FREE, 1, 1.0)

    def test_looking_remembers_nobody(self):
        limiter = QuotaLimiter()
        limiter.windows(UserId("user"), Tier.FREE, 0.0)
        assert len(limiter) == 0


class TestThreat:
    def test_full_table_keeps_the_worst(self):
        threats = ThreatScores(max_subjects=10)
        threats.note("worst", Signal.REFRESH_REPLAY, 0.0)
        for n in range(100):
            threats.note(f"source {n}", Signal.UNUSUAL_RATE, 0.0)
        assert len(threats) <= 10
        assert threats.score("worst", 0.0) == 80
