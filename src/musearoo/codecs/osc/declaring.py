"""Short ways to write down an address that stands for a command, and common arguments."""

from typing import Any, Final

from musearoo.codecs.osc.addresses import ECHO, Address, Builder
from musearoo.codecs.osc.arguments import Argument
from musearoo.domain.commands import COMMANDS, At, SetParameter
from musearoo.domain.engine import MAXIMUM_BARS

NEXT_BAR: Final = At("next_bar")
PRESSED: Final = Argument(
    name="pressed", kind="boolean", optional=True, meaning="A button let go (0) does nothing"
)
BARS: Final = Argument(
    name="bars", kind="integer", minimum=1, maximum=MAXIMUM_BARS, repeated=True, optional=True,
    meaning="Bars from 1; none means all",
)  # fmt: skip


def command(
    path: str, name: str, build: Builder, arguments: tuple[Argument, ...] = (), **more: Any
) -> Address:
    """An address of a command of the closed list."""
    more.setdefault("meaning", COMMANDS[name].meaning)
    return Address(
        path=path, command=name, build=build, arguments=arguments,
        permission=COMMANDS[name].permission, takes_at=True, **more,
    )  # fmt: skip


def setting(path: str, argument: Argument, **more: Any) -> Address:
    """An address that sets a path, and is told of its value in force."""
    address = f"/musearoo/{path}"
    return command(
        address, "set_parameter",
        lambda values: SetParameter(path=path, value=values[argument.name]),
        (argument,), parameter=path, echo=address + ECHO, **more,
    )  # fmt: skip
