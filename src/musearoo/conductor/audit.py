"""What the audit log says of an act."""

from typing import Literal

from musearoo.domain.ids import UserId
from musearoo.domain.origin import Origin
from musearoo.domain.records import AuditEntry


def entry(
    origin: Origin,
    actor: UserId | None,
    action: str,
    subject: str,
    *,
    at: float,
    result: Literal["ok", "refused"] = "ok",
    detail: str = "",
) -> AuditEntry:
    """One audit line; `detail` must hold no secret, address or chat text."""
    return AuditEntry(
        at=at,
        actor=actor,
        door=origin.door,
        source=origin.source,
        action=action,
        subject=subject,
        result=result,
        correlation=origin.correlation,
        detail=detail,
    )
