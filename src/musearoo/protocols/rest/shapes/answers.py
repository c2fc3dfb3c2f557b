"""Answers of the API: the founding document's shapes, with what we add after its fields."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from musearoo.codecs.events import Envelope
from musearoo.domain.engine import EngineDescription, ParameterValue, Recipe
from musearoo.domain.events import Landing, Stages
from musearoo.domain.music.note import Note
from musearoo.domain.permissions import Permission

Status = Literal["queued", "processing", "completed", "failed", "cancelled"]


class Hint(msgspec.Struct, frozen=True):
    """What a client is likely to ask for next; it is kept warm."""

    type: Literal["generation"]
    engine: str
    priority: Literal["high", "medium", "low"]


class UserProfile(msgspec.Struct, frozen=True):
    """A person. Of others, settings and counts stay private, and of strangers the address."""

    id: str
    username: str
    email: str | None
    display_name: str | None
    subscription_tier: str
    total_generations: int | None
    monthly_generations: int | None
    accessibility_settings: msgspec.Raw
    created_at: datetime


class LoginResponse(msgspec.Struct, frozen=True):
    """A login. `refresh_token` is null for browsers, which get it as a cookie."""

    access_token: str
    refresh_token: str | None
    expires_in: int
    user: UserProfile
    subscription_tier: str
    refresh_expires_at: datetime
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105


class ProfileUpdated(msgspec.Struct, frozen=True):
    """The profile as it is now."""

    success: bool
    user: UserProfile


class LoginSession(msgspec.Struct, frozen=True):
    """A living login of yours."""

    id: str
    client: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


class InvitationResponse(msgspec.Struct, frozen=True):
    """An invitation; whoever logs in with the invited address can use `invite_url` once."""

    invitation_id: str
    expires_at: datetime
    invite_url: str
    email: str


class ProjectResponse(msgspec.Struct, frozen=True):
    """A project. `musical_context` is null until an analysis was adopted or something was set."""

    id: str
    name: str
    description: str | None
    owner: UserProfile
    collaborators: list[UserProfile]
    musical_context: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    last_accessed_at: datetime
    is_public: bool
    version: int
    permissions: list[Permission]
    session_id: str


class ProjectCreated(ProjectResponse, frozen=True):
    """A new project, with the invitations that its collaborators were sent."""

    invitations: list[InvitationResponse]


class AnalysisResponse(msgspec.Struct, frozen=True):
    """What was heard; what was not found is null with confidence 0.

    `detailed_features` holds alternatives, beats, chords, sections and the confidence of each.
    `audio_url` is a signed link to the recording, which works for an hour or more.
    """

    analysis_id: str
    musical_key: str | None
    tempo: float | None
    time_signature: str | None
    style: str | None
    emotion: str | None
    complexity: float | None
    confidence_score: float
    processing_time_ms: int
    detailed_features: dict[str, Any]
    status: Status
    analysis_type: str
    project_id: str
    asset_id: str
    audio_url: str
    created_at: datetime
    error: str | None = None
    preload_hints: list[Hint] = []


class GenerationResponse(msgspec.Struct, frozen=True):
    """A generation. `result_urls` has `midi`, `audio` and `notation` once it is completed.

    `stages_ms` is when it reached each stage, in milliseconds since the request was taken up;
    `stored` is only in the answer to a request that waited for the end. A `draft` is its asker's
    alone.
    """

    generation_id: str
    engine: str
    status: Status
    progress: float
    result_urls: dict[str, str]
    confidence_score: float
    generation_time_ms: int
    parameters_used: dict[str, ParameterValue]
    created_at: datetime
    project_id: str
    part: str
    take_id: str | None
    parent_take: str | None
    quality_target: str
    estimated_seconds: float | None = None
    error: str | None = None
    preload_hints: list[Hint] = []
    stages_ms: Stages = Stages()
    draft: bool = False


class TakeSummary(msgspec.Struct, frozen=True):
    """A take without its notes. A `draft` is in the lists of its own user only."""

    id: str
    project_id: str
    part: str
    user_id: str
    engine: str
    bars: int
    note_count: int
    confidence_score: float
    generation_id: str | None
    parent_take: str | None
    created_at: datetime
    draft: bool


class TakeResponse(msgspec.Struct, frozen=True):
    """A take: its notes in ticks of 1/960 quarter note, and the recipe that makes them again."""

    id: str
    project_id: str
    part: str
    user_id: str
    engine: str
    bars: int
    note_count: int
    confidence_score: float
    generation_id: str | None
    parent_take: str | None
    created_at: datetime
    draft: bool
    notes: tuple[Note, ...]
    recipe: Recipe
    result_urls: dict[str, str]


class PartResponse(msgspec.Struct, frozen=True):
    """A part as it plays now. Locked bars count from 1."""

    part: str
    engine: str
    selected: TakeSummary | None
    committed_take: str | None
    locked_bars: tuple[int, ...]
    locked_voices: tuple[str, ...]
    parameters: dict[str, ParameterValue]


class CollaboratorResponse(msgspec.Struct, frozen=True):
    """Somebody in a project."""

    user: UserProfile
    permissions: list[Permission]
    joined_at: datetime


class Joined(msgspec.Struct, frozen=True):
    """The project you are in now."""

    success: bool
    project: ProjectResponse


class ExportResponse(msgspec.Struct, frozen=True):
    """An export. `download_url` is there once it is completed."""

    export_id: str
    estimated_completion: datetime
    download_url: str | None
    status: Status
    format: str
    project_id: str
    created_at: datetime
    error: str | None = None


class SessionOpened(msgspec.Struct, frozen=True):
    """The one session of a project."""

    session_id: str
    project_id: str
    epoch: str
    seq: int


class SessionResponse(msgspec.Struct, frozen=True):
    """A session at `seq` of `epoch`: go on from there with its events."""

    session_id: str
    epoch: str
    seq: int
    permissions: list[Permission]
    server_time: float
    state: dict[str, Any]


class EventsResponse(msgspec.Struct, frozen=True):
    """Events after a number, oldest first; read on until you have `seq`, the latest there is."""

    session_id: str
    epoch: str
    seq: int
    events: list[Envelope]


class AckResponse(msgspec.Struct, frozen=True):
    """A command was carried out and its effect is durable.

    `seq` is the event it made, `lands_at` where it takes effect. `conflicts` names what an undo
    left alone because others changed it since.
    """

    seq: int
    epoch: str
    lands_at: Landing | None
    generation_id: str | None
    take_id: str | None
    conflicts: tuple[str, ...]


class TicketResponse(msgspec.Struct, frozen=True):
    """A single-use WebSocket ticket and its life in seconds."""

    ticket: str
    expires_in: int


class PairingResponse(msgspec.Struct, frozen=True):
    """A pairing code for an OSC device and its life in seconds."""

    code: str
    expires_in: int


class PairedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """An OSC device that acts as somebody; `reply_port` is where it listens."""

    id: str
    session_id: str
    transport: str
    host: str
    port: int
    reply_port: int
    permissions: list[Permission]
    paired_at: datetime
    ends_at: datetime


class VersionResponse(msgspec.Struct, frozen=True):
    """What runs here."""

    name: str
    version: str
    api: str


class Health(msgspec.Struct, frozen=True):
    """Whether the server is alive, and which of its parts are ready."""

    status: Literal["ok", "unready"]
    checks: dict[str, bool] = {}


Engine = EngineDescription
Uuid = UUID
