"""Golden recipes of melody and harmony. `python -m tests.engines.golden_pitched --write`.

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
from tests.engines.pitched import notes_of, take
from tests.engines.takes import METERS, accented, context_of

FILE = Path(__file__).parent / "golden_pitched.json"
FORM = (Section("verse", 0, 4), Section("chorus", 4, 4))
CHORDS = ("C", "G/B|E7", "Am7", "Fmaj7|Fm6")
EXTREMES: tuple[dict[str, Any], ...] = (
    {"complexity": 1.0, "density": 1.0, "variation": 1.0, "humanise": 1.0, "swing": 0.75},
    {"complexity": 0.0, "density": 0.0, "variation": 0.0, "humanise": 0.0, "register": 0.0},
    {"follow": 1.0, "intensity": 0.9, "register": 1.0, "groove": 1.0},
)
OWN: dict[str, tuple[dict[str, Any], ...]] = {
    "melodyroo": ({"outside": 1.0}, {"hook": 1.0, "range": 1.0},
                  {"call_response": 1.0, "rests": 0.9}),
    "harmonyroo": ({"strict": True, "voices": 5}, {"texture": "arpeggio"}, {"texture": "strum"},
                   {"voicing": "pads", "tension": 1.0}, {"voicing": "rootless", "tension": 0.8}),
}  # fmt: skip


def recipes() -> dict[str, str]:
    """A hash of the notes of every golden run, by its name."""
    hashes: dict[str, str] = {}
    for number, style in enumerate(STYLES):
        for meter in ("4/4", METERS[1 + number % (len(METERS) - 1)]):
            hashes |= _pair(f"{style} {meter}", style, meter, number, {})
    for number, extreme in enumerate(EXTREMES):
        hashes |= _pair(f"extreme {number}", "soul", "4/4", 2**53 - 1 - number, extreme)
    for engine, cases in OWN.items():
        for number, case in enumerate(cases):
            context = context_of("jazz", "4/4", 130, chords=CHORDS, key="C major")
            hashes[f"{engine} own {number}"] = _hash(take(engine, context, number, **case))
    bare = context_of("pop", chords=(), bars=0, key="D dorian")
    bare = msgspec.structs.replace(bare, bars=12)
    return hashes | {f"{name} alone": _hash(take(name, bare, 7)) for name in OWN}


def _pair(
    name: str, style: str, meter: str, seed: int, parameters: dict[str, Any]
) -> dict[str, str]:
    context = context_of(style, meter, 80 + seed % 90, chords=CHORDS, key="C major", sections=FORM)
    context = msgspec.structs.replace(context, groove=accented(16, {0, 3, 6, 10, 12}))
    melody = take("melodyroo", context, seed, **parameters)
    heard = msgspec.structs.replace(context, parts={"melody": tuple(notes_of(melody))})
    return {
        f"melodyroo {name}": _hash(melody),
        f"harmonyroo {name}": _hash(take("harmonyroo", heard, seed, **parameters)),
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
