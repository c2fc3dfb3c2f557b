"""Lines of the audit log: who did what to what, without addresses, e-mails or secrets."""

import re
from typing import Final, Literal

from musearoo.domain.ids import UserId
from musearoo.domain.origin import Origin, cut_address
from musearoo.domain.records import AuditEntry

_LONGEST: Final = 200
_E_MAIL: Final = re.compile(r"[^\s@<>,;\"']+@[^\s@<>,;\"']+")
# Longer than a UUID and without a space: a token, a ticket, a hash, a key.
_SECRET: Final = re.compile(r"[A-Za-z0-9_\-+/=.~]{38,}")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_WHOLE_ADDRESS: Final = re.compile(r"[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(%.*)?")


def audit_entry(
    origin: Origin,
    actor: UserId | None,
    action: str,
    subject: str,
    *,
    at: float,
    result: Literal["ok", "refused"] = "ok",
    detail: str = "",
) -> AuditEntry:
    """One line. `action` is a constant such as `login.refused`, `subject` the id acted on.

    Texts are cut to 200 characters; e-mail addresses and whatever looks like a secret are
    blotted out, and an address that nobody has cut yet is cut here.
    """
    whole = _WHOLE_ADDRESS.fullmatch(origin.source)
    return AuditEntry(
        at=at,
        actor=actor,
        door=origin.door,
        source=cut_address(origin.source) if whole else origin.source,
        action=action,
        subject=blotted(subject),
        result=result,
        correlation=blotted(origin.correlation),
        detail=blotted(detail),
    )


def blotted(text: str) -> str:
    """A text as it may be kept: at most 200 printable characters, no e-mail, no secret."""
    # Cut first, so that a long text costs no time, and wide enough to see a secret whole.
    text = _UNPRINTABLE.sub(" ", text[: 2 * _LONGEST])
    return _SECRET.sub("[secret]", _E_MAIL.sub("[address]", text))[:_LONGEST]
