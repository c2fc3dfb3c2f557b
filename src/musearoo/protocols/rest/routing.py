"""The registry of routes: each with its policy, its answers and its refusals."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, get_type_hints

from fastapi import FastAPI
from fastapi.params import Depends
from fastapi.routing import APIRoute

from musearoo.domain.errors import ErrorCode
from musearoo.protocols.rest.bodies import JsonBody, StructBody
from musearoo.protocols.rest.call import caller, visitor
from musearoo.protocols.rest.direct import direct
from musearoo.protocols.rest.policies import Policy
from musearoo.protocols.rest.problems import Code, HttpCode

F = TypeVar("F", bound=Callable[..., Any])

_BODY_CODES: Final[tuple[Code, ...]] = (
    HttpCode.MALFORMED, HttpCode.REQUEST_TIMEOUT, ErrorCode.PAYLOAD_TOO_LARGE,
    HttpCode.UNSUPPORTED_MEDIA_TYPE, ErrorCode.INVALID_VALUE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Declared:
    """One route. `answers` maps a status to the struct (or media type) it comes with."""

    method: str
    path: str
    policy: Policy
    endpoint: Callable[..., Any]
    tag: str
    answers: dict[int, Any]
    errors: tuple[Code, ...] = ()
    limited: bool = False
    repeatable: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The operation id."""
        return self.endpoint.__name__

    @property
    def body(self) -> JsonBody[Any] | StructBody[Any] | None:
        """The reader of the JSON body, if the endpoint takes one."""
        return next(
            (d for d in dependencies(self.endpoint) if isinstance(d, JsonBody | StructBody)), None
        )

    @property
    def codes(self) -> tuple[Code, ...]:
        """Every refusal that the route can give."""
        codes: list[Code] = [ErrorCode.TOO_MANY_REQUESTS, ErrorCode.UNAVAILABLE]
        if self.policy.kind in {"login", "project"}:
            codes.append(ErrorCode.UNAUTHENTICATED)
        if self.policy.kind == "project":
            codes += [ErrorCode.NOT_FOUND, ErrorCode.FORBIDDEN]
        if self.body is not None:
            codes += _BODY_CODES
        if self.repeatable:
            codes += [ErrorCode.IDEMPOTENCY_CONFLICT]
        return tuple(dict.fromkeys((*codes, *self.errors, ErrorCode.INVALID_VALUE)))


class Route(APIRoute):
    """A route that knows its declaration and the query parameters it takes."""

    declared: Declared

    @property
    def known_query(self) -> frozenset[str]:
        """Names of its query parameters."""
        return self._known_query

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._known_query = frozenset(each.alias for each in self.dependant.query_params)
        self.app = direct(endpoint) or self.app


class Resource:
    """The routes of one resource, as its module declares them."""

    def __init__(self, tag: str, prefix: str = "/api/v3") -> None:
        self.tag = tag
        self.prefix = prefix
        self.routes: list[Declared] = []

    def route(
        self,
        method: str,
        path: str,
        *,
        policy: Policy,
        answers: dict[int, Any],
        errors: Iterable[Code] = (),
        limited: bool = False,
        repeatable: bool = False,
        **extra: Any,
    ) -> Callable[[F], F]:
        """Declare an endpoint; `repeatable` ones honour `Idempotency-Key`."""

        def declare(endpoint: F) -> F:
            declared = Declared(
                method, f"{self.prefix}{path}", policy, endpoint, self.tag, answers,
                tuple(errors), limited, repeatable, extra,
            )  # fmt: skip
            check_declaration(declared)
            self.routes.append(declared)
            return endpoint

        return declare

    def __iter__(self) -> Iterator[Declared]:
        return iter(self.routes)


def dependencies(endpoint: Callable[..., Any]) -> list[Any]:
    """What an endpoint depends on directly."""
    hints = get_type_hints(endpoint, include_extras=True)
    return [
        mark.dependency
        for name, hint in hints.items()
        if name != "return"
        for mark in getattr(hint, "__metadata__", ())
        if isinstance(mark, Depends)
    ]


def check_declaration(declared: Declared) -> None:
    """Refuse a route whose endpoint does not ask for what its policy says."""
    if not isinstance(declared.policy, Policy):
        raise TypeError(f"{declared.method} {declared.path} has no policy")
    wanted = visitor if declared.policy.kind in {"public", "signed"} else caller
    asked = [each for each in dependencies(declared.endpoint) if each in {visitor, caller}]
    if asked != [wanted]:
        raise TypeError(
            f"{declared.name}: the policy {declared.policy.kind} needs {wanted.__name__}()"
        )
    if not inspect.getdoc(declared.endpoint):
        raise TypeError(f"{declared.name}: say what it does")


def mount(
    app: FastAPI, routes: Iterable[Declared], openapi: Callable[[Declared], dict[str, Any]]
) -> None:
    """Add declared routes to the application."""
    for declared in routes:
        route = Route(
            declared.path,
            declared.endpoint,
            methods=[declared.method],
            response_model=None,
            **openapi(declared),
        )
        route.declared = declared
        app.router.routes.append(route)


def check_policies(app: FastAPI) -> None:
    """Refuse an application with a route that nobody gave a policy."""
    bare = [getattr(r, "path", repr(r)) for r in app.routes if not hasattr(r, "declared")]
    if bare:
        raise TypeError(f"routes without a policy: {', '.join(bare)}")
