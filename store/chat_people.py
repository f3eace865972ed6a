"""Who is who in a chat: identities linked to members of the desk, one-time invitations, where a person is written to."""

from datetime import datetime

from sqlalchemy import select

from store import chat_tables
from store.base import Db
from store.tables import table

_identity, _invitation = table(chat_tables.ChatIdentity), table(chat_tables.ChatInvitation)
_private = table(chat_tables.ChatPrivate)


def person_of(db: Db, adapter: str, identity: str) -> str | None:
    """The member of the desk whom an identity was linked to."""
    return db.execute(
        select(_identity.c.person_id).where(_identity.c.adapter == adapter, _identity.c.identity == identity)
    ).scalar_one_or_none()


def link(db: Db, adapter: str, identity: str, person_id: str, *, now: datetime) -> None:
    """Link an identity to a person; an earlier link of it ends."""
    db.execute(_identity.delete().where(_identity.c.adapter == adapter, _identity.c.identity == identity))
    db.execute(_identity.insert().values(adapter=adapter, identity=identity, person_id=person_id, linked_at=now))


def invite(db: Db, digest: str, adapter: str, identity: str, *, expires_at: datetime) -> None:
    """Keep the hash of a token that links one identity, once, until ``expires_at``."""
    db.execute(_invitation.insert().values(digest=digest, adapter=adapter, identity=identity, expires_at=expires_at))


def is_invited(db: Db, adapter: str, identity: str, *, now: datetime) -> bool:
    """Whether an identity has an invitation that still works: it needs no second one."""
    found = db.execute(
        select(_invitation.c.digest)
        .where(
            _invitation.c.adapter == adapter,
            _invitation.c.identity == identity,
            _invitation.c.expires_at > now,
            _invitation.c.used_at.is_(None),
        )
        .limit(1)
    )
    return found.first() is not None


def invited(db: Db, digest: str, *, now: datetime) -> tuple[str, str] | None:
    """Whom an invitation is for, as (adapter, identity); None where it is unknown, spent or too old."""
    row = db.execute(
        select(_invitation.c.adapter, _invitation.c.identity).where(
            _invitation.c.digest == digest, _invitation.c.expires_at > now, _invitation.c.used_at.is_(None)
        )
    ).one_or_none()
    return (row.adapter, row.identity) if row else None


def accept(db: Db, digest: str, person_id: str, *, now: datetime, linked_at: datetime) -> tuple[str, str] | None:
    """Link the invited identity to a person and spend the invitation; None where it is unknown, spent or too old."""
    found = invited(db, digest, now=now)
    if found is None:
        return None
    db.execute(_invitation.update().where(_invitation.c.digest == digest).values(used_at=now))
    link(db, *found, person_id, now=linked_at)
    return found


def private_address(db: Db, channel: str, identity: str) -> str:
    """Where a person is written to alone; "" where no place was made yet."""
    found: str | None = db.execute(
        select(_private.c.address).where(_private.c.channel == channel, _private.c.identity == identity)
    ).scalar_one_or_none()
    return found or ""


def keep_private_address(db: Db, channel: str, identity: str, address: str) -> None:
    db.execute(_private.delete().where(_private.c.channel == channel, _private.c.identity == identity))
    db.execute(_private.insert().values(channel=channel, identity=identity, address=address))
