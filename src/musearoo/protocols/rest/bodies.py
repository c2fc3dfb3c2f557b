"""Request bodies: read with a limit, parsed once, strictly."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, Final, Generic, TypeVar

import msgspec
from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect

from musearoo.domain.errors import PayloadTooLarge
from musearoo.protocols.rest.arrival import header
from musearoo.protocols.rest.problems import Fault, Faulty, HttpCode, HttpRefusal

M = TypeVar("M", bound=BaseModel)
S = TypeVar("S", bound=msgspec.Struct)

SMALL: Final = 64 * 1024
LARGE: Final = 256 * 1024  # some 3,500 notes; what decodes in a few milliseconds
READ_SECONDS: Final = 15.0
_MAXIMUM_FAULTS: Final = 20
# A NUL that JSON spells as an escape; an escaped backslash before "u0000" is text.
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Body(BaseModel):
    """A request body: no unknown field, no coercion, no infinity."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, frozen=True, use_attribute_docstrings=True
    )


class JsonBody(Generic[M]):
    """A dependency that reads one pydantic model from a JSON body."""

    def __init__(self, model: type[M], *, maximum: int = SMALL, optional: bool = False) -> None:
        self.model = model
        self.maximum = maximum
        self.optional = optional

    async def __call__(self, request: Request) -> M:
        content = await read_json(request, self.maximum)
        if not content and self.optional:
            content = b"{}"
        try:
            return self.model.model_validate_json(content)
        except ValidationError as error:
            raise refusal(error) from None


class StructBody(Generic[S]):
    """A dependency that reads one msgspec struct, for bodies that may be large."""

    def __init__(self, model: type[S], *, maximum: int = LARGE) -> None:
        self.model = model
        self.maximum = maximum
        self.optional = False
        self._decoder = msgspec.json.Decoder(model)

    async def __call__(self, request: Request) -> S:
        content = await read_json(request, self.maximum)
        try:
            return self._decoder.decode(content)
        except msgspec.ValidationError as error:
            detail, _, place = str(error).partition(" - at `$")
            raise Faulty([Fault(_pointer(place.rstrip("`")), detail)]) from None
        except RecursionError:
            raise _malformed("it is nested too deeply") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _malformed(str(error)) from None


def json_body(model: type[BaseModel], *, maximum: int = SMALL, optional: bool = False) -> Any:
    """What `Annotated` needs to read a pydantic model from the body."""
    return Depends(JsonBody(model, maximum=maximum, optional=optional))


def struct_body(model: type[msgspec.Struct], *, maximum: int = LARGE) -> Any:
    """What `Annotated` needs to read a msgspec struct from the body."""
    return Depends(StructBody(model, maximum=maximum))


async def read_json(request: Request, maximum: int) -> bytes:
    """The JSON body as bytes; refuses another kind, too much, too slow, and NUL."""
    check_length(request, maximum)
    content = await _collected(request, maximum)
    if content:
        _check_is_json(request)
    if b"\\u0000" in content and _NUL.search(content):
        raise Faulty([Fault("", "text must not contain NUL characters")])
    return content


def check_length(request: Request, maximum: int) -> int | None:
    """The announced length; refuses at once what says that it is too long."""
    text = header(request.scope, b"content-length")
    if text is None or not text.isascii() or not text.isdigit():
        return None
    length = int(text[:20])
    if length > maximum:
        raise _too_large(maximum)
    return length


async def chunks(request: Request, maximum: int, *, idle_seconds: float) -> AsyncIterator[bytes]:
    """The body piece by piece; refuses at the first byte too many, and when it stands still."""
    received = 0
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except (TimeoutError, ClientDisconnect):
            raise _too_slow() from None
        received += len(chunk)
        if received > maximum:
            raise _too_large(maximum)
        yield chunk


async def _collected(request: Request, maximum: int) -> bytes:
    stream = chunks(request, maximum, idle_seconds=READ_SECONDS)
    try:
        async with asyncio.timeout(READ_SECONDS):
            parts = [part async for part in stream]
    except TimeoutError:
        raise _too_slow() from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_slow() -> HttpRefusal:
    return HttpRefusal(HttpCode.REQUEST_TIMEOUT, "The body stopped coming; send it again.")


def _check_is_json(request: Request) -> None:
    kind = (header(request.scope, b"content-type") or "").partition(";")[0].strip().lower()
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        return
    raise HttpRefusal(
        HttpCode.UNSUPPORTED_MEDIA_TYPE,
        "Send the body as JSON, with Content-Type application/json.",
    )


def refusal(error: ValidationError) -> Faulty | HttpRefusal:
    """What pydantic found, in our words and without the values that were sent."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    first = faults[0]
    if first["type"] == "json_invalid":
        return _malformed(first["msg"].partition(": ")[2])
    return Faulty(
        [Fault(_json_pointer(fault["loc"]), fault["msg"]) for fault in faults[:_MAXIMUM_FAULTS]]
    )


def _malformed(why: str) -> HttpRefusal:
    return HttpRefusal(HttpCode.MALFORMED, f"The body is not valid JSON: {why[:200]}")


def _too_large(maximum: int) -> PayloadTooLarge:
    shown = f"{maximum >> 20} MB" if maximum >= 1 << 20 else f"{maximum >> 10} KB"
    return PayloadTooLarge(f"The body is larger than {shown}, the most for this request.")


def _json_pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')[:80]}" for part in location)


def _pointer(place: str) -> str:
    return place.replace("[", "/").replace("]", "").replace(".", "/")
