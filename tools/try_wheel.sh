#!/usr/bin/env bash
# Installs a wheel into a new environment far from the sources and starts the command.
set -euo pipefail
wheel=$(realpath "$1")
tools=$(dirname "$(realpath "$0")")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

cd "$place"
"$tools/make_venv.sh" venv
venv/bin/python -m pip --disable-pip-version-check install --quiet "$wheel"
venv/bin/python - <<'PY'
from importlib.metadata import entry_points
from importlib.resources import files

import musearoo

for engine in entry_points(group="musearoo.engines"):
    engine.load()
assert any(files("musearoo").joinpath("render/soundfont").iterdir()), "the sound font is missing"
script = files("musearoo").joinpath("live/remote_script/MuseAroo/surface.py")
assert script.is_file(), "the script for Ableton Live is missing"
print("musearoo", musearoo.__version__, "imports outside the sources, engines and sound font too")
PY
venv/bin/musearoo --help
