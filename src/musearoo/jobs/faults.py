"""What a worker reports as failed, as the error that the caller gets."""

from typing import Final
from uuid import uuid4

import structlog

from musearoo.domain.errors import MuseArooError, PayloadTooLarge, Unavailable
from musearoo.jobs import frames

log = structlog.get_logger(__name__)

# Codecs have errors of their own, with codes of the domain's.
_BY_CODE: Final = {
    str(error.code): error
    for error in MuseArooError.__subclasses__()
    if error.__module__ == MuseArooError.__module__
}


def rebuilt(failed: frames.Failed) -> MuseArooError:
    """The domain error that was raised in the worker; what is none becomes `Unavailable`.

    The traceback goes to the log under a correlation that the caller is told.
    """
    known = _BY_CODE.get(failed.code)
    if known is not None:
        # Subclasses make their text from other arguments; this text is made already.
        error = known.__new__(known)
        MuseArooError.__init__(error, failed.detail, retry_after=failed.retry_after)
        if failed.field is not None:
            vars(error)["field"] = failed.field
        return error
    if failed.code == frames.OUT_OF_MEMORY:
        return PayloadTooLarge("This needs more memory than one piece of work may use.")
    correlation = uuid4().hex[:12]
    log.error(
        "worker.task_failed",
        correlation=correlation,
        error=failed.detail,
        traceback=failed.traceback,
    )
    return Unavailable(f"This failed on our side and was noted as {correlation}.")
