"""Runs every test in three stages and closes with one line for all: unit, the rest, timing.

Unit tests come first because they answer in seconds. The others run in parallel, one file
to a process, since a file shares its server; there is one process more than there are cores,
since half of their time they wait for disks, sockets and clocks. Tests marked `serial` measure
time and get the machine for themselves; of these only the files that have one are read.
Arguments are passed on to pytest.
"""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
UNIT = "tests/unit"
COUNTED = ("failed", "passed", "skipped", "errors")
NOTHING_COLLECTED = 5
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass
class Outcome:
    """What the stages so far came to."""

    counts: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    failed: bool = False

    def read(self, report: Path) -> None:
        """Add one stage's JUnit report."""
        for suite in ET.parse(report).iter("testsuite"):
            number = {name: int(suite.get(name, "0")) for name in ("tests", "skipped", "errors")}
            failures = int(suite.get("failures", "0"))
            self.counts["failed"] += failures
            self.counts["errors"] += number["errors"]
            self.counts["skipped"] += number["skipped"]
            self.counts["passed"] += number["tests"] - failures - number["errors"]
            self.counts["passed"] -= number["skipped"]
            for skip in suite.iter("skipped"):
                self.skipped[skip.get("message") or "no reason given"] += 1

    def closing(self, seconds: float) -> str:
        """A line in the form of pytest's own."""
        counted = [f"{self.counts[name]} {name}" for name in COUNTED if self.counts[name]]
        return f" {', '.join(counted) or 'no tests ran'} in {seconds:.2f}s ".center(80, "=")


def stages() -> list[tuple[str, list[str]]]:
    cores = min(os.cpu_count() or 1, 8)
    others = [
        str(folder.relative_to(ROOT))
        for folder in sorted((ROOT / "tests").iterdir())
        if folder.is_dir() and folder != ROOT / UNIT and any(folder.rglob("test_*.py"))
    ]
    serial = [
        str(file.relative_to(ROOT))
        for file in sorted((ROOT / "tests").rglob("test_*.py"))
        if "mark.serial" in file.read_text(encoding="utf-8")
    ]
    unit = ("unit", [UNIT, "-m", "not serial", *parallel(cores)])
    if not others:
        return [unit]
    return [
        unit,
        ("real servers and processes", [*others, "-m", "not serial", *parallel(cores + 1)]),
        ("one at a time", [*serial, "-m", "serial", "-p", "no:xdist"]),
    ]


def parallel(processes: int) -> list[str]:
    return ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"]


def environment() -> dict[str, str]:
    """That of this process, but with compiled modules kept and one thread for linear algebra.

    Otherwise each of the many servers and workers compiles the whole product, and the threads
    of two test processes wait for each other: following a riff takes five times as long. Sets
    have one order, for examples are drawn from some; PYTHONHASHSEED=random gives another.
    """
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONHASHSEED": "0", **kept, **dict.fromkeys(ONE_THREAD, "1")}


def run(title: str, arguments: list[str], outcome: Outcome) -> None:
    print(f"\n--- {title} ---", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
        code = subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode
        if report.exists():
            outcome.read(report)
    if code not in (0, NOTHING_COLLECTED):
        outcome.failed = True


def main() -> int:
    began = time.monotonic()
    outcome = Outcome()
    for title, arguments in stages():
        run(title, [*arguments, *sys.argv[1:]], outcome)
    for reason, number in sorted(outcome.skipped.items()):
        print(f"skipped {number}: {reason}")
    print(outcome.closing(time.monotonic() - began))
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
