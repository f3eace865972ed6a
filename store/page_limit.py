"""A database that may not grow: what a full disk does to it, on purpose."""

from store.base import Db

ALL = 1_073_741_823  # SQLite's own limit


def set_limit(db: Db, *, full: bool) -> None:
    """Let the database have no page more than it has, or as many as ever; a change that needs one raises the real error."""
    pages = db.exec_driver_sql("PRAGMA page_count").scalar_one() if full else ALL
    db.exec_driver_sql(f"PRAGMA max_page_count={pages}")
