"""Who may do what with a project."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType

import msgspec

from musearoo.domain.ids import ProjectId, UserId


class Permission(StrEnum):
    """The rights a collaborator can hold. Owning a project includes all of them."""

    VIEW = "view"
    EDIT = "edit"
    GENERATE = "generate"
    EXPORT = "export"


ALL: Final = frozenset(Permission)


class Tier(StrEnum):
    """Subscription tiers, which set quotas and sizes."""

    FREE = "free"
    PRO = "pro"
    STUDIO = "studio"


class Actor(msgspec.Struct, frozen=True):
    """Who acts: an account, proved by its door. `client` names the connection or device."""

    user: UserId
    tier: Tier
    family: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one actor may do with one project, as the policies decided it.

    A `member` owns the project or was let in; others see it because it is public.
    """

    project: ProjectId
    user: UserId
    permissions: frozenset[Permission]
    owner: bool = False
    member: bool = True


# Only `domain.policies` makes one: a store method that takes an Access cannot be
# called without a policy having been asked.
Access = NewType("Access", Grant)
