"""The tables of couriers' chats: where each is written to, and the one-time codes by which they say who they are."""

from datetime import datetime

from sqlmodel import Field

from store.row import Row
from store.tables import Instant


class CourierChat(Row, table=True):
    """Where a courier of the settings gets their routes: an identity of a chat, in one of our channels. A projection of the
    courier's facts.
    """

    __tablename__ = "courier_chat"
    courier: str = Field(primary_key=True)
    channel: str = Field(index=True)
    identity: str
    lang: str = ""
    linked_at: datetime = Field(sa_type=Instant)


class CourierCode(Row, table=True):
    """A one-time code that links whoever writes it to us; only its hash is kept."""

    __tablename__ = "courier_code"
    digest: str = Field(primary_key=True)
    courier: str = Field(index=True)
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)
    used_by: str = ""
