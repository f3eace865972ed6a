"""Staff, their sessions and sign-in links, API keys. Only hashes of secrets are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from store import tables
from store.base import Db
from store.tables import table

_person, _session, _key = table(tables.Person), table(tables.Session), table(tables.ApiKey)
_link, _meta = table(tables.OneTimeLink), table(tables.Meta)


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    role: str = "agent"
    lang: str = ""
    password_hash: str = ""
    active: bool = True


def save_person(db: Db, person: Person) -> None:
    values = {name: getattr(person, name) for name in Person.__dataclass_fields__}
    if db.execute(_person.update().where(_person.c.id == person.id).values(**values)).rowcount == 0:
        db.execute(_person.insert().values(**values))


def find_person(db: Db, person_id: str) -> Person | None:
    row = db.execute(select(_person).where(_person.c.id == person_id)).one_or_none()
    return Person(*row) if row else None


def people(db: Db) -> list[Person]:
    return [Person(*row) for row in db.execute(select(_person).order_by(_person.c.id))]


def start_session(db: Db, *, digest: str, person_id: str, csrf: str, expires_at: datetime) -> None:
    db.execute(_session.insert().values(digest=digest, person_id=person_id, csrf=csrf, expires_at=expires_at))


def session_person(db: Db, digest: str, *, now: datetime) -> tuple[Person, str] | None:
    """Who is signed in with this session, and its CSRF token."""
    row = db.execute(
        select(_session.c.person_id, _session.c.csrf).where(_session.c.digest == digest, _session.c.expires_at > now)
    ).one_or_none()
    person = find_person(db, row.person_id) if row else None
    return (person, row.csrf) if row and person and person.active else None


def end_session(db: Db, digest: str) -> None:
    db.execute(_session.delete().where(_session.c.digest == digest))


def end_sessions(db: Db, person_id: str) -> None:
    """Sign somebody out wherever they are signed in, and spend their sign-in links."""
    db.execute(_session.delete().where(_session.c.person_id == person_id))
    db.execute(_link.delete().where(_link.c.person_id == person_id, _link.c.used_at.is_(None)))


def add_link(db: Db, *, digest: str, person_id: str, expires_at: datetime) -> None:
    db.execute(_link.insert().values(digest=digest, person_id=person_id, expires_at=expires_at))


def use_link(db: Db, digest: str, *, now: datetime) -> str | None:
    """The person whom a sign-in link stands for; it is spent by this. None where it is spent, expired or unknown."""
    used = db.execute(
        _link.update()
        .where(_link.c.digest == digest, _link.c.used_at.is_(None), _link.c.expires_at > now)
        .values(used_at=now)
    )
    if used.rowcount == 0:
        return None
    person_id: str = db.execute(select(_link.c.person_id).where(_link.c.digest == digest)).scalar_one()
    return person_id


@dataclass(frozen=True, slots=True)
class ApiKey:
    """``scopes``: what it may do; none named is everything."""

    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None

    def may(self, scope: str) -> bool:
        return not self.scopes or scope in self.scopes


def add_api_key(db: Db, *, name: str, digest: str, now: datetime, scopes: Sequence[str] = ()) -> bool:
    """False where a key of that name exists."""
    if db.execute(select(_key.c.name).where(_key.c.name == name)).one_or_none():
        return False
    db.execute(_key.insert().values(name=name, digest=digest, scopes=" ".join(scopes), created_at=now))
    return True


def api_key(db: Db, digest: str) -> ApiKey | None:
    """A key that is good; None where there is none, or it was revoked."""
    row = db.execute(select(_key).where(_key.c.digest == digest, _key.c.revoked_at.is_(None))).one_or_none()
    return _api_key(row) if row else None


def api_keys(db: Db) -> list[ApiKey]:
    return [_api_key(row) for row in db.execute(select(_key).order_by(_key.c.name))]


def revoke_api_key(db: Db, name: str, *, now: datetime) -> bool:
    """False where there is no such key that is good."""
    good = (_key.c.name == name) & _key.c.revoked_at.is_(None)
    return db.execute(_key.update().where(good).values(revoked_at=now)).rowcount == 1


def _api_key(row: Any) -> ApiKey:
    return ApiKey(row.name, tuple(row.scopes.split()), row.created_at, row.revoked_at)


def meta(db: Db, key: str) -> str | None:
    return db.execute(select(_meta.c.value).where(_meta.c.key == key)).scalar_one_or_none()


def set_meta(db: Db, key: str, value: str) -> None:
    if db.execute(_meta.update().where(_meta.c.key == key).values(value=value)).rowcount == 0:
        db.execute(_meta.insert().values(key=key, value=value))
