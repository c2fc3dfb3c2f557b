"""What all tests share: how hard Hypothesis looks, and what a missing program means."""

import os
import shutil

import pytest
import structlog
from hypothesis import HealthCheck, settings

# A busy machine makes single examples slow; that is no failure.
settings.register_profile(
    "default", deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("fuzz", parent=settings.get_profile("default"), max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_runtest_teardown() -> None:
    """A command that a test ran sends its log to a stream that is closed by now."""
    if structlog.is_configured():
        structlog.reset_defaults()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        missing = [program for program in mark.args if shutil.which(program) is None]
        if missing:
            pytest.skip(f"system program missing: {', '.join(missing)}")
