"""Records with sensible fields, for tests that care about one or two of them."""

from typing import Any

from musearoo.domain.engine import Operation, Recipe
from musearoo.domain.ids import ProjectId, UserId
from musearoo.domain.music.note import Note
from musearoo.domain.permissions import ALL, Access, Grant, Permission, Tier
from musearoo.domain.records import (
    AnalysisRecord,
    Answer,
    Asset,
    AuditEntry,
    Collaborator,
    ExportRecord,
    GenerationRecord,
    Invitation,
    Job,
    OneTimeToken,
    Project,
    RefreshFamily,
    RefreshToken,
    SessionRecord,
    StoredEvent,
    Take,
    User,
)
from musearoo.ports.store import Store, Transaction

ANN = UserId("ann")
BOB = UserId("bob")
SONG = ProjectId("song")


def user(name: str = "ann", /, **changes: Any) -> User:
    fields: dict[str, Any] = {
        "id": name,
        "username": name,
        "username_key": name.casefold(),
        "email": f"{name}@example.org",
        "email_key": f"{name}@example.org".casefold(),
        "display_name": None,
        "password_hash": "hash",
        "tier": Tier.FREE,
        "email_verified": False,
        "accessibility_settings": "{}",
        "total_generations": 0,
        "monthly_generations": 0,
        "generations_month": "2026-11",
        "created_at": 100.25,
    }
    return User(**fields | changes)


def project(name: str = "song", /, owner: str = "ann", **changes: Any) -> Project:
    fields: dict[str, Any] = {
        "id": name,
        "owner": owner,
        "name": name,
        "description": None,
        "is_public": False,
        "version": 1,
        "created_at": 100.0,
        "updated_at": 100.0,
        "last_accessed_at": 100.0,
    }
    return Project(**fields | changes)


def access(name: str = "song", /, who: str = "ann") -> Access:
    return Access(Grant(ProjectId(name), UserId(who), ALL, owner=True))


def collaborator(who: str = "bob", name: str = "song", *rights: Permission) -> Collaborator:
    held = frozenset(rights or (Permission.VIEW,))
    return Collaborator(project=ProjectId(name), user=UserId(who), permissions=held, joined_at=5.0)


def invitation(name: str = "inv", /, **changes: Any) -> Invitation:
    fields: dict[str, Any] = {
        "id": name,
        "token_hash": f"hash of {name}",
        "project": "song",
        "inviter": "ann",
        "email_key": "bob@example.org",
        "permissions": frozenset({Permission.VIEW, Permission.EDIT}),
        "message": "come",
        "created_at": 1.0,
        "expires_at": 9.0,
    }
    return Invitation(**fields | changes)


def family(name: str = "fam", /, who: str = "ann", **changes: Any) -> RefreshFamily:
    fields: dict[str, Any] = {
        "id": name,
        "user": who,
        "client": "web",
        "created_at": 1.0,
        "last_used_at": 1.0,
        "expires_at": 1000.0,
    }
    return RefreshFamily(**fields | changes)


def refresh(name: str = "tok", /, of: str = "fam", parent: str | None = None) -> RefreshToken:
    return RefreshToken(hash=name, family=of, parent=parent, created_at=1.0, expires_at=100.0)  # type: ignore[arg-type]


def one_time(name: str = "once", /, who: str = "ann", **changes: Any) -> OneTimeToken:
    fields: dict[str, Any] = {"hash": name, "purpose": "reset", "user": who, "expires_at": 50.0}
    return OneTimeToken(**fields | changes)


def session(name: str = "song", /, **changes: Any) -> SessionRecord:
    fields: dict[str, Any] = {"id": name, "epoch": "e1", "seq": 0, "state_seq": 0, "state": b"s0"}
    return SessionRecord(**fields | changes)


def event(seq: int, /, of: str = "song", **changes: Any) -> StoredEvent:
    fields: dict[str, Any] = {
        "session": of,
        "seq": seq,
        "epoch": "e1",
        "at": 10.0 + seq,
        "user": "ann",
        "cause": None,
        "body": b"body %d" % seq,
    }
    return StoredEvent(**fields | changes)


