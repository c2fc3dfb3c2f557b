"""The core takes time, chance and ids through its ports, so that a session can be replayed."""

import ast
from collections.abc import Iterator

from tools.lint.source import Finding, Module, dotted, imports

PURE = ("domain", "ports", "codecs", "conductor", "engines", "exports")
MODULES = ("random", "secrets", "numpy.random")
CALLS = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "os.urandom",
    "time.gmtime",
    "time.localtime",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "time.time",
    "time.time_ns",
    "uuid.uuid1",
    "uuid.uuid4",
}


def check(module: Module) -> Iterator[Finding]:
    if not module.within(*PURE):
        return
    names = imports(module.tree)
    for local, full in names.items():
        if full in CALLS or _in_modules(full):
            yield Finding(module.path, _line(module, local), f"{full}: use Clock, Ids or Random")
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute):
            continue
        full = dotted(node, names)
        if full in CALLS or full in MODULES:
            yield Finding(module.path, node.lineno, f"{full}: use Clock, Ids or Random")


def _in_modules(full: str) -> bool:
    return any(full == name or full.startswith(f"{name}.") for name in MODULES)


def _line(module: Module, local: str) -> int:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and any(
            local in (alias.asname, alias.name, alias.name.split(".")[0]) for alias in node.names
        ):
            return node.lineno
    return 1
