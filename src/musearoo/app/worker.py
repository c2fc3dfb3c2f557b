"""A worker process: `python -m musearoo.app.worker SETUP`, started by `jobs.process` alone.

It loads the players, says that it is ready, and does one task after another until the
server hangs up or dies. It knows no secrets, opens no sockets and writes no logs: what
went wrong travels to the server, which knows who asked.
"""

import gc
import os
import sys
import traceback

from musearoo.app.worker_guard import guard, private_descriptors, resident_bytes
from musearoo.app.worker_tasks import Bench, Cancelled, Installed, Skills
from musearoo.app.worker_wire import Wire
from musearoo.domain.errors import InvalidValue, MuseArooError
from musearoo.jobs import frames
from musearoo.jobs.setup import read_setup

_LONGEST_TRACEBACK = 8_000


def main(skills: Skills | None = None) -> None:
    """Work until the server hangs up; the process ends inside."""
    setup = read_setup(sys.argv[1])
    wire = Wire(*private_descriptors(setup))
    guard(setup)
    wire.listen()
    try:
        bench = Bench(skills or Installed(), wire.send, wire.is_cancelled, plays=setup.plays)
        wire.send(bench.ready())
    except Exception as error:  # noqa: BLE001  (whatever a plug-in does, the server must hear of it)
        wire.send(_failure(0, error))
        sys.exit(1)
    gc.freeze()  # what was loaded stays: keep collections short
    _hush()
    serve(bench, wire)


def _hush() -> None:
    """From here on decoders and engravers keep their remarks on a file to themselves."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def serve(bench: Bench, wire: Wire) -> None:
    """Do orders as they come."""
    while True:
        order = wire.next()
        try:
            result = bench.do(order)
        except (Exception, SystemExit) as error:  # noqa: BLE001  (a plug-in may raise anything)
            wire.send(_failure(order.id, error))
            if isinstance(error, MemoryError):
                sys.exit(1)  # what it held is not to be trusted to come back
        else:
            wire.send(frames.Done(order.id, result, resident_bytes()))


def _failure(order: int, error: BaseException) -> frames.Failed:
    resident = resident_bytes()
    match error:
        case Cancelled():
            return frames.Failed(order, frames.CANCELLED, "", resident=resident)
        case MuseArooError():
            field = error.field if isinstance(error, InvalidValue) else None
            return frames.Failed(
                order, error.code, error.detail, error.retry_after, field, resident=resident
            )
        case MemoryError():
            return frames.Failed(order, frames.OUT_OF_MEMORY, "", resident=resident)
    text = "".join(traceback.format_exception(error))[-_LONGEST_TRACEBACK:]
    return frames.Failed(order, frames.CRASHED, type(error).__name__, traceback=text)


if __name__ == "__main__":
    main()
