import pytest

from musearoo.ports.security import Signal, ThreatChange, ThreatLevel
from musearoo.security.threat import HALF_LIFE_SECONDS, ThreatScores


@pytest.fixture
def threats():
    return ThreatScores(enforce=True)


class TestLevels:
    def test_certain_sign_is_critical_at_once(self, threats):
        change = threats.note("family", Signal.REFRESH_REPLAY, 0.0)
        assert change == ThreatChange("family", ThreatLevel.CRITICAL, 80, (Signal.REFRESH_REPLAY,))
        assert threats.level("family", 0.0) is ThreatLevel.CRITICAL

    def test_one_weak_sign_blocks_nobody(self, threats):
        assert threats.note("user", Signal.UNUSUAL_RATE, 0.0) is None
        assert threats.level("user", 0.0) is ThreatLevel.LOW

    def test_signs_add_up_with_their_reasons_and_only_a_rise_is_told(self, threats):
        told = [threats.note("user", signal, 0.0) for signal in [
            Signal.BAD_MAC, Signal.UNUSUAL_RATE, Signal.BAD_MAC, Signal.TICKET_REPLAY,
        ]]  # fmt: skip
        assert [change and change.level for change in told] == [
            ThreatLevel.MEDIUM, None, ThreatLevel.HIGH, ThreatLevel.CRITICAL,
        ]  # fmt: skip
        assert told[-1].reasons == (Signal.BAD_MAC, Signal.UNUSUAL_RATE, Signal.TICKET_REPLAY)

    def test_points_halve_every_ten_minutes(self, threats):
        threats.note("user", Signal.REFRESH_REPLAY, 0.0)
        assert threats.score("user", HALF_LIFE_SECONDS) == pytest.approx(40)
        assert threats.score("user", 3 * HALF_LIFE_SECONDS) == pytest.approx(10)
        assert threats.level("user", 3 * HALF_LIFE_SECONDS) is ThreatLevel.LOW

    def test_a_stranger_cannot_blame_another(self, threats):
        threats.note("stranger", Signal.REFRESH_REPLAY, 0.0)
        assert threats.level("victim", 0.0) is ThreatLevel.LOW

    def test_watching_acts_on_nothing_but_tells(self):
        threats = ThreatScores()
        assert threats.note("family", Signal.REFRESH_REPLAY, 0.0) is not None
        assert threats.level("family", 0.0) is ThreatLevel.LOW
        assert threats.score("family", 0.0) == 80


class TestCountedSigns:
    def test_ten_accounts_failing_from_one_address_count_once(self, threats):
        for n in range(9):
            assert threats.note("10.0.0.0/24", Signal.FAILED_LOGIN, n, about=f"account {n}") is None
        assert threats.score("10.0.0.0/24", 9.0) == 0
        change = threats.note("10.0.0.0/24", Signal.FAILED_LOGIN, 9.0, about="account 9")
        assert change.score == 40

    def test_one_forgetful_account_is_no_attack(self, threats):
        for n in range(100):
            threats.note("10.0.0.0/24", Signal.FAILED_LOGIN, float(n), about="account")
        assert threats.score("10.0.0.0/24", 100.0) == 0

    def test_slow_failures_do_not_add_up(self, threats):
        for n in range(100):
            threats.note("10.0.0.0/24", Signal.FAILED_LOGIN, n * 70.0, about=f"account {n}")
        assert threats.score("10.0.0.0/24", 7000.0) == 0

    @pytest.mark.parametrize(
        ("signal", "count", "points"),
        [(Signal.FOREIGN_OBJECT, 20, 30), (Signal.REFUSED_FRAME, 50, 15)],
    )
    def test_every_full_count_brings_its_points(self, threats, signal, count, points):
        for _ in range(count - 1):
            threats.note("user", signal, 0.0)
        assert threats.score("user", 0.0) == 0
        threats.note("user", signal, 0.0)
        assert threats.score("user", 0.0) == points
        for _ in range(count):
            threats.note("user", signal, 0.0)
        assert threats.score("user", 0.0) == 2 * points
