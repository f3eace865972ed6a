"""Refunds that a platform made, as domain values; fields and formats: docs/import.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import RuleError
from doorstep.intake import SHOP_ZONE, currency_of
from doorstep.intake_fields import Fields, body_of
from doorstep.intake_values import MAX_CENTS, cents_of_text, instant, order_reference, reference, text_of, whole

REFUND = ("order", "ref", "amount_cents", "amount", "currency", "sku", "qty", "instruction", "at", "status")
DONE = frozenset(
    {"success", "succeeded", "refunded", "done", "paid", "成功", "退款成功", "已退款", "退款完成", "已完成", "完成"}
)
MAX_PIECES = 10_000


@dataclass(frozen=True, slots=True)
class PlatformRefund:
    """Money that the platform gave back. ``ref`` is the platform's own number of it, ``sku`` the line that it was for ('': the
    order), ``instruction`` ours, where the platform knows it.
    """

    order: str
    ref: str
    amount_cents: int
    at: datetime
    currency: str = ""
    sku: str = ""
    qty: int = 1
    instruction: str = ""


def parse_refund(raw: Mapping[str, Any], now: datetime, *, zone: ZoneInfo = SHOP_ZONE) -> PlatformRefund:
    """A refund of the API's fields. Raises RowError with every fault; one that isn't finished is a fault too."""
    f = Fields(body_of(raw), REFUND)
    if f.has("amount_cents") or not f.has("amount"):
        amount = f.needed("amount_cents", lambda v: whole(v, least=1, most=MAX_CENTS), 0)
    else:
        amount = f.read("amount", _some_cents, 0)
    f.read("status", _done, "")
    refund = PlatformRefund(
        order=f.needed("order", order_reference, ""),
        ref=f.needed("ref", order_reference, ""),
        amount_cents=amount,
        at=min(f.read("at", lambda v: instant(v, zone), now), now),
        currency=f.read("currency", currency_of, ""),
        sku=f.read("sku", reference, ""),
        qty=f.read("qty", lambda v: whole(v, least=1, most=MAX_PIECES), 1),
        instruction=f.read("instruction", text_of, ""),
    )
    f.finish()
    return refund


def _some_cents(value: Any) -> int:
    cents = cents_of_text(value)
    if cents == 0:
        raise RuleError("nothing was refunded: leave the row out")
    return cents


def _done(value: Any) -> str:
    text = text_of(value).lower()
    if text not in DONE:
        raise RuleError(f"{text!r} is no finished refund: send it once it is paid (success, 退款成功)")
    return text
