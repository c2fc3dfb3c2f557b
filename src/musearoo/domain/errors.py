"""Every refusal the product can give, each a fact with a closed code.

MuseArooError
├── InvalidValue            one value out of its range, with what would be right
├── Unauthenticated · Forbidden · NotFound · Gone · Conflict · IdempotencyConflict
├── PayloadTooLarge · UnsupportedAudio
├── QuotaExceeded · TooManyRequests · ReducedCapacity
└── Unavailable             a part of the server that should answer does not
"""

import reprlib
from enum import StrEnum
from typing import ClassVar, Final

# A whole repr of what a stranger sent may be long, and deep enough to raise.
_SHORT: Final = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxother = 3, 80, 80


class ErrorCode(StrEnum):
    """The closed list of codes; REST turns each into a problem type, OSC into a word."""

    INVALID_VALUE = "invalid-value"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    GONE = "gone"
    CONFLICT = "conflict"
    IDEMPOTENCY_CONFLICT = "idempotency-conflict"
    PAYLOAD_TOO_LARGE = "payload-too-large"
    UNSUPPORTED_AUDIO = "unsupported-audio"
    QUOTA_EXCEEDED = "quota-exceeded"
    TOO_MANY_REQUESTS = "too-many-requests"
    REDUCED_CAPACITY = "temporary-reduced-capacity"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class MuseArooError(Exception):
    """A refusal that may be told to the caller: `detail` says what to do about it."""

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL
    http_status: ClassVar[int] = 500

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class InvalidValue(MuseArooError):
    """A value that cannot be used, and what would be right instead."""

    code = ErrorCode.INVALID_VALUE
    http_status = 422

    def __init__(self, field: str, value: object, expected: str) -> None:
        shown = _SHORT.repr(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        super().__init__(f"{field} is {shown}; it must be {expected}.")
        self.field = field


class Unauthenticated(MuseArooError):
    """Nobody is logged in, or the proof of it is not valid any more."""

    code = ErrorCode.UNAUTHENTICATED
    http_status = 401


class Forbidden(MuseArooError):
    """A member of the project without the right that this act needs."""

    code = ErrorCode.FORBIDDEN
    http_status = 403


class NotFound(MuseArooError):
    """Missing, or not the caller's to know about: the two look the same."""

    code = ErrorCode.NOT_FOUND
    http_status = 404

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}, or it is not shared with you.")


class Gone(MuseArooError):
    """It existed and can no longer be had in this form."""

    code = ErrorCode.GONE
    http_status = 410


class Conflict(MuseArooError):
    """The act contradicts the present state."""

    code = ErrorCode.CONFLICT
    http_status = 409


class IdempotencyConflict(MuseArooError):
    """The same command id came with another body."""

    code = ErrorCode.IDEMPOTENCY_CONFLICT
    http_status = 409

    def __init__(self) -> None:
        super().__init__(
            "This command id was used for another request in the last 24 h; send a new id."
        )


class PayloadTooLarge(MuseArooError):
    """More bytes, minutes or channels than the tier allows."""

    code = ErrorCode.PAYLOAD_TOO_LARGE
    http_status = 413


class UnsupportedAudio(MuseArooError):
    """The file is not audio that we read, or its content belies its name."""

    code = ErrorCode.UNSUPPORTED_AUDIO
    http_status = 415


class QuotaExceeded(MuseArooError):
    """A printed generation limit is used up; `violated` names the windows."""

    code = ErrorCode.QUOTA_EXCEEDED
    http_status = 429

    def __init__(self, violated: tuple[str, ...], retry_after: float) -> None:
        super().__init__(
            f"The generation limit per {' and per '.join(violated)} is used up; "
            f"try again in {retry_after:.0f} s.",
            retry_after=retry_after,
        )
        self.violated = violated


class TooManyRequests(MuseArooError):
    """Requests come faster than the pacing of this door allows."""

    code = ErrorCode.TOO_MANY_REQUESTS
    http_status = 429


class ReducedCapacity(MuseArooError):
    """The work cannot be done within its deadline now."""

    code = ErrorCode.REDUCED_CAPACITY
    http_status = 503


class Unavailable(MuseArooError):
    """Something this needs is not running."""

    code = ErrorCode.UNAVAILABLE
    http_status = 503
