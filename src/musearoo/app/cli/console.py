"""What every command shares: answers for people or as JSON, progress, honest exit codes."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, NoReturn, TypeVar

import msgspec
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from musearoo.app.logging import quiet_logging
from musearoo.app.settings import Settings
from musearoo.domain.errors import MuseArooError, Unavailable

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON on standard output.")]
errors: Final = Console(stderr=True, highlight=False)
out: Final = Console(highlight=False)

# Exit codes: what went wrong in classes that a script can act on.
REFUSED: Final = 3
UNAVAILABLE: Final = 4


def answer(value: Any, *, as_json: bool, lines: Callable[[], Iterator[str]]) -> None:
    """Print `value` as JSON, or `lines` for people."""
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(value)).decode() + "\n")
        return
    for line in lines():
        out.print(line, markup=False, soft_wrap=True)


def run(work: Callable[[], Coroutine[Any, Any, T]], *, as_json: bool = False) -> T:
    """Run a command's work; a refusal becomes a clear line (or JSON) and an exit code."""
    quiet_logging()
    try:
        return asyncio.run(work())
    except MuseArooError as refusal:
        fail(refusal, as_json=as_json)
    except OSError as error:
        fail(system_refusal(error), as_json=as_json)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def system_refusal(error: OSError) -> Unavailable:
    """What the system would not do, and with which file."""
    return Unavailable(f"{error.strerror or error}: {error.filename or 'the system'}")


def fail(refusal: MuseArooError, *, as_json: bool = False) -> NoReturn:
    """Tell why it cannot be done and end."""
    if as_json:
        problem = {"error": refusal.code, "detail": refusal.detail}
        sys.stdout.write(msgspec.json.encode(problem).decode() + "\n")
    else:
        errors.print(refusal.detail, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(UNAVAILABLE if refusal.http_status >= 500 else REFUSED)


def load_settings(**given: object) -> Settings:
    """The settings, with the options that were given on the command line on top."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        for fault in error.errors():
            name = "_".join(str(part) for part in fault["loc"])
            errors.print(f"{name}: {fault['msg']}", style="red", markup=False)
        raise typer.Exit(2) from None


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """A bar on a terminal, nothing elsewhere; the block reports (what, share 0-1)."""
    if quiet or not errors.is_terminal:
        yield lambda _what, _share: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as bars:
        task = bars.add_task("starting", total=1.0)
        yield lambda what, share: bars.update(task, description=what, completed=share)
