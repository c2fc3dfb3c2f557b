"""Rules of this project that no general linter knows.

A rule is a function from a parsed module to findings; add it to `RULES`. Rules that need
more than one module (each route has a policy) are tests in `tests/access/`.
"""

from tools.lint import ambient, events, size, spawning
from tools.lint.source import Rule

RULES: tuple[Rule, ...] = (ambient.check, events.check, size.check, spawning.check)
