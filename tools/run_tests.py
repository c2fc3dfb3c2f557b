"""Runs every test in three stages and closes with one line for all: unit, the rest, timing.

Unit tests come first because they answer in seconds. The others run in parallel, one file
to a process, since a file shares its server. Tests marked `serial` measure time and get
the machine for themselves. Arguments are passed on to pytest.
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
    processes = str(min(os.cpu_count() or 1, 8))
    parallel = ["-n", processes, "--dist", "loadfile"]
    others = [
        str(folder.relative_to(ROOT))
        for folder in sorted((ROOT / "tests").iterdir())
        if folder.is_dir() and folder != ROOT / UNIT and any(folder.rglob("test_*.py"))
    ]
    unit = ("unit", [UNIT, "-m", "not serial", *parallel])
    if not others:
        return [unit]
    return [
        unit,
        ("real servers and processes", [*others, "-m", "not serial", *parallel]),
        ("one at a time", ["tests", "-m", "serial", "-p", "no:xdist"]),
    ]


def run(title: str, arguments: list[str], outcome: Outcome) -> None:
    print(f"\n--- {title} ---", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
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
