"""A third party's engine: built, installed beside us, found by entry point and played."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "clapparoo"
PLAY = """
    from musearoo.domain.context import EngineContext
    from musearoo.domain.engine import EngineRun
    from musearoo.engines.contract import play
    from musearoo.engines.loading import load_engines

    broken = []
    engines = load_engines(broken.append)
    run = EngineRun(
        engine="clapparoo", context=EngineContext(bars=2), parameters={"density": 0.5}, seed=7
    )
    bars = list(play(engines["clapparoo"], run))
    print(engines["clapparoo"].description.title, [len(bar.notes) for bar in bars])
    print(sorted(engines)[:2], [fault.name for fault in broken])
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the example as pip installs it; nothing is fetched."""
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(target)]
    subprocess.run([*pip, *options, str(EXAMPLE)], check=True, capture_output=True)
    return target


def _python(target: Path, code: str) -> str:
    program = f"import sys; sys.path.insert(0, {str(target)!r})\n{textwrap.dedent(code)}"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return done.stdout


class TestThirdPartyEngine:
    def test_is_found_and_plays(self, installed):
        """After `pip install` the engine is among ours and plays its bars."""
        assert ["ClappaRoo [9, 9]", "['bassaroo', 'clapparoo'] []"] == _python(
            installed, PLAY
        ).splitlines()

    def test_its_own_tests_pass(self, installed):
        """What we show as an example is tested as we would want yours to be."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
        path = os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        tests = str(EXAMPLE / "tests")
        done = subprocess.run(
            [*command, "--rootdir", tests, tests],
            check=False,
            capture_output=True,
            text=True,
            env=environment,
        )
        assert 0 == done.returncode, done.stdout
