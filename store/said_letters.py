"""What is kept of a letter about a case once it is sent: that it was, not what it said, where the case itself says that.

Such a letter shows its case or incident as it stood then. The facts know how that was, and the next letter shows it anew; so most of what a
desk is told would be kept many times over, and never read again.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from store import tables
from store.base import Db
from store.tables import table

_outbox = table(tables.Outbox)
SHOWING = ("alert", "alert_edit", "reminder")


def empty_shown(db: Db, letter_ids: Sequence[str]) -> None:
    """The console shows the case itself: none of its letters about cases is read again."""
    _empty(db, _outbox.c.id.in_(list(letter_ids)))


def empty_older(db: Db, channel: str, about: str, about_id: str, newest: str) -> None:
    """A chat is told a case again by the ``newest`` letter about it: what was sent before that isn't."""
    same = (_outbox.c.channel == channel) & (_outbox.c.subject_type == about) & (_outbox.c.subject_id == about_id)
    _empty(db, same & (_outbox.c.id != newest))


def _empty(db: Db, these: ColumnElement[bool]) -> None:
    """Rows are taken out and written at the end: SQLite uses the room of whole rows again, but hardly that within them."""
    sent = (_outbox.c.kind.in_(SHOWING), _outbox.c.sent_at.is_not(None), _outbox.c.payload != {})
    rows = db.execute(select(_outbox).where(these, *sent)).all()
    if rows:
        db.execute(_outbox.delete().where(_outbox.c.id.in_([row.id for row in rows])))
        db.execute(_outbox.insert(), [{**row._mapping, "payload": {}} for row in rows])  # noqa: SLF001 - SQLAlchemy's public name
