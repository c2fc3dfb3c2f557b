"""Log events are constants such as `generation.completed`; whatever varies is a field.

Text from users in the name of an event would let them forge log lines and makes counting
events impossible.
"""

import ast
import re
from collections.abc import Iterator

from tools.lint.source import Finding, Module

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
EVENT = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")


def check(module: Module) -> Iterator[Finding]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _logs(node.func) and not _constant(node.args):
            yield Finding(module.path, node.lineno, "name the log event with a constant like a.b")


def _logs(called: ast.expr) -> bool:
    if not isinstance(called, ast.Attribute) or called.attr not in LEVELS:
        return False
    owner = called.value
    name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return name.strip("_") in {"log", "logger"}


def _constant(arguments: list[ast.expr]) -> bool:
    first = arguments[0] if arguments else None
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return False
    return EVENT.fullmatch(first.value) is not None
