"""What comes of a generation: its bars as events, its take, and the files to be made of it."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from musearoo.conductor.plans import Plan, in_order
from musearoo.conductor.stages import Marks
from musearoo.conductor.values import pack
from musearoo.domain.engine import Bar
from musearoo.domain.events import GenerationAccepted, Landing, TakeBar
from musearoo.domain.ids import AssetId, GenerationId
from musearoo.domain.music.note import Note
from musearoo.domain.records import Asset, GenerationRecord, Take
from musearoo.ports.ambient import Ids

RENDERINGS: Final = (
    ("midi", "mid", "audio/midi"),
    ("audio", "wav", "audio/wav"),
    ("notation", "svg", "image/svg+xml"),
)


class Played(msgspec.Struct, frozen=True):
    """What came of a plan, in `seconds`; of several candidates, the plan that was chosen.

    `worker_seconds` are those of a worker, and of waiting for one.
    """

    plan: Plan
    notes: tuple[Note, ...]
    bars: tuple[TakeBar, ...]
    confidence: float
    seconds: float
    worker_seconds: float
    marks: Marks


def bar_event(plan: Plan, generation: GenerationId, bar: Bar) -> TakeBar:
    """A bar as everyone hears it: what was played, and what was kept."""
    return TakeBar(
        generation_id=generation,
        take_id=plan.take_id,
        part=plan.part,
        bar=bar.index + 1,
        notes=in_order((*bar.notes, *plan.kept_in(bar.index))),
    )


def accepted_event(
    plan: Plan, record: GenerationRecord, *, queued: bool, landing: Landing | None
) -> GenerationAccepted:
    """What everyone hears of a request; once more, with `queued`, if it has to wait after all."""
    return GenerationAccepted(
        generation_id=record.id,
        take_id=plan.take_id,
        engine=record.engine,
        part=plan.part,
        bars=plan.bars,
        parameters=record.parameters_used,
        queued=queued,
        lands_at=landing,
    )


def take_of(played: Played, record: GenerationRecord, now: float) -> Take:
    """The take that was played."""
    plan = played.plan
    return Take(
        id=plan.take_id,
        project=record.project,
        part=plan.part,
        user=record.user,
        recipe=plan.recipe,
        context=pack(plan.run.context),
        notes=played.notes,
        bars=plan.bars,
        created_at=now,
        generation=record.id,
        parent=plan.parent,
        confidence=played.confidence,
        draft=record.draft,
    )


def renderings_of(take: Take, ids: Ids) -> list[Asset]:
    """The files of a take, each made when it is first asked for."""
    return [
        Asset(
            id=AssetId(ids.new()),
            project=take.project,
            owner=take.user,
            kind=kind,  # type: ignore[arg-type]
            name=f"{take.part}.{suffix}",
            media_type=media_type,
            created_at=take.created_at,
            recipe=f"take:{take.id}:{kind}",
        )
        for kind, suffix, media_type in RENDERINGS
    ]


def month_of(now: float) -> str:
    """The month that a generation counts in."""
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m}"
