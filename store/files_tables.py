"""The table of kept files: photos, papers and pasted texts. The bytes lie beside the database, by their digest."""

from datetime import datetime

from sqlmodel import Field, Index

from store.row import Row
from store.tables import Instant


class StoredFile(Row, table=True):
    """A file that belongs to a subject: a case, a return, a shipment. ``by``: the person who added it, or what customers
    are known as; ``erased_at``: its bytes are gone since then, the row stays as a record that there was something.
    """

    __tablename__ = "stored_file"
    __table_args__ = (Index("stored_file_subject", "subject_type", "subject_id", "id"),)
    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(index=True)
    kind: str
    size: int
    subject_type: str
    subject_id: str
    by: str | None = None
    at: datetime = Field(sa_type=Instant)
    erased_at: datetime | None = Field(default=None, sa_type=Instant)
