"""Carriers' replies as they are kept: without people in them, and with what was wrong with them."""

from collections.abc import Sequence
from datetime import datetime

from carriers.base import Carrier
from carriers.sender import Answer
from domain.privacy import mask_text, scrub_body
from domain.tracking import Failed, Reading
from net.http import HttpReply
from store import tracking
from store.asking import Due
from store.base import Db
from store.tracking import RawBody


def keep_body(db: Db, carrier: Carrier, reply: HttpReply, readings: Sequence[Reading], *, now: datetime) -> None:
    """Keep a raw body without people in it, and what was wrong with it."""
    tracking.keep_raw(db, [raw_body(carrier, reply, readings)], at=now)


def ready_bodies(carrier: Carrier, asked: Sequence[tuple[Sequence[Due], Answer]]) -> list[RawBody]:
    """The replies as they will be kept, made before the transaction: others wait for that."""
    return [body.ready() for body in raw_bodies(carrier, asked)]


def raw_bodies(carrier: Carrier, asked: Sequence[tuple[Sequence[Due], Answer]]) -> list[RawBody]:
    return [raw_body(carrier, a.reply, a.readings) for _, a in asked if a.reply is not None and a.is_news]


def raw_body(carrier: Carrier, reply: HttpReply, readings: Sequence[Reading]) -> RawBody:
    error = next((mask_text(str(r.error)) for r in readings if isinstance(r, Failed)), "")
    return RawBody(carrier.id, reply.status, scrub_body(reply.body, carrier.scrub), error)
