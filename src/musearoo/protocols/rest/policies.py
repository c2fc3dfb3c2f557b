"""Who may call a route: every route is declared with one of these."""

from dataclasses import dataclass
from typing import Final, Literal

from musearoo.domain.permissions import Permission

Kind = Literal["public", "login", "project", "signed"]
# Where the request names the project: a path parameter, or a field of the JSON body.
Via = Literal[
    "project_id", "session_id", "analysis_id", "generation_id", "take_id", "export_id",
    "body.project_id", "body.session_id",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policy:
    """What a caller must prove.

    "public" nothing, "login" a living login, "signed" a signed link, "project" a login with
    `right` (or ownership) on the project found `via` the request. Strangers to the project see
    the same as for a missing one. A `right` of None depends on the command that is sent.
    """

    kind: Kind
    right: Permission | None = None
    owner: bool = False
    via: Via | None = None

    @property
    def words(self) -> str:
        """The policy in a sentence, for the documentation."""
        match self.kind:
            case "public":
                return "Open to everyone."
            case "signed":
                return "Needs a signed link, and nothing else."
            case "login":
                return "Needs a login."
            case "project":
                return f"Needs a login and {self._right}."

    @property
    def _right(self) -> str:
        if self.owner:
            return "ownership of the project"
        if self.right is None:
            return "the right that the command needs"
        return f"the right `{self.right}` on the project"


PUBLIC: Final = Policy("public")
LOGIN: Final = Policy("login")
SIGNED: Final = Policy("signed")


def project(right: Permission | None, *, via: Via = "project_id") -> Policy:
    """A login with a right on the project."""
    return Policy("project", right=right, via=via)


def owner(*, via: Via = "project_id") -> Policy:
    """A login that owns the project."""
    return Policy("project", right=Permission.VIEW, owner=True, via=via)
