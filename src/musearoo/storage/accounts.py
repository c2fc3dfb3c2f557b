"""Accounts, logins and single-use secrets."""

from sqlalchemy import bindparam, case, delete, exists, select, update

from musearoo.domain.errors import Conflict, NotFound
from musearoo.domain.ids import FamilyId, UserId
from musearoo.domain.permissions import Tier
from musearoo.domain.records import OneTimeToken, RefreshFamily, RefreshToken, User
from musearoo.storage.mapping import FAMILIES, ONE_TIME, REFRESH, USERS
from musearoo.storage.statement import Connection, Statement
from musearoo.storage.tables import (
    assets,
    one_time_tokens,
    projects,
    refresh_families,
    refresh_tokens,
    users,
)

_GET = USERS.find_by("id")
_BY_EMAIL = USERS.find_by("email_key")
_BY_USERNAME = USERS.find_by("username_key")
_UPDATE = USERS.replace("created_at")
_SET_TIER = Statement(update(users).where(users.c.id == bindparam("key")), columns=["tier"])
_COUNT = Statement(
    update(users)
    .where(users.c.id == bindparam("key"))
    .values(
        total_generations=users.c.total_generations + bindparam("parts"),
        monthly_generations=bindparam("parts")
        + case(
            (users.c.generations_month == bindparam("month"), users.c.monthly_generations),
            else_=0,
        ),
        generations_month=bindparam("month"),
    )
)
_DELETE = Statement(delete(users).where(users.c.id == bindparam("id")))
_owned = assets.join(projects, assets.c.project == projects.c.id)
_other, _other_project = assets.alias("other"), projects.alias("other_project")
_ORPHANED_BLOBS = Statement(
    select(assets.c.blob)
    .distinct()
    .select_from(_owned)
    .where(
        projects.c.owner == bindparam("id"),
        assets.c.blob.is_not(None),
        ~exists().where(
            _other.c.blob == assets.c.blob,
            _other.c.project == _other_project.c.id,
            _other_project.c.owner != bindparam("id"),
        ),
    )
)

_FAMILY = FAMILIES.find_by("id")
_FAMILIES = Statement(
    FAMILIES.select.where(refresh_families.c.user == bindparam("user")).order_by(
        refresh_families.c.created_at.desc(), refresh_families.c.id.desc()
    )
)
_TOUCH_FAMILY = Statement(
    update(refresh_families)
    .where(refresh_families.c.id == bindparam("key"))
    .values(last_used_at=bindparam("time"))
)
_END = update(refresh_families).where(refresh_families.c.ended_at.is_(None))
_END_FAMILY = Statement(
    _END.where(refresh_families.c.id == bindparam("key")), columns=["ended_at", "end_reason"]
)
_END_FAMILIES = Statement(
    _END.where(refresh_families.c.user == bindparam("key")),
    columns=["ended_at", "end_reason"],
    suffix=" RETURNING id",
)
_REFRESH = REFRESH.find_by("hash")
_CHILD = REFRESH.find_by("parent")
_USE_REFRESH = Statement(
    update(refresh_tokens)
    .where(refresh_tokens.c.hash == bindparam("key"), refresh_tokens.c.used_at.is_(None))
    .values(used_at=bindparam("time"))
)
_USE_ONE_TIME = Statement(
    update(one_time_tokens)
    .where(
        one_time_tokens.c.hash == bindparam("key"),
        one_time_tokens.c.purpose == bindparam("wanted"),
        one_time_tokens.c.used_at.is_(None),
        one_time_tokens.c.expires_at > bindparam("time"),
    )
    .values(used_at=bindparam("time"))
    .returning(*ONE_TIME.columns)
)


class Accounts:
    """`AccountRows` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def insert(self, user: User) -> None:
        if not USERS.add(self._connection, user):
            raise Conflict(self._taken(user))

    def get(self, user: UserId) -> User | None:
        return USERS.maybe(self._connection.first(_GET, id=user))

    def find_by_email(self, email_key: str) -> User | None:
        return USERS.maybe(self._connection.first(_BY_EMAIL, email_key=email_key))

    def find_by_username(self, username_key: str) -> User | None:
        return USERS.maybe(self._connection.first(_BY_USERNAME, username_key=username_key))

    def update(self, user: User) -> None:
        for other in (self.find_by_email(user.email_key), self.find_by_username(user.username_key)):
            if other is not None and other.id != user.id:
                raise Conflict(self._taken(user))
        self._changed(self._connection.run(_UPDATE, **USERS.encode(user), key=user.id))

    def set_tier(self, user: UserId, tier: Tier) -> None:
        self._changed(self._connection.run(_SET_TIER, key=user, tier=tier.value))

    def count_generation(self, user: UserId, month: str, parts: int) -> None:
        self._changed(self._connection.run(_COUNT, key=user, month=month, parts=parts))

    def delete(self, user: UserId) -> list[str]:
        orphans = [row[0] for row in self._connection.all(_ORPHANED_BLOBS, id=user)]
        self._changed(self._connection.run(_DELETE, id=user))
        return orphans

    def insert_family(self, family: RefreshFamily) -> None:
        if not FAMILIES.add(self._connection, family):
            raise Conflict("This login exists already.")

    def family(self, family: FamilyId) -> RefreshFamily | None:
        return FAMILIES.maybe(self._connection.first(_FAMILY, id=family))

    def families(self, user: UserId) -> list[RefreshFamily]:
        return [FAMILIES.decode(row) for row in self._connection.all(_FAMILIES, user=user)]

    def touch_family(self, family: FamilyId, at: float) -> None:
        self._connection.run(_TOUCH_FAMILY, key=family, time=at)

    def end_family(self, family: FamilyId, at: float, reason: str) -> None:
        self._connection.run(_END_FAMILY, key=family, ended_at=at, end_reason=reason)

    def end_families(self, user: UserId, at: float, reason: str) -> list[FamilyId]:
        ended = self._connection.all(_END_FAMILIES, key=user, ended_at=at, end_reason=reason)
        return sorted(row[0] for row in ended)

    def insert_refresh(self, token: RefreshToken) -> None:
        if not REFRESH.add(self._connection, token):
            raise Conflict("This refresh token exists already.")

    def refresh(self, token_hash: str) -> RefreshToken | None:
        return REFRESH.maybe(self._connection.first(_REFRESH, hash=token_hash))

    def child_of(self, token_hash: str) -> RefreshToken | None:
        return REFRESH.maybe(self._connection.first(_CHILD, parent=token_hash))

    def use_refresh(self, token_hash: str, at: float) -> None:
        self._connection.run(_USE_REFRESH, key=token_hash, time=at)

    def insert_one_time(self, token: OneTimeToken) -> None:
        if not ONE_TIME.add(self._connection, token):
            raise Conflict("This token exists already.")

    def use_one_time(self, token_hash: str, purpose: str, at: float) -> OneTimeToken | None:
        row = self._connection.first(_USE_ONE_TIME, key=token_hash, wanted=purpose, time=at)
        return ONE_TIME.maybe(row)

    def _taken(self, user: User) -> str:
        held = self.find_by_email(user.email_key)
        if held is not None and held.id != user.id:
            return "There is an account with this e-mail address."
        return "This username is taken."

    def _changed(self, rows: int) -> None:
        if rows == 0:
            raise NotFound("account")
