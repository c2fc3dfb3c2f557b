"""A parsed module and what a rule says about it."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Module:
    """One source file; `name` is its dotted name below the package, such as `domain.ids`."""

    path: Path
    name: str
    text: str
    tree: ast.Module

    def within(self, *packages: str) -> bool:
        """Whether the module lies in one of these packages or is one of these modules."""
        return any(f"{self.name}.".startswith(f"{package}.") for package in packages)


@dataclass(frozen=True)
class Finding:
    """A breach of a rule at a line."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


Rule = Callable[[Module], Iterator[Finding]]


def parse(path: Path, package: Path) -> Module:
    """Read one file of the package that lies at `package`."""
    text = path.read_text(encoding="utf-8")
    parts = path.relative_to(package).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(path, name, text, ast.parse(text, filename=str(path)))


def dotted(node: ast.expr, imported: dict[str, str]) -> str:
    """The full name an expression refers to, such as `datetime.datetime.now`; "" if unclear."""
    if isinstance(node, ast.Name):
        return imported.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value, imported)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def imports(tree: ast.Module) -> dict[str, str]:
    """Local name to full name, for every import anywhere in the module."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.split(".")[0]
                names[local] = alias.name if alias.asname else local
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names
