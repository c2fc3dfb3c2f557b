"""Makes the modules named in TEST_BLOCKED_MODULES impossible to import, as on another system."""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

_BLOCKED = frozenset(os.environ.get("TEST_BLOCKED_MODULES", "").split(","))


class _Blocker:
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in _BLOCKED:
            raise ImportError(f"{name} is blocked by the test")
        return None


if _BLOCKED != {""}:
    sys.meta_path.insert(0, _Blocker())
