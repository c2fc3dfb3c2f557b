"""A module over 400 lines hides two modules."""

from collections.abc import Iterator

from tools.lint.source import Finding, Module

LIMIT = 400


def check(module: Module) -> Iterator[Finding]:
    lines = module.text.count("\n")
    if lines > LIMIT:
        yield Finding(module.path, LIMIT + 1, f"{lines} lines, at most {LIMIT}: divide it")
