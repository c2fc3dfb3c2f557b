"""A route without a policy, or with a policy its endpoint does not keep, cannot be declared."""

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.responses import Response

from musearoo.protocols.rest.call import Anyone, LoggedIn
from musearoo.protocols.rest.policies import LOGIN, PUBLIC, SIGNED, owner, project
from musearoo.protocols.rest.routes.all import ROUTES
from musearoo.protocols.rest.routing import Declared, Resource, check_policies


async def open_endpoint(visitor: Anyone) -> Response:
    """For everyone."""
    return Response()


async def closed_endpoint(caller: LoggedIn) -> Response:
    """For some."""
    return Response()


async def silent_endpoint(caller: LoggedIn) -> Response:
    return Response()


def declare(policy: Any, endpoint: Any) -> None:
    Resource("x").route("GET", "/x", policy=policy, answers={200: None})(endpoint)


def test_a_policy_must_be_given() -> None:
    """None is no policy."""
    with pytest.raises(TypeError, match="no policy"):
        declare(None, open_endpoint)


@pytest.mark.parametrize("policy", [LOGIN, owner(), project(None)])
def test_a_closed_route_must_ask_who_calls(policy: Any) -> None:
    """An endpoint that takes anyone cannot be declared as closed."""
    with pytest.raises(TypeError, match="needs caller"):
        declare(policy, open_endpoint)


@pytest.mark.parametrize("policy", [PUBLIC, SIGNED])
def test_an_open_route_must_not_need_a_login(policy: Any) -> None:
    """And the other way round."""
    with pytest.raises(TypeError, match="needs visitor"):
        declare(policy, closed_endpoint)


def test_an_endpoint_must_say_what_it_does() -> None:
    """The documentation is made of that."""
    with pytest.raises(TypeError, match="say what"):
        declare(LOGIN, silent_endpoint)


def test_an_application_with_a_bare_route_is_refused() -> None:
    """Also what was added behind the registry's back."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_route("/back-door", open_endpoint)
    with pytest.raises(TypeError, match="/back-door"):
        check_policies(app)


def test_names_are_unique() -> None:
    """They are operation ids."""
    names = [route.name for route in ROUTES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_policies_read_as_sentences(route: Declared) -> None:
    """Each ends its description in the documentation."""
    assert route.policy.words.endswith(".")
