"""The truth on disk: records read and written inside transactions.

`Store.write` runs a synchronous function on the writer; what it did is durable
when the await returns, and undone as a whole if it raises. Functions are
grouped into one commit, so they must be short and touch nothing but `tx`.
"""

from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from typing import Protocol, TypeVar

import msgspec

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
from musearoo.domain.permissions import Access, Tier
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
    ProjectFacts,
    RefreshFamily,
    RefreshToken,
    SessionRecord,
    StoredEvent,
    Take,
    User,
)

T = TypeVar("T")


class AccountRows(Protocol):
    """Accounts, logins and single-use secrets."""

    def insert(self, user: User) -> None:
        """Add an account; raises `Conflict` when address or name is taken."""
        ...

    def get(self, user: UserId) -> User | None: ...
    def find_by_email(self, email_key: str) -> User | None: ...
    def find_by_username(self, username_key: str) -> User | None: ...
    def update(self, user: User) -> None:
        """Replace every field but id and created_at."""
        ...

    def set_tier(self, user: UserId, tier: Tier) -> None: ...
    def count_generation(self, user: UserId, month: str, parts: int) -> None:
        """Raise the counters; a new month restarts the monthly one."""
        ...

    def delete(self, user: UserId) -> list[str]:
        """Remove the account, its projects and all that hangs on them; audit rows stay.

        Answers blob keys no longer referenced.
        """
        ...

    def insert_family(self, family: RefreshFamily) -> None: ...
    def family(self, family: FamilyId) -> RefreshFamily | None: ...
    def families(self, user: UserId) -> list[RefreshFamily]:
        """Live and ended families, newest first."""
        ...

    def touch_family(self, family: FamilyId, at: float) -> None: ...
    def end_family(self, family: FamilyId, at: float, reason: str) -> None: ...
    def end_families(self, user: UserId, at: float, reason: str) -> list[FamilyId]:
        """End every live family of a user and answer which."""
        ...

    def insert_refresh(self, token: RefreshToken) -> None: ...
    def refresh(self, token_hash: str) -> RefreshToken | None: ...
    def child_of(self, token_hash: str) -> RefreshToken | None: ...
    def use_refresh(self, token_hash: str, at: float) -> None: ...
    def insert_one_time(self, token: OneTimeToken) -> None: ...
    def use_one_time(self, token_hash: str, purpose: str, at: float) -> OneTimeToken | None:
        """Mark a live token as used and answer it; None when unknown, used or expired."""
        ...


class ProjectRows(Protocol):
    """Projects and the people in them."""

    def facts(self, project: ProjectId, user: UserId) -> ProjectFacts | None:
        """What the policies need; None when there is no such project."""
        ...

    def insert(self, project: Project) -> None: ...
    def get(self, access: Access) -> Project: ...
    def list_for(
        self, user: UserId, *, search: str | None, limit: int, offset: int
    ) -> tuple[list[Project], int]:
        """Own and shared projects, last accessed first, and the total; `search` is literal."""
        ...

    def update(self, access: Access, project: Project) -> None:
        """Replace; raises `Conflict` when `project.version` is not the stored one + 1."""
        ...

    def touch(self, access: Access, at: float) -> None:
        """Set last_accessed_at."""
        ...

    def delete(self, access: Access) -> list[str]:
        """Remove a project and all that hangs on it; answers blob keys no longer referenced."""
        ...

    def collaborators(self, access: Access) -> list[tuple[Collaborator, User]]: ...
    def put_collaborator(self, collaborator: Collaborator) -> None: ...
    def remove_collaborator(self, access: Access, user: UserId) -> bool: ...
    def insert_invitation(self, invitation: Invitation) -> None: ...
    def invitation(self, token_hash: str) -> Invitation | None: ...
    def accept_invitation(self, invitation: InvitationId, at: float) -> bool:
        """Mark as accepted; False if it already was."""
        ...


class SessionRows(Protocol):
    """Session heads and their event log."""

    def insert(self, record: SessionRecord) -> None: ...
    def get(self, session: SessionId) -> SessionRecord | None: ...
    def append(self, events: Sequence[StoredEvent]) -> None:
        """Add to the log; a sequence number taken twice raises `Conflict`."""
        ...

    def save_state(self, session: SessionId, epoch: str, seq: int, state: bytes) -> None: ...
    def set_epoch(self, session: SessionId, epoch: str) -> None: ...
    def events_after(self, session: SessionId, after: int, limit: int) -> list[StoredEvent]: ...
    def last_seq(self, session: SessionId) -> int: ...
    def last_seqs(self, sessions: Sequence[SessionId]) -> dict[SessionId, int]:
        """The last number of each; sessions that are gone are left out."""
        ...

    def naming(self, session: SessionId, cause: str, not_before: float) -> list[StoredEvent]:
        """The rows of the log, not older than UNIX time `not_before`, that name a cause."""
        ...


