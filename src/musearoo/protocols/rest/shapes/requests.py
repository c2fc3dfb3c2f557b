"""Request bodies of the API, as the founding document and the contract have them."""

from typing import Annotated, Any, Literal

import msgspec
from pydantic import ConfigDict, FailFast, Field, StringConstraints, WithJsonSchema
from pydantic.functional_validators import AfterValidator

from musearoo.domain.analysis import FEATURES, Depth, Feature
from musearoo.domain.permissions import Permission
from musearoo.protocols.rest.bodies import Body
from musearoo.protocols.rest.shapes.accessibility import AccessibilitySettings

UUID_PATTERN = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
LARGEST_NUMBER = 2**53  # what JSON numbers carry exactly

Id = Annotated[
    str,
    StringConstraints(pattern=UUID_PATTERN, to_lower=True),
    WithJsonSchema({"type": "string", "format": "uuid"}),
]
Email = Annotated[str, Field(min_length=3, max_length=254, examples=["ada@example.org"])]
Secret = Annotated[str, Field(min_length=1, max_length=512)]
Password = Annotated[str, Field(min_length=1, max_length=1024, examples=["correct horse battery"])]
Number = Annotated[float, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
Whole = Annotated[int, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
Value = Whole | Number | Annotated[str, Field(max_length=200)] | bool
Name = Annotated[str, Field(min_length=1, max_length=80)]
AnalysisType = Depth


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


class Register(Body):
    """A new account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "email": "ada@example.org",
                    "username": "ada",
                    "password": "correct horse battery",
                }
            ]
        }
    )

    email: Email
    username: Annotated[str, Field(min_length=2, max_length=40)]
    password: Password


class LoginRequest(Body):
    """An e-mail address and its password."""

    email: Email
    password: Password
    remember_me: bool = False
    """Stay logged in for up to 30 days instead of 12 hours."""


class LocalLogin(Body):
    """The one-time token from the printed URL or the data folder."""

    token: Secret


class RefreshRequest(Body):
    """The refresh token; browsers leave it out, because it comes as a cookie."""

    refresh_token: Secret | None = None


class Verification(Body):
    """The token from the mail that asked to confirm an address."""

    token: Secret


class PasswordReset(Body):
    """Either an `email` that asks for a link, or the `token` from it with the new `password`."""

    email: Email | None = None
    token: Secret | None = None
    password: Password | None = None


class UserProfileUpdate(Body):
    """What to change; what is left out stays."""

    username: Annotated[str, Field(min_length=2, max_length=40)] | None = None
    display_name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    accessibility_settings: AccessibilitySettings | None = None


class ProjectCreate(Body):
    """A new project. `collaborators` are e-mail addresses; each gets an invitation."""

    name: Annotated[str, Field(min_length=1, max_length=200, examples=["Kitchen riff"])]
    description: Annotated[str, Field(max_length=10_000)] | None = None
    is_public: bool = False
    collaborators: Annotated[
        tuple[Email, ...], FailFast(), Field(max_length=20), AfterValidator(_distinct)
    ] = ()


class ProjectChange(Body):
    """What to change; what is left out stays. Only the owner may change `is_public`."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    description: Annotated[str, Field(max_length=10_000)] | None = None
    is_public: bool | None = None
    version: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)] | None = None
    """Refuse if the project is at another version (as `If-Match` does)."""


class AnalysisRequest(Body):
    """How to listen. `audio_url` names a recording that is here, instead of sending one."""

    audio_url: Annotated[str, Field(max_length=500)] | None = None
    analysis_type: AnalysisType = "comprehensive"
    extract_features: Annotated[
        list[Feature], Field(max_length=20, default_factory=lambda: list(FEATURES))
    ]
    """What `detailed_features` shall hold, all if left out; everything is heard all the same."""


class GenerationRequest(Body):
    """A part to be played by an engine. Request parameters never change the project's."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"engine": "drummaroo", "parameters": {"complexity": 0.6, "style": "funk"}},
                {"engine": "bassaroo", "parameters": {}, "bars": 8, "seed": 7},
            ]
        }
    )

    engine: Name
    """`drummaroo`, `bassaroo`, `melodyroo`, `harmonyroo` or an installed plug-in."""
    parameters: Annotated[dict[Name, Value], Field(max_length=64, default_factory=dict)]
    reference_audio_url: Annotated[str, Field(max_length=500)] | None = None
    """An asset of this project (its id or its URL): play to what was heard there."""
    style_hints: Annotated[tuple[Name, ...], Field(max_length=8)] = ()
    quality_target: Literal["fast", "balanced", "quality"] = "balanced"
    """`fast` plays now or is refused; `balanced` may be queued; `quality` is the best of four."""
    part: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    bars: Annotated[int, Field(ge=1, le=256)] | None = None
    seed: Annotated[int, Field(ge=0, le=LARGEST_NUMBER - 1)] | None = None
    analysis_id: Id | None = None
    draft: bool = False
    """Only you hear it and find it, until you select or commit the take."""


class CollaborationInvite(Body):
    """Whom to let into a project, with which rights."""

    project_id: Id
    email: Email
    permissions: Annotated[tuple[Permission, ...], Field(min_length=1, max_length=4)]
    message: Annotated[str, Field(max_length=2_000)] | None = None


class ExportRequest(Body):
    """What to export, and how."""

    format: Name
    """`midi`, `musicxml`, or another format that this server has."""
    quality: Literal["demo", "standard", "high", "professional"] = "high"
    include_metadata: bool = True
    watermark: bool = False


class SessionRef(Body):
    """A session."""

    session_id: Id


class CommandRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command of the conductor.

    `at` is "now", "next_beat", "next_bar" or "bar N". `id` makes a repeat harmless, as the
    header `Idempotency-Key` does.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, examples=["set_parameter"])]
    args: Annotated[
        dict[str, Any],
        msgspec.Meta(examples=[{"path": "session/tempo", "value": 96}]),
    ] = {}
    at: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | None = None
