"""The facts that are kept: one value type per kind of stored record. Times are UNIX seconds."""

from typing import Literal

import msgspec

from musearoo.domain.engine import ParameterValue, Recipe
from musearoo.domain.events import Stages
from musearoo.domain.ids import (
    AnalysisId,
    AssetId,
    CommandId,
    ExportId,
    FamilyId,
    GenerationId,
    InvitationId,
    JobId,
    ProjectId,
    SessionId,
    TakeId,
    UserId,
)
from musearoo.domain.music.note import Note
from musearoo.domain.permissions import Permission, Tier

WorkStatus = Literal["queued", "processing", "completed", "failed", "cancelled"]
QualityTarget = Literal["fast", "balanced", "quality"]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account. `email_key` and `username_key` are case-folded for uniqueness."""

    id: UserId
    username: str
    username_key: str
    email: str
    email_key: str
    display_name: str | None
    password_hash: str | None
    tier: Tier
    email_verified: bool
    accessibility_settings: str  # JSON of the typed model at the REST edge
    total_generations: int
    monthly_generations: int
    generations_month: str  # "2026-11": the month that monthly_generations counts
    created_at: float


class RefreshFamily(msgspec.Struct, frozen=True, kw_only=True):
    """One login: the chain of refresh tokens that began with it."""

    id: FamilyId
    user: UserId
    client: str
    created_at: float
    last_used_at: float
    expires_at: float
    ended_at: float | None = None
    end_reason: str | None = None


class RefreshToken(msgspec.Struct, frozen=True, kw_only=True):
    """A single-use refresh token, kept as its SHA-256 (hex)."""

    hash: str
    family: FamilyId
    parent: str | None
    created_at: float
    expires_at: float
    used_at: float | None = None


class OneTimeToken(msgspec.Struct, frozen=True, kw_only=True):
    """A single-use secret (password reset, address check), kept as its SHA-256 (hex)."""

    hash: str
    purpose: Literal["verify", "reset"]
    user: UserId
    expires_at: float
    used_at: float | None = None


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of music in the making. Its one session carries the same id."""

    id: ProjectId
    owner: UserId
    name: str
    description: str | None
    is_public: bool
    version: int
    created_at: float
    updated_at: float
    last_accessed_at: float


class Collaborator(msgspec.Struct, frozen=True, kw_only=True):
    """A user who was let into a project, and with which rights."""

    project: ProjectId
    user: UserId
    permissions: frozenset[Permission]
    joined_at: float


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation bound to an e-mail address; its secret is kept as SHA-256 (hex)."""

    id: InvitationId
    token_hash: str
    project: ProjectId
    inviter: UserId
    email_key: str
    permissions: frozenset[Permission]
    message: str | None
    created_at: float
    expires_at: float
    accepted_at: float | None = None


class ProjectFacts(msgspec.Struct, frozen=True):
    """What the policies must know of a project to judge one user."""

    owner: UserId
    is_public: bool
    granted: frozenset[Permission]


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The durable head of a session; `state` is its MessagePack at `state_seq`."""

    id: SessionId
    epoch: str
    seq: int
    state_seq: int
    state: bytes


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One sequenced event as it lies in the log; `body` is its MessagePack."""

    session: SessionId
    seq: int
    epoch: str
    at: float
    user: UserId | None
    cause: str | None
    body: bytes


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a project. `blob` is None until it is first asked for, if `recipe` can make it.

    `recipe` names what renders it: "take:<id>:midi|audio|notation" or "export:<id>".
    """

    id: AssetId
    project: ProjectId
    owner: UserId
    kind: Literal["upload", "midi", "audio", "notation", "export"]
    name: str
    media_type: str
    created_at: float
    blob: str | None = None
    size: int | None = None
    recipe: str | None = None


class AnalysisRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An analysis asked for and, once completed, its result (JSON of `Analysis`)."""

    id: AnalysisId
    project: ProjectId
    user: UserId
    asset: AssetId
    depth: str
    features: tuple[str, ...]
    status: WorkStatus
    created_at: float
    processing_time_ms: int | None = None
    result: bytes | None = None
    error: str | None = None


class GenerationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A generation asked for; `run` is the MessagePack of its plan, until it is completed.

    A `draft` is its user's alone.
    """

    id: GenerationId
    project: ProjectId
    user: UserId
    engine: str
    part: str
    quality_target: QualityTarget
    status: WorkStatus
    created_at: float
    run: bytes
    parameters_used: dict[str, ParameterValue]
    take: TakeId | None = None
    parent_take: TakeId | None = None
    progress: float = 0.0
    confidence: float | None = None
    generation_time_ms: int | None = None
    error: str | None = None
    stages: Stages = Stages()
    draft: bool = False


class Take(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable take of a part. `context` is the MessagePack of the engine's context.

    A `draft` is its user's alone until they publish it.
    """

    id: TakeId
    project: ProjectId
    part: str
    user: UserId
    recipe: Recipe
    context: bytes
    notes: tuple[Note, ...]
    bars: int
    created_at: float
    generation: GenerationId | None = None
    parent: TakeId | None = None
    confidence: float = 0.0
    draft: bool = False


class ExportRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An export asked for; `options` is JSON of format, quality and the rest."""

    id: ExportId
    project: ProjectId
    user: UserId
    format: str
    options: bytes
    status: WorkStatus
    created_at: float
    estimated_completion: float
    asset: AssetId | None = None
    error: str | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Durable work on `subject`, held by a claim until `lease_until`.

    `fence` rises with every claim, so that a late answer of a lost worker is refused.
    """

    id: JobId
    kind: Literal["generate", "analyze", "render", "export"]
    subject: str
    project: ProjectId
    user: UserId
    state: WorkStatus
    created_at: float
    attempt: int = 0
    fence: int = 0
    lease_until: float | None = None
    worker: str | None = None
    progress: float = 0.0
    cancel_requested: bool = False
    error: str | None = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the append-only audit log."""

    at: float
    actor: UserId | None
    door: str
    source: str  # address cut to /24 or /48
    action: str
    subject: str
    result: Literal["ok", "refused"]
    correlation: str
    detail: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The first answer to a command id, kept 24 h; `body_hash` tells a repeat from a clash."""

    user: UserId
    command: CommandId
    body_hash: str
    body: bytes
    created_at: float
