"""Every command of a session x every actor x every object."""

from pathlib import Path

import pytest

from musearoo.protocols.rest.policies import Policy
from musearoo.protocols.rest.routing import Declared
from tests.access.matrix import COMMAND_CASES, check_project_route
from tests.access.samples import Sample
from tests.access.town import Town


@pytest.mark.parametrize(("route", "policy", "sample"), COMMAND_CASES)
async def test_who_may(
    route: Declared, policy: Policy, sample: Sample, town: Town, tmp_path: Path
) -> None:
    """The right that a command needs decides, whatever the route's name."""
    await check_project_route(tmp_path, town, route, policy, sample)
