"""Run every rule over the package: `python -m tools.lint [PACKAGE]`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from tools.lint import RULES
from tools.lint.source import Finding, parse


def findings(package: Path) -> Iterator[Finding]:
    for path in sorted(package.rglob("*.py")):
        try:
            module = parse(path, package)
        except SyntaxError as error:
            yield Finding(path, error.lineno or 1, f"does not parse: {error.msg}")
            continue
        for rule in RULES:
            yield from rule(module)


def main() -> int:
    package = Path(sys.argv[1] if len(sys.argv) > 1 else "src/musearoo")
    found = list(findings(package))
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
