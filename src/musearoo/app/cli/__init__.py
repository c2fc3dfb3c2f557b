"""The `musearoo` command."""

from musearoo.app.cli.root import main

__all__ = ["main"]
