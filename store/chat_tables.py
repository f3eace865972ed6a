"""The tables of chats: which channels are open and how far they were read, who is who there."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from store.row import Row
from store.tables import Instant, Json


class ChatChannel(Row, table=True):
    """A chat channel outside the house, as the settings name it; ``cursor`` is how far we have read it."""

    __tablename__ = "chat_channel"
    name: str = Field(primary_key=True)  # matrix:desk
    adapter: str
    lang: str
    zone: str
    url: str
    cursor: str = ""


class ChatIdentity(Row, table=True):
    """Which member of the desk somebody in a chat is: linked by that person, or by an administrator."""

    __tablename__ = "chat_identity"
    adapter: str = Field(primary_key=True)
    identity: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    linked_at: datetime = Field(sa_type=Instant)


class ChatInvitation(Row, table=True):
    """A one-time way to link one identity; only the hash of its token is kept."""

    __tablename__ = "chat_invitation"
    digest: str = Field(primary_key=True)
    adapter: str
    identity: str = Field(index=True)
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)


class ChatUnplaced(Row, table=True):
    """Something done to a message of ours whose id we don't know yet: it was sent, and we were cut off before noting it."""

    __tablename__ = "chat_unplaced"
    channel: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    about: str = Field(index=True)
    heard: dict[str, Any] = Field(sa_type=Json)
    at: datetime = Field(sa_type=Instant)


class ChatPrivate(Row, table=True):
    """Where one person is written to alone, by channel."""

    __tablename__ = "chat_private"
    channel: str = Field(primary_key=True)
    identity: str = Field(primary_key=True)
    address: str


class ChatCode(Row, table=True):
    """What lets a message be edited once, as a chat gave it with its sending or with a press on it."""

    __tablename__ = "chat_code"
    channel: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    remote_id: str
    subject_type: str
    subject_id: str
    got_at: datetime = Field(sa_type=Instant)
