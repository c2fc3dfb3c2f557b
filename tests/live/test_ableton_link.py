"""The Link process: it finds other peers, tells of them, and asks for tempo, start and place."""

import sys
from collections.abc import Callable, Iterator

import pytest

from musearoo.app.tasks import Tasks
from musearoo.live.ableton_link.peer import QUANTUM, LinkPeer, Report, Request
from musearoo.live.ableton_link.process import LinkProcess
from tests.doubles.link_network import link_network
from tests.waiting import until


class Ears:
    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.ends = 0

    def heard(self, report: Report) -> None:
        self.reports.append(report)

    def ended(self) -> None:
        self.ends += 1

    async def until(self, condition: Callable[[Report], bool]) -> Report:
        await until(lambda: bool(self.reports) and condition(self.reports[-1]), "a report")
        return self.reports[-1]


@pytest.fixture
async def tasks():
    own = Tasks()
    yield own
    await own.close()


@pytest.fixture
def network() -> Iterator[None]:
    with link_network():
        yield


@pytest.mark.usefixtures("network")
async def test_two_peers_agree_on_tempo_start_and_beat(tasks):
    ears = Ears()
    process = LinkProcess(tasks, ears.heard, ears.ended)
    await process.start()
    other = LinkPeer(97.0)
    await ears.until(lambda report: report.peers == 1)
    process.ask(Request(tempo=133.0))
    await ears.until(lambda report: report.tempo == 133.0)
    await until(lambda: other.report().tempo == 133.0)
    other.carry_out(Request(playing=True, beat=0.0))
    await ears.until(lambda report: report.playing)

    def agree() -> bool:
        ours, theirs = ears.reports[-1], other.report()
        expected = ours.beat + (theirs.at - ours.at) * 133.0 / 60
        return (theirs.beat - expected + 0.02) % QUANTUM < 0.04

    await until(agree, "the same beat at the same time")
    await process.close()
    assert 0 == ears.ends


async def test_the_end_of_the_process_is_told(tasks):
    ears = Ears()
    process = LinkProcess(tasks, ears.heard, ears.ended, command=(sys.executable, "-c", "print(1)"))
    await process.start()
    await until(lambda: ears.ends)
    assert [] == ears.reports
    assert not process.ask(Request(tempo=100.0))
    await process.close()
