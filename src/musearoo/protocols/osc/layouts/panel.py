"""What a controller shows of the address table: pages of widgets, whatever program draws them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from musearoo.codecs.osc.addresses import Address
from musearoo.codecs.osc.arguments import Argument
from musearoo.codecs.osc.table import AddressTable

Kind = Literal["fader", "stepper", "choice", "toggle", "trigger", "readout"]
SESSION: Final = "session"
_TRIGGERS: Final = (
    "/musearoo/transport/stop",
    "/musearoo/transport/panic",
    "/musearoo/undo",
    "/musearoo/redo",
    "/musearoo/refresh",
)
_SETTINGS: Final = ("/musearoo/transport/playing", "/musearoo/session/tempo",
                    "/musearoo/session/style")  # fmt: skip
_READOUTS: Final = ("/musearoo/session/key", "/musearoo/session/meter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """One control: it sends one value to `path`, and shows what comes at `echo`.

    A trigger sends 1 when pressed; a readout sends nothing and shows text or a number.
    """

    kind: Kind
    label: str
    path: str | None
    echo: str | None = None
    minimum: float = 0.0
    maximum: float = 1.0
    default: float = 0.0
    choices: tuple[str, ...] = ()
    meaning: str = ""

    @property
    def id(self) -> str:
        """A name of its own in the whole layout."""
        return (self.path or self.echo or self.label).removeprefix("/musearoo/").replace("/", "_")


@dataclass(frozen=True, slots=True)
class Page:
    """A tab of widgets, in the order of the table."""

    name: str
    widgets: tuple[Widget, ...]


def pages(table: AddressTable) -> tuple[Page, ...]:
    """One page for the session, then one for each part."""
    parts = dict.fromkeys(
        address.path.rsplit("/", 1)[1]
        for address in table.incoming
        if address.path.startswith("/musearoo/generate/")
    )
    return (
        Page(SESSION, tuple(_session(table))),
        *(Page(part, tuple(_part(table, part))) for part in parts),
    )


def _session(table: AddressTable) -> Iterator[Widget]:
    for path in _SETTINGS:
        yield _setting(_known(table, path))
    for path in _TRIGGERS:
        yield _trigger(_known(table, path))
    for path in _READOUTS:
        echo = _known(table, path).echo
        yield Widget(kind="readout", label=_label(path), path=None, echo=echo)
    yield Widget(kind="readout", label="last error", path=None, echo="/musearoo/error")


def _part(table: AddressTable, part: str) -> Iterator[Widget]:
    yield _trigger(_known(table, f"/musearoo/generate/{part}"), "generate")
    yield _trigger(_known(table, f"/musearoo/regenerate/{part}"), "play again")
    yield _setting(_known(table, f"/musearoo/lock/{part}"), "lock")
    for address in table.incoming:
        if address.family == "parameter" and address.path.startswith(f"/musearoo/{part}/"):
            yield _setting(address)
    yield Widget(kind="readout", label="confidence", path=None, echo=f"/musearoo/{part}/generated")


def _known(table: AddressTable, path: str) -> Address:
    found = table.find(path)
    if found is None:
        raise LookupError(path)
    return found


def _trigger(address: Address, label: str | None = None) -> Widget:
    return Widget(
        kind="trigger",
        label=label or _label(address.path),
        path=address.path,
        meaning=address.meaning,
    )


def _setting(address: Address, label: str | None = None) -> Widget:
    argument = address.arguments[0]
    minimum, maximum = _range(argument)
    return Widget(
        kind=_kind(argument),
        label=label or _label(address.path),
        path=address.path,
        echo=address.echo,
        minimum=minimum,
        maximum=maximum,
        default=_default(argument, minimum),
        choices=argument.choices,
        meaning=address.meaning,
    )


def _kind(argument: Argument) -> Kind:
    kinds: dict[str, Kind] = {
        "number": "fader", "integer": "stepper", "boolean": "toggle",
        "choice": "choice", "style": "choice", "text": "readout",
    }  # fmt: skip
    return kinds[argument.kind]


def _range(argument: Argument) -> tuple[float, float]:
    if argument.choices:
        return 0.0, float(len(argument.choices) - 1)
    minimum = 0.0 if argument.minimum is None else argument.minimum
    return minimum, 1.0 if argument.maximum is None else argument.maximum


def _default(argument: Argument, minimum: float) -> float:
    if argument.choices:
        chosen = argument.default
        return float(argument.choices.index(chosen)) if chosen in argument.choices else 0.0
    return float(argument.default) if isinstance(argument.default, int | float) else minimum


def _label(path: str) -> str:
    return path.rsplit("/", 1)[1].replace("_", " ")
