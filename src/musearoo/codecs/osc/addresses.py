"""One OSC address: what it takes, does, needs and answers, and how a message to it is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from musearoo.codecs.osc.arguments import Argument
from musearoo.domain.commands import Act, At
from musearoo.domain.errors import InvalidValue
from musearoo.domain.permissions import Permission

Values = Mapping[str, Any]
Builder = Callable[[Values], Act]
Family = Literal["generate", "parameter", "session", "transport", "take", "midi", "live", "device"]

ECHO: Final = "/echo"
_MOMENTS: Final = ("now", "next_beat", "next_bar")
_PLACEHOLDERS: Final = ("{channel}", "{number}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One address.

    `permission` is the right that its sender needs in the session; None means that every
    paired device may. `command` names the conductor's command behind it, and `build` makes it;
    the door itself carries out what has none. `parameter` is the path whose value it sets and
    `echo` the address at which the value in force is told. A sent address leaves the server.
    """

    path: str
    family: Family
    meaning: str
    arguments: tuple[Argument, ...] = ()
    sent: bool = False
    permission: Permission | None = None
    command: str | None = None
    build: Builder | None = field(default=None, repr=False, compare=False)
    parameter: str | None = None
    echo: str | None = None
    replies: tuple[str, ...] = ()
    takes_at: bool = False
    default_at: At | None = None

    @property
    def tags(self) -> str:
        """The OSC type tags of its arguments, without the comma; repeated ones once."""
        return "".join(argument.tag for argument in self.arguments)

    @property
    def is_state(self) -> bool:
        """Whether only the latest value counts, so that earlier ones may be skipped."""
        return self.command == "set_parameter" and self.parameter is not None

    @property
    def is_template(self) -> bool:
        """Whether the path stands for several, such as `/musearoo/cc/{channel}/{number}`."""
        return "{" in self.path


@dataclass(frozen=True, slots=True)
class Request:
    """A message that was understood: what it names, says, and asks of the conductor."""

    address: Address
    values: dict[str, Any]
    act: Act | None
    at: At | None


def numbers_of(address: Address, path: str) -> dict[str, int] | None:
    """The numbers that a path puts in the place of a template's names; None if it does not fit.

    The channel may be left out of `/musearoo/cc/{channel}/{number}`; it is 1 then.
    """
    names = [part[1:-1] for part in address.path.split("/") if part in _PLACEHOLDERS]
    given = path[address.path.index("{") :].split("/")
    if names == ["channel", "number"] and len(given) == 1:
        given = ["1", *given]
    if len(given) != len(names):
        return None
    numbers: dict[str, int] = {}
    for name, text in zip(names, given, strict=True):
        if not (text.isascii() and text.isdigit() and len(text) <= 3):
            return None
        numbers[name] = int(text)
    if not 1 <= numbers["channel"] <= 16 or numbers.get("number", 0) > 127:
        return None
    return numbers


def read(address: Address, arguments: Sequence[object], path: str = "") -> Request:
    """What a message asks for; raises `InvalidValue` that says what would be right.

    A last string such as "next_bar" or "bar 5" says when, where the address takes it.
    """
    arguments, at = _moment(address, arguments)
    values: dict[str, Any] = {}
    if address.is_template:
        values.update(numbers_of(address, path or address.path) or {})
    rest = list(arguments)
    for argument in address.arguments:
        if argument.repeated:
            values[argument.name] = tuple(argument.read(each) for each in rest)
            rest.clear()
        elif rest:
            values[argument.name] = argument.read(rest.pop(0))
        elif not argument.optional:
            raise InvalidValue("arguments", len(arguments), expected(address))
    if rest:
        raise InvalidValue("arguments", len(arguments), expected(address))
    act = None
    if address.build is not None and values.get("pressed", True):
        act = address.build(values)
    return Request(address, values, act, at)


def expected(address: Address) -> str:
    """The arguments of an address in words, for a refusal."""
    parts = [
        f"{each.name} ({each.range_text}{', optional' if each.optional else ''})"
        for each in address.arguments
    ]
    return f"for {address.path}: " + (", ".join(parts) or "nothing")


def _moment(address: Address, arguments: Sequence[object]) -> tuple[Sequence[object], At | None]:
    if address.takes_at and arguments:
        last = arguments[-1]
        if isinstance(last, str) and (last in _MOMENTS or last.startswith("bar ")):
            return arguments[:-1], At.parse(last)
    return arguments, address.default_at
