#!/bin/sh
# Makes a virtual environment with the first Python from 3.11 to 3.13 that works.
set -eu
folder=$1

for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
  if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
  then
    if "$python" -m venv "$folder"; then exit 0; fi
    rm -rf "$folder"
    echo "$python cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2
    exit 1
  fi
done
echo "MuseAroo needs Python 3.11, 3.12 or 3.13; set PYTHON=/path/to/python if it is elsewhere" >&2
exit 1
