"""A Pure Data patch: a window for each part, whose sliders send OSC and show what is in force.

Written for Pd 0.51 or newer, where `netsend` also answers with what comes back.
"""

from typing import Final

from musearoo.protocols.osc.layouts.panel import Page, Widget

OUT: Final = "musearoo-out"
_IN: Final = "musearoo-in"
_ROW: Final = 30
_SLIDER: Final = "hsl 160 18 {low:g} {high:g} 0 0 empty {name} empty -2 -8 0 12 -1 -1 -1 0 1"
_TOGGLE: Final = "tgl 18 0 empty {name} empty 17 7 0 12 -1 -1 -1 0 1"
_BANG: Final = "bng 18 250 50 0 empty {name} empty 17 7 0 12 -1 -1 -1"


def puredata(pages: tuple[Page, ...], host: str = "127.0.0.1", port: int = 8765) -> str:
    """The patch's text."""
    patch = Canvas(f"#N canvas 80 80 560 {260 + _ROW * len(pages)} 12;")
    patch.text(20, 16, "MuseAroo: each window below is a page of controls.")
    patch.text(20, 36, "Another machine: change host and port, then send /musearoo/pair code.")
    loaded = patch.object(20, 70, "loadbang")
    connect = patch.message(20, 96, f"connect {host} {port}")
    hello = patch.object(230, 96, "oscformat musearoo hello")
    after = patch.object(230, 70, "delay 200")
    taken = patch.object(20, 130, f"r {OUT}")
    send = patch.object(20, 156, "list prepend send")
    trimmed = patch.object(20, 182, "list trim")
    socket = patch.object(20, 208, "netsend -u -b")
    parsed = patch.object(230, 208, "oscparse")
    heard = patch.object(310, 208, "list trim")
    told = patch.object(400, 208, f"s {_IN}")
    greeted = patch.object(230, 130, f"s {OUT}")
    patch.connect(loaded, 0, connect)
    patch.connect(loaded, 0, after)
    patch.connect(after, 0, hello)
    patch.connect(hello, 0, greeted)
    for before, following in ((connect, socket), (taken, send), (send, trimmed), (trimmed, socket)):
        patch.connect(before, 0, following)
    patch.connect(socket, 1, parsed)
    patch.connect(parsed, 0, heard)
    patch.connect(heard, 0, told)
    for number, page in enumerate(pages):
        patch.window(20, 250 + _ROW * number, page.name, _window(page))
    return str(patch)


class Canvas:
    """A Pd canvas under construction: objects are numbered in the order in which they come."""

    def __init__(self, head: str) -> None:
        self._lines = [head]
        self._cords: list[str] = []
        self._count = 0

    def __str__(self) -> str:
        return "\n".join(self.lines()) + "\n"

    def lines(self) -> list[str]:
        """The canvas as it stands in a file."""
        return [*self._lines, *self._cords]

    def object(self, x: int, y: int, text: str) -> int:
        """Place an object; answers its number."""
        return self._add(f"#X obj {x} {y} {text};")

    def message(self, x: int, y: int, text: str) -> int:
        """Place a message box; a dollar is part of the text."""
        return self._add(f"#X msg {x} {y} {text.replace('$', chr(92) + '$')};")

    def text(self, x: int, y: int, text: str) -> int:
        """Place a comment."""
        escaped = text.replace(",", " \\,").replace(";", " \\;")
        return self._add(f"#X text {x} {y} {escaped};")

    def symbol(self, x: int, y: int) -> int:
        """Place a box that shows a word."""
        return self._add(f"#X symbolatom {x} {y} 14 0 0 0 - - - 0;")

    def window(self, x: int, y: int, name: str, inside: "Canvas") -> int:
        """Place a subpatch."""
        self._lines += inside.lines()
        return self._add(f"#X restore {x} {y} pd {name};")

    def connect(self, source: int, outlet: int, target: int, inlet: int = 0) -> None:
        """Draw a cord."""
        self._cords.append(f"#X connect {source} {outlet} {target} {inlet};")

    def _add(self, line: str) -> int:
        self._lines.append(line)
        self._count += 1
        return self._count - 1


def _window(page: Page) -> Canvas:
    window = Canvas(f"#N canvas 660 80 760 {60 + _ROW * len(page.widgets)} {page.name} 0;")
    heard = window.object(480, 10, f"r {_IN}")
    for number, widget in enumerate(page.widgets):
        y = 40 + _ROW * number
        window.text(190, y, _caption(widget))
        control = _control(window, widget, y)
        if widget.echo is not None:
            _shown(window, (widget, widget.echo), y, heard, control)
    return window


def _caption(widget: Widget) -> str:
    if not widget.choices:
        return widget.label
    numbered = " ".join(f"{number}={choice}" for number, choice in enumerate(widget.choices))
    return f"{widget.label}: {numbered}"


def _control(window: Canvas, widget: Widget, y: int) -> int | None:
    """What the user moves, and the message it sends."""
    if widget.path is None:
        return None
    control = window.object(20, y, _body(widget))
    last = control
    if widget.kind in {"choice", "stepper"}:
        last = window.object(430, y, "i")
        window.connect(control, 0, last)
    elif widget.kind == "trigger":
        last = window.message(430, y, "1")
        window.connect(control, 0, last)
    formed = window.object(480, y, "oscformat " + widget.path.strip("/").replace("/", " "))
    window.connect(last, 0, formed)
    window.connect(formed, 0, window.object(700, y, f"s {OUT}"))
    return control


def _body(widget: Widget) -> str:
    """A control that other patches can move by sending to `musearoo-<id>`."""
    shapes = {"trigger": _BANG, "toggle": _TOGGLE}
    shape = shapes.get(widget.kind, _SLIDER)
    return shape.format(name=f"musearoo-{widget.id}", low=widget.minimum, high=widget.maximum)


def _shown(
    window: Canvas, told: tuple[Widget, str], y: int, heard: int, control: int | None
) -> None:
    """What the server tells: a slider is set without sending, a word is written."""
    widget, echo = told
    source = heard
    for number, step in enumerate(echo.strip("/").split("/")):
        route = window.object(800 + 90 * number, y, f"route {step}")
        window.connect(source, 0, route)
        source = route
    if control is not None and widget.kind != "choice":
        shown = window.message(1200, y, "set $1")
        window.connect(source, 0, shown)
        window.connect(shown, 0, control)
        return
    word = window.object(1200, y, "list prepend symbol")
    plain = window.object(1340, y, "list trim")
    window.connect(source, 0, word)
    window.connect(word, 0, plain)
    window.connect(plain, 0, window.symbol(360, y))
