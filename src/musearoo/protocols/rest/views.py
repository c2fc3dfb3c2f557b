"""Records of the conductor as the API shows them."""

from typing import Final

import msgspec

from musearoo.codecs.events import musical_context
from musearoo.conductor.analyses import result_of
from musearoo.conductor.projects import ProjectView
from musearoo.domain.analysis import FEATURES, Analysis, Feature
from musearoo.domain.permissions import Permission
from musearoo.domain.records import AnalysisRecord, GenerationRecord, Take, User
from musearoo.domain.session.state import SessionState
from musearoo.protocols.rest.answers import moment
from musearoo.protocols.rest.shapes.accessibility import AccessibilitySettings
from musearoo.protocols.rest.shapes.answers import (
    AnalysisResponse,
    GenerationResponse,
    Hint,
    ProjectResponse,
    TakeSummary,
    UserProfile,
)

DEFAULT_ACCESSIBILITY: Final = msgspec.Raw(AccessibilitySettings().model_dump_json().encode())
_PRIVATE: Final = msgspec.Raw(b"{}")
# The order in which rights are shown.
_RIGHTS: Final = tuple(Permission)
# Fields of an analysis by the feature that they belong to.
_OF: Final[dict[Feature, tuple[str, ...]]] = {
    "tempo": ("tempo_candidates", "beats", "beat_confidence", "downbeats"),
    "meter": ("time_signature_candidates", "accents"),
    "key": ("key_candidates", "tuning_cents"),
    "chords": ("chords",),
    "energy": ("energy",),
    "style": ("style_candidates",),
    "emotion": ("arousal", "valence"),
    "complexity": (),
    "sections": ("sections",),
}
_SHOWN_ABOVE: Final = frozenset(
    {"depth", "tempo", "key", "time_signature", "style", "emotion", "complexity"}
)
_AFTER_ANALYSIS: Final = (("drummaroo", "high"), ("bassaroo", "medium"))
_AFTER_ENGINE: Final = {
    "drummaroo": (("bassaroo", "high"),),
    "bassaroo": (("melodyroo", "medium"), ("harmonyroo", "medium")),
}


def own_profile(user: User) -> UserProfile:
    """An account as its owner sees it."""
    stored = user.accessibility_settings
    return UserProfile(
        id=user.id,
        username=user.username,
        email=user.email,
        display_name=user.display_name,
        subscription_tier=user.tier,
        total_generations=user.total_generations,
        monthly_generations=user.monthly_generations,
        accessibility_settings=(
            msgspec.Raw(stored.encode()) if stored not in {"", "{}"} else DEFAULT_ACCESSIBILITY
        ),
        created_at=moment(user.created_at),
    )


def other_profile(user: User, *, shared: bool) -> UserProfile:
    """Somebody else's account: the address only for those who share a project."""
    return UserProfile(
        id=user.id,
        username=user.username,
        email=user.email if shared else None,
        display_name=user.display_name,
        subscription_tier=user.tier,
        total_generations=None,
        monthly_generations=None,
        accessibility_settings=_PRIVATE,
        created_at=moment(user.created_at),
    )


def profile_for(user: User, reader: str, *, shared: bool) -> UserProfile:
    """An account as `reader` may see it."""
    return own_profile(user) if user.id == reader else other_profile(user, shared=shared)


def rights(held: frozenset[Permission]) -> list[Permission]:
    """Rights in their usual order."""
    return [each for each in _RIGHTS if each in held]


def project_response(view: ProjectView, state: SessionState) -> ProjectResponse:
    """A project as the reader of the view may see it."""
    project, access = view.project, view.access
    inside = access.owner or any(user.id == access.user for _, user in view.collaborators)
    return ProjectResponse(
        id=project.id,
        name=project.name,
        description=project.description,
        owner=profile_for(view.owner, access.user, shared=inside),
        collaborators=[
            profile_for(user, access.user, shared=True) for _, user in view.collaborators
        ],
        musical_context=musical_context(state),
        created_at=moment(project.created_at),
        updated_at=moment(project.updated_at),
        last_accessed_at=moment(project.last_accessed_at),
        is_public=project.is_public,
        version=project.version,
        permissions=rights(access.permissions),
        session_id=project.id,
    )


def analysis_response(record: AnalysisRecord, audio_url: str) -> AnalysisResponse:
    """An analysis; one that is not completed has found nothing yet."""
    heard = result_of(record) if record.status == "completed" else None
    return AnalysisResponse(
        analysis_id=record.id,
        musical_key=heard.key if heard else None,
        tempo=heard.tempo if heard else None,
        time_signature=heard.time_signature if heard else None,
        style=heard.style if heard else None,
        emotion=heard.emotion if heard else None,
        complexity=heard.complexity if heard else None,
        confidence_score=round(heard.overall_confidence, 4) if heard else 0.0,
        processing_time_ms=record.processing_time_ms or 0,
        detailed_features=_details(heard, record.features) if heard else {},
        status=record.status,
        analysis_type=record.depth,
        project_id=record.project,
        asset_id=record.asset,
        audio_url=audio_url,
        created_at=moment(record.created_at),
        error=(record.error or "").partition("|")[2] or None,
        preload_hints=hints_after_analysis() if heard else [],
    )


def generation_response(
    record: GenerationRecord, urls: dict[str, str], *, estimate: float | None = None
) -> GenerationResponse:
    """A generation as it stands."""
    return GenerationResponse(
        generation_id=record.id,
        engine=record.engine,
        status=record.status,
        progress=record.progress,
        result_urls=urls,
        confidence_score=record.confidence or 0.0,
        generation_time_ms=record.generation_time_ms or 0,
        parameters_used=record.parameters_used,
        created_at=moment(record.created_at),
        project_id=record.project,
        part=record.part,
        take_id=record.take,
        parent_take=record.parent_take,
        quality_target=record.quality_target,
        estimated_seconds=estimate,
        error=record.error,
        preload_hints=hints_after_engine(record.engine),
        stages_ms=record.stages,
        draft=record.draft,
    )


def take_summary(take: Take) -> TakeSummary:
    """A take without its notes."""
    return TakeSummary(
        id=take.id,
        project_id=take.project,
        part=take.part,
        user_id=take.user,
        engine=take.recipe.engine,
        bars=take.bars,
        note_count=len(take.notes),
        confidence_score=take.confidence,
        generation_id=take.generation,
        parent_take=take.parent,
        created_at=moment(take.created_at),
        draft=take.draft,
    )


def hints_after_analysis() -> list[Hint]:
    """Whoever had a riff analysed wants a band."""
    return [Hint("generation", engine, priority) for engine, priority in _AFTER_ANALYSIS]  # type: ignore[arg-type]


def hints_after_engine(engine: str) -> list[Hint]:
    """Who plays next."""
    following = _AFTER_ENGINE.get(engine, ())
    return [Hint("generation", name, priority) for name, priority in following]  # type: ignore[arg-type]


def _details(heard: Analysis, features: tuple[str, ...]) -> dict[str, object]:
    details = msgspec.structs.asdict(heard)
    hidden = {name for feature in FEATURES if feature not in features for name in _OF[feature]}
    return {name: value for name, value in details.items() if name not in hidden | _SHOWN_ABOVE}
