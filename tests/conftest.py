"""What all tests share: how Hypothesis looks, in which order, and what a missing program means.

By default both are the same in every run, so that a change is judged by what it changes; the
profiles `nightly` and `fuzz` look at random.
"""

import os
import shutil
from collections import Counter

import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

ORDER = 20260101
LONG = {"sim", "fault", "peers", "flow", "brain", "engines"}
"""Folders of files that take long, most of all those with few tests."""
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")

# A busy machine makes single examples slow; that is no failure.
settings.register_profile(
    "default",
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    database=None,
)
random = settings(
    settings.get_profile("default"),
    derandomize=False,
    database=DirectoryBasedExampleDatabase(".hypothesis/examples"),
)
settings.register_profile("nightly", parent=random, max_examples=200)
settings.register_profile("fuzz", parent=random, max_examples=20_000)
settings.load_profile(PROFILE)

if PROFILE == "default":
    # Hypothesis mixes constants of the modules imported so far into its examples, which would
    # let any file of the project, and the order of tests, change the examples of every test.
    providers._get_local_constants = Constants


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """One order, unless `--randomly-seed` asks for another."""
    if config.getoption("randomly_seed", None) == "default":
        config.option.randomly_seed = ORDER


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long begin first, so that no process is left alone with one at the end."""
    sizes = Counter(item.path for item in items)

    def turn(item: pytest.Item) -> tuple[bool, int]:
        is_long = bool(LONG & set(item.path.parts))
        return not is_long, sizes[item.path] * (1 if is_long else -1)

    items.sort(key=turn)


def pytest_runtest_teardown() -> None:
    """A command that a test ran sends its log to a stream that is closed by now."""
    if structlog.is_configured():
        structlog.reset_defaults()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        missing = [program for program in mark.args if shutil.which(program) is None]
        if missing:
            pytest.skip(f"system program missing: {', '.join(missing)}")
