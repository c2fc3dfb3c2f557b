"""A room in virtual time, over a store whose reads take time, as PostgreSQL's do.

A failure names its seed: `SEED=17 make test TESTS=tests/sim`, or `python -m tests.sim.run 17`.
"""

from tests.sim.run import seeds, trace, wrong


def test_nothing_is_lost_doubled_or_heard_by_the_wrong() -> None:
    """Cuts, freezes, slow readers, failing disks, crashes, drains and revocations at random."""
    assert not (found := wrong(seeds(odd=True))), found


def test_a_seed_is_the_same_run_every_time() -> None:
    """So that what failed once can be looked at again."""
    assert trace(5) == trace(5)
