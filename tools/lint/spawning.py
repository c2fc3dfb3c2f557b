"""Tasks are started by `app/tasks.py` only.

asyncio keeps a weak reference to a task and swallows what it raises until someone asks,
so a task started anywhere else can vanish or fail unheard. Other modules take a
`ports.tasks.Spawn`; a task group is fine, because it waits.
"""

import ast
from collections.abc import Iterator

from tools.lint.source import Finding, Module, dotted, imports

ALLOWED = ("app.tasks",)
STARTERS = {"asyncio.create_task", "asyncio.ensure_future"}
LOOPS = ("asyncio.get_running_loop", "asyncio.get_event_loop")


def check(module: Module) -> Iterator[Finding]:
    if module.within(*ALLOWED):
        return
    names = imports(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _starts_task(node.func, names):
            yield Finding(module.path, node.lineno, "start tasks through ports.tasks.Spawn")


def _starts_task(called: ast.expr, names: dict[str, str]) -> bool:
    if dotted(called, names) in STARTERS:
        return True
    if not isinstance(called, ast.Attribute) or called.attr != "create_task":
        return False
    owner = called.value
    if isinstance(owner, ast.Call):
        return dotted(owner.func, names) in LOOPS
    return dotted(owner, names).rpartition(".")[2].strip("_") == "loop"
