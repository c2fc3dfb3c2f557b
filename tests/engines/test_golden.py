import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines.golden import FILE, recipes

ROOT = Path(__file__).parents[2]


class TestGoldenRecipes:
    def test_same_recipe_same_bytes(self):
        """Every stored recipe gives the notes, ids and microtiming it gave when it was stored."""
        assert json.loads(FILE.read_text(encoding="utf-8")) == recipes()

    @pytest.mark.parametrize("seed", ["1", "4321"])
    def test_hash_order_decides_nothing(self, seed):
        """Another process with another order of its sets makes the same bytes."""
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-m", "tests.engines.golden"]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        assert 0 == done.returncode
