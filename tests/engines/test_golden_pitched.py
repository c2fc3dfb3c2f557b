"""Melody and harmony keep their promise: same recipe, same bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.engines.golden_pitched import FILE, recipes

ROOT = Path(__file__).parents[2]


class TestGoldenRecipes:
    def test_same_recipe_same_bytes(self):
        """Every stored recipe gives the notes, ids and microtiming it gave when it was stored."""
        assert json.loads(FILE.read_text(encoding="utf-8")) == recipes()

    def test_hash_order_decides_nothing(self):
        """Another process with another order of its sets makes the same bytes."""
        environment = {**os.environ, "PYTHONHASHSEED": "77"}
        command = [sys.executable, "-m", "tests.engines.golden_pitched"]
        assert subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0
