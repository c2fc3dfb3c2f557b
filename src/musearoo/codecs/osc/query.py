"""OSCQuery: the address table as the JSON tree that OSC programs browse.

Source: OSCQueryProposal (Vidvox, https://github.com/Vidvox/OSCQueryProposal), "Attributes".
"""

from collections.abc import Iterable
from typing import Any, Final

from musearoo.codecs.osc.addresses import Address
from musearoo.codecs.osc.arguments import Argument

READ: Final = 1
WRITE: Final = 2
ATTRIBUTES: Final = (
    "FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "RANGE", "DESCRIPTION", "UNIT", "VALUE",
)  # fmt: skip
_EXTENSIONS: Final = ("ACCESS", "RANGE", "DESCRIPTION", "UNIT", "LISTEN")

Node = dict[str, Any]


def host_info(name: str, port: int, websocket_port: int) -> Node:
    """The answer to `?HOST_INFO`: where OSC goes and what the tree tells."""
    return {
        "NAME": name,
        "OSC_PORT": port,
        "OSC_TRANSPORT": "UDP",
        "WS_PORT": websocket_port,
        "EXTENSIONS": dict.fromkeys(_EXTENSIONS, True),
    }


def tree(addresses: Iterable[Address]) -> Node:
    """The whole tree; it is the same for everybody, so it holds no values.

    Addresses with a number in them, such as those of MIDI controllers, have no node.
    """
    root: Node = {"FULL_PATH": "/", "CONTENTS": {}, "ACCESS": 0}
    for address in addresses:
        if address.is_template:
            continue
        node = _made(root, address.path)
        _describe(node, address)
    return root


def node_at(root: Node, path: str) -> Node | None:
    """The node of a path; None if there is none."""
    node = root
    for step in path.split("/"):
        if not step:
            continue
        found = node.get("CONTENTS", {}).get(step)
        if found is None:
            return None
        node = found
    return node


def _made(root: Node, path: str) -> Node:
    node = root
    walked = ""
    for step in path.strip("/").split("/"):
        walked += "/" + step
        contents = node.setdefault("CONTENTS", {})
        node = contents.setdefault(step, {"FULL_PATH": walked, "ACCESS": 0})
    return node


def _describe(node: Node, address: Address) -> None:
    node["ACCESS"] |= READ if address.sent else WRITE
    node["DESCRIPTION"] = address.meaning
    node["TYPE"] = address.tags
    node["RANGE"] = [_range(argument) for argument in address.arguments]
    if any(argument.unit for argument in address.arguments):
        node["UNIT"] = [argument.unit for argument in address.arguments]


def _range(argument: Argument) -> Node:
    if argument.choices:
        return {"VALS": list(argument.choices)}
    if argument.kind == "boolean":
        return {"VALS": [0, 1]}
    bounds: Node = {}
    if argument.minimum is not None:
        bounds["MIN"] = argument.minimum
    if argument.maximum is not None:
        bounds["MAX"] = argument.maximum
    return bounds
