"""The wire of Kuaidiniao: what its replies and pushes look like. Private to the adapter (carriers/kuaidiniao.py)."""

from datetime import timedelta

import msgspec

from carriers.base import Scalar, same_number, text_of
from domain.errors import UnreadableReply
from domain.tracking import Ask

ID = "kuaidiniao"
HISTORY = timedelta(days=90)  # not documented


class Trace(msgspec.Struct, rename="pascal"):
    accept_time: Scalar = None
    accept_station: Scalar = None
    location: Scalar = None
    action: Scalar = None
    remark: Scalar = None


class Result(msgspec.Struct, rename="pascal"):
    """A query's reply, an entry of a push's ``Data``, and the reply to a subscription."""

    shipper_code: Scalar = None
    logistic_code: Scalar = None
    success: Scalar = None
    reason: Scalar = None
    result_code: Scalar = None
    state: Scalar = None
    estimated_delivery_time: Scalar = None
    traces: list[Trace] | None = None


class Pushed(msgspec.Struct, rename="pascal"):
    """``Data`` left out is a bare entry; there and null it is an empty push."""

    data: list[Result] | msgspec.UnsetType | None = msgspec.UNSET


def entries(pushed: Pushed, bare: Result) -> list[Result] | None:
    """The entries of a push, or the one that stands there bare; None where it is neither."""
    if pushed.data is not msgspec.UNSET:
        return pushed.data or []
    return [bare] if text_of(bare.logistic_code).strip() else None


def check_number(result: Result, ask: Ask) -> None:
    if not same_number(result.logistic_code, ask.number):
        raise UnreadableReply(ID, f"asked for {ask.number}, the reply is about {text_of(result.logistic_code)!r}")
