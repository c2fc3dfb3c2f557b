"""A room in virtual time, over a store that answers reads at once, as SQLite does.

A failure names its seed: `SEED=17 make test TESTS=tests/sim`, or `python -m tests.sim.run 17`.
"""

from tests.sim.run import seeds, trace, wrong


def test_nothing_is_lost_doubled_or_heard_by_the_wrong() -> None:
    """Cuts, freezes, slow readers, failing disks, crashes, drains and revocations at random."""
    assert not (found := wrong(seeds(odd=False))), found


def test_a_seed_is_the_same_run_every_time() -> None:
    """So that what failed once can be looked at again."""
    assert trace(4) == trace(4)
    assert trace(4) != trace(6)