class WorkRows(Protocol):
    """Analyses, generations, takes, assets and exports of a project."""

    def insert_analysis(self, record: AnalysisRecord) -> None: ...
    def update_analysis(self, record: AnalysisRecord) -> None: ...
    def analysis(self, analysis: AnalysisId) -> AnalysisRecord | None: ...
    def analyses(
        self, access: Access, *, limit: int, offset: int
    ) -> tuple[list[AnalysisRecord], int]: ...
    def insert_generation(self, record: GenerationRecord) -> None: ...
    def update_generation(self, record: GenerationRecord) -> None: ...
    def generation(self, generation: GenerationId) -> GenerationRecord | None: ...
    def unfinished_generations(self) -> list[GenerationRecord]:
        """Queued or processing ones, oldest first, for recovery after a crash."""
        ...

    def insert_take(self, take: Take) -> None: ...
    def take(self, take: TakeId) -> Take | None: ...
    def takes(
        self, access: Access, *, part: str | None, limit: int, offset: int
    ) -> tuple[list[Take], int]:
        """Newest first; drafts are only in their own user's list."""
        ...

    def publish_take(self, take: TakeId) -> None:
        """Make a draft a take like any other; raises `NotFound`."""
        ...

    def insert_asset(self, asset: Asset) -> None: ...
    def update_asset(self, asset: Asset) -> None: ...
    def asset(self, asset: AssetId) -> Asset | None: ...
    def assets_of_recipe(self, prefix: str) -> list[Asset]: ...
    def stored_bytes(self, user: UserId) -> tuple[int, int]:
        """Bytes and files that a user's uploads hold."""
        ...

    def blob_is_referenced(self, blob: str) -> bool: ...
    def insert_export(self, record: ExportRecord) -> None: ...
    def update_export(self, record: ExportRecord) -> None: ...
    def export(self, export: ExportId) -> ExportRecord | None: ...


class JobRows(Protocol):
    """The durable job table: leases and fences."""

    def enqueue(self, job: Job) -> None: ...
    def get(self, job: JobId) -> Job | None: ...
    def of_subject(self, subject: str) -> Job | None: ...
    def claim(
        self, worker: str, now: float, lease_seconds: float, kinds: Iterable[str]
    ) -> Job | None:
        """Take the oldest job that is queued or whose lease ran out; attempt and fence rise."""
        ...

    def heartbeat(self, job: JobId, fence: int, lease_until: float, progress: float) -> Job | None:
        """Extend the lease; None when the fence is stale. The answer tells of a cancel request."""
        ...

    def finish(self, job: JobId, fence: int, state: str, error: str | None) -> bool:
        """End the job; False when the fence is stale."""
        ...

    def release(self, job: JobId, fence: int) -> bool:
        """Give an unfinished job back to the queue, as at shutdown."""
        ...

    def request_cancel(self, job: JobId) -> bool: ...
    def waiting(self) -> int:
        """How many are queued."""
        ...

    def prune(self, before: float) -> int:
        """Delete finished jobs older than `before`; answers how many."""
        ...


class AuditRows(Protocol):
    """The append-only audit log."""

    def append(self, entry: AuditEntry) -> None: ...
    def latest(self, limit: int) -> list[AuditEntry]: ...


class AnswerRows(Protocol):
    """First answers to command ids."""

    def find(self, user: UserId, command: CommandId, not_before: float) -> Answer | None: ...
    def put(self, answer: Answer) -> None: ...
    def prune(self, before: float) -> int: ...


class QuotaRows(Protocol):
    """Snapshots of quota counters, so that a restart forgives nothing."""

    def load(self) -> dict[str, bytes]: ...
    def save(self, counters: dict[str, bytes]) -> None: ...


class Transaction(Protocol):
    """One consistent view; writes made through it are kept or undone together."""

    @property
    def accounts(self) -> AccountRows: ...
    @property
    def projects(self) -> ProjectRows: ...
    @property
    def sessions(self) -> SessionRows: ...
    @property
    def work(self) -> WorkRows: ...
    @property
    def jobs(self) -> JobRows: ...
    @property
    def audit(self) -> AuditRows: ...
    @property
    def answers(self) -> AnswerRows: ...
    @property
    def quotas(self) -> QuotaRows: ...


class Store(Protocol):
    """The database behind the conductor."""

    async def read(self, query: Callable[[Transaction], T]) -> T:
        """Run a read-only function on a consistent view."""
        ...

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run a function in the next group commit; durable when this returns."""
        ...

    async def write_each(
        self,
        works: Sequence[Callable[[Transaction], None]],
        together: Callable[[Transaction], None],
    ) -> list[BaseException | None]:
        """Run `together`, which does what all `works` do, or each by itself should it raise.

        Answers what each raised: one that fails takes no other along. Nothing of others is
        written in between.
        """
        ...

    async def close(self) -> None:
        """Finish what was accepted and release the files."""
        ...


class Received(msgspec.Struct, frozen=True):
    """A file received in full at `path`, not yet kept: `adopt` it under `key` or delete it."""

    path: str
    key: str
    size: int


class Blobs(Protocol):
    """Bytes by content: the key is the SHA-256 (hex) of the content."""

    async def put(self, content: bytes) -> str:
        """Store and answer the key."""
        ...

    async def adopt(self, path: str, key: str) -> None:
        """Move a finished temporary file in under the key that its hash gave."""
        ...

    async def get(self, key: str) -> bytes:
        """The content; raises `NotFound`."""
        ...

    def path(self, key: str) -> str | None:
        """A local path to read from, or None where blobs are remote."""
        ...

    def temporary(self) -> str:
        """A path for a file being received; `adopt` it or delete it."""
        ...

    async def receive(self, chunks: AsyncIterable[bytes], *, maximum: int) -> Received:
        """Write a stream to a temporary file, hashing it on the way.

        Raises `PayloadTooLarge` at the first byte over `maximum`; then, and when the
        stream ends early by an error, nothing is left.
        """
        ...

    async def delete(self, key: str) -> None:
        """Remove a blob; one that somebody has just stored again stays."""
        ...


__all__ = [
    "AccountRows", "AnswerRows", "AuditRows", "Blobs", "JobRows", "ProjectRows", "QuotaRows",
    "Received", "SessionRows", "Store", "Transaction", "WorkRows",
]  # fmt: skip
