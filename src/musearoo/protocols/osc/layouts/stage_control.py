"""A session for Open Stage Control, and the module that turns echoes into its widgets' addresses.

Properties as its documentation names them; a dropdown sends and shows the words of a choice.
"""

from typing import Any, Final

import msgspec

from musearoo.codecs.osc.addresses import ECHO
from musearoo.protocols.osc.layouts.panel import Page, Widget

_VERSION: Final = "1.26.0"  # the oldest that reads this form
_COLUMNS: Final = 4
_CELL: Final = (240, 110)

MODULE: Final = f"""\
// For Open Stage Control's custom-module option: what MuseAroo tells at .../echo is shown by
// the widget that sends to the address without it.
module.exports = {{
    init: function() {{
        send(settings.read('send')[0], '/musearoo/hello')
    }},
    oscInFilter: function(data) {{
        if (data.address.endsWith('{ECHO}')) {{
            data.address = data.address.slice(0, -{len(ECHO)})
        }}
        return data
    }}
}}
"""


def stage_control(pages: tuple[Page, ...]) -> str:
    """The session as JSON."""
    content = {
        "type": "root",
        "id": "root",
        "tabs": [_tab(page) for page in pages],
    }
    session = {
        "createdWith": "Open Stage Control",
        "version": _VERSION,
        "type": "session",
        "content": content,
    }
    return msgspec.json.format(msgspec.json.encode(session), indent=1).decode() + "\n"


def _tab(page: Page) -> dict[str, Any]:
    return {
        "type": "tab",
        "id": f"tab_{page.name}",
        "label": page.name,
        "widgets": [
            {
                "type": "panel",
                "id": f"panel_{page.name}",
                "left": 0,
                "top": 0,
                "width": "100%",
                "height": "100%",
                "scroll": True,
                "widgets": [
                    each
                    for place, widget in enumerate(page.widgets)
                    for each in _cell(widget, place)
                ],
            }
        ],
    }


def _cell(widget: Widget, place: int) -> list[dict[str, Any]]:
    row, column = divmod(place, _COLUMNS)
    width, height = _CELL
    left, top = 10 + column * (width + 10), 10 + row * (height + 10)
    box = {"left": left, "top": top + 30, "width": width, "height": height - 30}
    caption = {
        "type": "text", "id": f"{widget.id}_label", "left": left, "top": top, "width": width,
        "height": 30, "default": widget.label, "bypass": True,
    }  # fmt: skip
    body = {"id": widget.id, "address": widget.path or widget.echo, **box, **_body(widget)}
    if widget.echo is not None and widget.path is None:
        body["address"] = widget.echo.removesuffix(ECHO)
    return [caption, {**body, "comments": widget.meaning}]


def _body(widget: Widget) -> dict[str, Any]:
    match widget.kind:
        case "trigger":
            return {"type": "button", "mode": "tap", "on": 1, "label": False, "typeTags": "i"}
        case "toggle":
            return {
                "type": "button", "mode": "toggle", "on": 1, "off": 0, "label": False,
                "typeTags": "i",
            }  # fmt: skip
        case "choice":
            return {"type": "dropdown", "values": list(widget.choices), "typeTags": "s"}
        case "readout":
            return {"type": "text", "bypass": True}
        case "fader" | "stepper":
            whole = widget.kind == "stepper"
            return {
                "type": "fader", "horizontal": True, "design": "compact",
                "range": {"min": widget.minimum, "max": widget.maximum},
                "steps": widget.maximum - widget.minimum + 1 if whole else 0,
                "default": widget.default, "decimals": 0 if whole else 3,
                "typeTags": "i" if whole else "f",
            }  # fmt: skip
