"""Generated files match what generates them: `python -m tools.drift [--write]`.

To register one, add a row to `GENERATED`: the file, and a function `module:name` without
arguments that returns its text, or its zlib-compressed bytes.
"""

import sys
import zlib
from collections.abc import Callable
from difflib import unified_diff
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import cast

GENERATED: dict[str, str] = {
    "docs/protocol/openapi.json": "tools.documents:openapi",
    "docs/protocol/websocket.asyncapi.json": "tools.documents:asyncapi",
    "docs/protocol/websocket.schema.json": "tools.documents:websocket_schema",
    "tests/unit/codecs/ws/vectors/text.json": "tools.ws_vectors:text",
    "tests/unit/codecs/ws/vectors/binary.json": "tools.ws_vectors:binary",
    "docs/protocol/commands.md": "tools.documents:commands",
    "docs/protocol/problems.md": "tools.documents:errors",
    "docs/protocol/osc-addresses.md": "tools.osc_page:addresses",
    "docs/guide/engines.md": "tools.documents:engines",
    "clients/touchosc/musearoo.tosc": "tools.layouts:touchosc",
    "clients/open-stage-control/musearoo.json": "tools.layouts:stage_control",
    "clients/open-stage-control/musearoo.js": "tools.layouts:stage_control_module",
    "clients/puredata/musearoo.pd": "tools.layouts:puredata",
    "clients/reaper/MuseAroo.ReaperOSC": "tools.layouts:reaper",
}
SHOWN = 20


def generate(source: str) -> str | bytes:
    module, _, name = source.partition(":")
    return cast("Callable[[], str | bytes]", getattr(import_module(module), name))()


def difference(path: Path, wanted: str | bytes) -> str:
    """The first lines in which a file differs from what generates it; "" when equal."""
    if isinstance(wanted, bytes):  # compressors differ, what they hold may not
        same = path.exists() and zlib.decompress(path.read_bytes()) == zlib.decompress(wanted)
        return "" if same else f"{path} holds something else"
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = unified_diff(
        present.splitlines(), wanted.splitlines(), str(path), "generated", lineterm=""
    )
    return "\n".join(islice(lines, SHOWN))


def _write(path: Path, wanted: str | bytes) -> None:
    if isinstance(wanted, str):
        path.write_text(wanted, encoding="utf-8", newline="\n")
    elif difference(path, wanted):
        path.write_bytes(wanted)


def main() -> int:
    write = "--write" in sys.argv[1:]
    drifted = False
    for name, source in GENERATED.items():
        path, wanted = Path(name), generate(source)
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, wanted)
        elif found := difference(path, wanted):
            drifted = True
            print(f"{name} is stale: run `make generated`\n{found}")
    return 1 if drifted else 0


if __name__ == "__main__":
    sys.exit(main())
