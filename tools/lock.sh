#!/usr/bin/env bash
# Writes the hash-locked requirement files for Linux, macOS and Windows, Python 3.11 to 3.13.
# Existing pins stay unless --upgrade or --upgrade-package NAME is given.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=${UV:-.venv/bin/uv}

compile() {
  local output=$1
  shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
    --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
    --output-file "$output" "${extra[@]}" "$@" >/dev/null
  if grep -nE '^(-|.*(https?|file)://)' "$output"; then
    echo "$output names an index or a machine" >&2
    exit 1
  fi
}

extra=("$@")
compile requirements/build.txt --group build
compile requirements/runtime.txt pyproject.toml \
  --constraint requirements/build.txt --constraint requirements/platforms.in
compile requirements/voice.txt pyproject.toml --extra voice \
  --constraint requirements/build.txt --constraint requirements/runtime.txt
compile requirements/dev.txt pyproject.toml --group dev --extra postgres \
  --constraint requirements/build.txt --constraint requirements/runtime.txt
wc -l requirements/*.txt
