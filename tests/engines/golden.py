"""Golden recipes: runs whose every byte is fixed. `python -m tests.engines.golden --write`.

Write them anew only together with a new `version` of the engine whose notes changed: what
is stored under the old version could not be made again.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from musearoo.domain.context import Section
from musearoo.domain.music.style import STYLES
from tests.engines.takes import METERS, accented, context_of, take, with_drums

FILE = Path(__file__).parent / "golden.json"
FORM = (Section("verse", 0, 4), Section("chorus", 4, 4))
EXTREMES: tuple[dict[str, Any], ...] = (
    {"complexity": 1.0, "density": 1.0, "variation": 1.0, "fills": 1.0, "humanise": 1.0},
    {"complexity": 0.0, "density": 0.0, "variation": 0.0, "fills": 0.0, "humanise": 0.0},
    {"swing": 0.66, "follow": 1.0, "intensity": 0.9, "push": -7.5},
)


def recipes() -> dict[str, str]:
    """A hash of the notes of every golden run, by its name."""
    hashes: dict[str, str] = {}
    for number, style in enumerate(STYLES):
        for meter in ("4/4", METERS[1 + number % (len(METERS) - 1)]):
            hashes |= _pair(f"{style} {meter}", style, meter, number, {})
    for number, extreme in enumerate(EXTREMES):
        hashes |= _pair(f"extreme {number}", "funk", "4/4", 2**53 - 1 - number, extreme)
    return hashes


def _pair(
    name: str, style: str, meter: str, seed: int, parameters: dict[str, Any]
) -> dict[str, str]:
    context = context_of(style, meter, 96 + seed % 60, sections=FORM)
    context = msgspec.structs.replace(context, groove=accented(16, {0, 3, 6, 10, 12}))
    heard = with_drums(context, seed)
    return {
        f"drummaroo {name}": _hash(take("drummaroo", context, seed, **parameters)),
        f"bassaroo {name}": _hash(take("bassaroo", heard, seed, **parameters)),
    }


def _hash(bars: object) -> str:
    return hashlib.sha256(msgspec.msgpack.encode(bars)).hexdigest()[:16]


def main() -> int:
    if "--write" in sys.argv[1:]:
        FILE.write_text(json.dumps(recipes(), indent=0) + "\n", encoding="utf-8", newline="\n")
        return 0
    return int(recipes() != json.loads(FILE.read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main())