def asset(name: str = "asset", /, of: str = "song", **changes: Any) -> Asset:
    fields: dict[str, Any] = {
        "id": name,
        "project": of,
        "owner": "ann",
        "kind": "upload",
        "name": "riff.wav",
        "media_type": "audio/wav",
        "created_at": 1.0,
        "blob": f"blob of {name}",
        "size": 10,
    }
    return Asset(**fields | changes)


def analysis(name: str = "analysis", /, of: str = "song", **changes: Any) -> AnalysisRecord:
    fields: dict[str, Any] = {
        "id": name,
        "project": of,
        "user": "ann",
        "asset": "asset",
        "depth": "quick",
        "features": ("tempo", "key"),
        "status": "queued",
        "created_at": 1.0,
    }
    return AnalysisRecord(**fields | changes)


def generation(name: str = "generation", /, of: str = "song", **changes: Any) -> GenerationRecord:
    fields: dict[str, Any] = {
        "id": name,
        "project": of,
        "user": "ann",
        "engine": "drummaroo",
        "part": "drums",
        "quality_target": "fast",
        "status": "queued",
        "created_at": 1.0,
        "run": b"run",
        "parameters_used": {"complexity": 0.5, "bars": 8, "style": "funk", "fills": True},
    }
    return GenerationRecord(**fields | changes)


def take(name: str = "take", /, of: str = "song", **changes: Any) -> Take:
    notes = tuple(
        Note(id=f"n{i}", start=i * 240, length=120, pitch=36 + i, velocity=100, offset_us=-3 * i)
        for i in range(4)
    )
    recipe = Recipe(
        engine="drummaroo",
        engine_version="1",
        seed=2**53 - 1,
        parameters={"complexity": 0.25, "bars": 4, "style": "jazz", "fills": False},
        context_hash="c0ffee",
        operations=(Operation(kind="edit", removed=("n9",), put=notes[:1]),),
    )
    fields: dict[str, Any] = {
        "id": name,
        "project": of,
        "part": "drums",
        "user": "ann",
        "recipe": recipe,
        "context": b"context",
        "notes": notes,
        "bars": 4,
        "created_at": 1.0,
        "confidence": 0.75,
    }
    return Take(**fields | changes)


def export(name: str = "export", /, of: str = "song", **changes: Any) -> ExportRecord:
    fields: dict[str, Any] = {
        "id": name,
        "project": of,
        "user": "ann",
        "format": "midi",
        "options": b"{}",
        "status": "queued",
        "created_at": 1.0,
        "estimated_completion": 2.0,
    }
    return ExportRecord(**fields | changes)


def job(name: str = "job", /, of: str = "song", **changes: Any) -> Job:
    fields: dict[str, Any] = {
        "id": name,
        "kind": "analyze",
        "subject": f"subject of {name}",
        "project": of,
        "user": "ann",
        "state": "queued",
        "created_at": 1.0,
    }
    return Job(**fields | changes)


def audit_entry(action: str = "login", /, **changes: Any) -> AuditEntry:
    fields: dict[str, Any] = {
        "at": 1.0,
        "actor": "ann",
        "door": "rest",
        "source": "192.0.2.0/24",
        "action": action,
        "subject": "ann",
        "result": "ok",
        "correlation": "c1",
    }
    return AuditEntry(**fields | changes)


def answer(command: str = "cmd", /, who: str = "ann", **changes: Any) -> Answer:
    fields: dict[str, Any] = {
        "user": who,
        "command": command,
        "body_hash": "h",
        "body": b"{}",
        "created_at": 1000.0,
    }
    return Answer(**fields | changes)


async def with_song(store: Store) -> None:
    """Two accounts, a project of the first, and its session."""

    def work(tx: Transaction) -> None:
        tx.accounts.insert(user("ann"))
        tx.accounts.insert(user("bob"))
        tx.projects.insert(project("song"))
        tx.sessions.insert(session("song"))

    await store.write(work)
