"""A TouchOSC layout (`.tosc`): a tab for the session and one for each part.

A control sends on its address and listens on that of the echo; it never sends what it hears.
The file is written by py2tosc, which checks it against what TouchOSC accepts.
"""

import uuid
import zlib
from typing import TYPE_CHECKING, Any, Final

from musearoo.domain.errors import Unavailable
from musearoo.protocols.osc.layouts.panel import Page, Widget

if TYPE_CHECKING:
    from py2tosc import Control, OscMessage

_FRAME: Final = (0, 0, 1024, 768)
_COLUMNS: Final = 4
_NARROW_CHOICES: Final = 8
_NAMES: Final = uuid.UUID("6f1b0a0e-3c53-5b0e-9c43-0d6c0a6b7f10")
_COLOURS: Final = {
    "fader": "#4aa8ff", "stepper": "#4aa8ff", "choice": "#b48cff",
    "toggle": "#ffb13d", "trigger": "#5fd38a", "readout": "#9aa4b0",
}  # fmt: skip


def touchosc(pages: tuple[Page, ...]) -> bytes:
    """The layout as the bytes of a `.tosc` file; raises `Unavailable` without py2tosc."""
    return zlib.compress(touchosc_xml(pages).encode())


def touchosc_xml(pages: tuple[Page, ...]) -> str:
    """The layout before it is compressed."""
    tosc = _library()
    tabs = [_tab(tosc, page) for page in pages]
    root = tosc.ui.stack(tosc.ui.pager(*tabs, name="pages"), frame=_FRAME, name="MuseAroo")
    document = tosc.Document(root=root)
    document.resolve()
    _name(root, "")
    faults = tosc.validate(document)
    if faults:
        raise ValueError(str(faults[0]))
    text: str = tosc.dumps(document)
    return text


def _library() -> Any:
    try:
        import py2tosc  # noqa: PLC0415  (an extra)
        import py2tosc.ui  # noqa: PLC0415
    except ImportError:
        raise Unavailable(
            "Writing TouchOSC layouts needs an extra: pip install 'musearoo[touchosc]'. One for "
            "the four built-in players lies in clients/touchosc of the source."
        ) from None
    return py2tosc


def _tab(tosc: Any, page: Page) -> "Control":
    """Small cells in a grid; a choice among many gets a row as wide as the screen."""
    wide = [each for each in page.widgets if len(each.choices) > _NARROW_CHOICES]
    small = [each for each in page.widgets if each not in wide]
    grid = tosc.ui.tiles(
        *(_cell(tosc, widget) for widget in small), columns=_COLUMNS, gap=8, pad=8,
        name=f"{page.name}_grid",
    )  # fmt: skip
    rows = [_cell(tosc, widget) for widget in wide]
    heights = (-(-len(small) // _COLUMNS), *(1 for _ in rows))
    tab: Control = tosc.ui.column(
        grid, *rows, sizes=heights, gap=8, name=page.name, tab_label=page.name
    )
    return tab


def _name(control: "Control", path: str) -> None:
    """Ids by place, so that the same table gives the same file."""
    control.id = str(uuid.uuid5(_NAMES, path))
    for number, child in enumerate(control.children):
        _name(child, f"{path}/{number}:{child.name}")


def _cell(tosc: Any, widget: Widget) -> "Control":
    caption = tosc.label(
        name=f"{widget.id}_label", background=False, interactive=False, text_size=16,
        color=_COLOURS[widget.kind],
        values=[tosc.Value("text", default=widget.label), tosc.Value("touch", default=False)],
    )  # fmt: skip
    controls = _controls(tosc, widget)
    sizes = (2, *(5 if index == 0 else 2 for index in range(len(controls))))
    cell: Control = tosc.ui.column(caption, *controls, sizes=sizes, gap=2, name=f"{widget.id}_cell")
    return cell


def _controls(tosc: Any, widget: Widget) -> list["Control"]:
    colour = _COLOURS[widget.kind]
    match widget.kind:
        case "trigger":
            return [tosc.button(name=widget.id, color=colour, messages=[_sent(tosc, widget)])]
        case "toggle":
            toggle = tosc.button(
                name=widget.id, color=colour, button_type=tosc.ButtonType.TOGGLE_RELEASE,
                messages=_both(tosc, widget),
            )  # fmt: skip
            return [toggle]
        case "choice":
            chooser = tosc.radio(
                name=widget.id, color=colour, steps=len(widget.choices),
                messages=[_sent(tosc, widget)],
            )  # fmt: skip
            return [chooser, _readout(tosc, widget)]
        case "readout":
            return [_readout(tosc, widget)]
        case "fader" | "stepper":
            fader = tosc.fader(
                name=widget.id, color=colour, orientation=tosc.Orientation.EAST,
                messages=_both(tosc, widget),
            )  # fmt: skip
            return [fader, _readout(tosc, widget)]


def _both(tosc: Any, widget: Widget) -> list["OscMessage"]:
    heard = [_heard(tosc, widget, _value(tosc, widget), "x")] if widget.echo is not None else []
    return [_sent(tosc, widget), *heard]


def _sent(tosc: Any, widget: Widget) -> "OscMessage":
    message: OscMessage = tosc.ui.osc(
        widget.path, args=[_value(tosc, widget)], receive=False, no_duplicates=True
    )
    return message


def _heard(tosc: Any, widget: Widget, value: Any, variable: str) -> "OscMessage":
    message: OscMessage = tosc.ui.osc(widget.echo, args=[value], send=False, var=variable)
    return message


def _value(tosc: Any, widget: Widget) -> Any:
    if widget.kind == "choice":  # a radio counts its steps from 0
        return tosc.ui.value("x", conversion="INTEGER")
    whole = widget.kind in {"toggle", "trigger"}
    return tosc.ui.value(
        "x",
        conversion="INTEGER" if whole else "FLOAT",
        scale=(0.0, 1.0) if whole else (widget.minimum, widget.maximum),
    )


def _readout(tosc: Any, widget: Widget) -> "Control":
    messages = []
    if widget.echo is not None:
        text = tosc.ui.value("text", conversion="STRING")
        messages = [_heard(tosc, widget, text, "text")]
    label: Control = tosc.label(
        name=f"{widget.id}_value", text_size=16, interactive=False, color=_COLOURS["readout"],
        messages=messages,
    )  # fmt: skip
    return label
