"""What pages and lists show of texts: without the customer whom they are about, and without anybody whom patterns tell."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from domain.privacy import Known
from domain.shipment import Order
from domain.words import Words
from store.base import Db
from store.cases import CaseRow
from store.facts import FactRow
from store.mail import Letter
from store.tracking import chunks

FREE = frozenset({"text", "note", "error", "said", "words"})
"""Members of a fact's data, and parameters of evidence, that hold what somebody wrote; the others are codes and times."""


def known_by_order(db: Db, refs: Sequence[str]) -> dict[str, Known]:
    """The customers of these orders."""
    found: dict[str, Known] = {}
    for chunk in chunks(refs):
        rows = db.exec_driver_sql(
            "SELECT o.ref, c.name, c.phone, c.email, c.address FROM orders o JOIN customer c ON c.id = o.customer_id"
            f" WHERE o.ref IN ({','.join('?' * len(chunk))})",
            tuple(chunk),
        )
        found.update((row[0], Known(*row[1:])) for row in rows)
    return found


def case(row: CaseRow, known: Known) -> CaseRow:
    return replace(
        row,
        evidence=sentences(row.evidence, known),
        next_step=sentence(row.next_step, known) if row.next_step else None,
        close_reason=known.hide(row.close_reason),
    )


def sentences(evidence: Sequence[Words], known: Known) -> tuple[Words, ...]:
    return tuple(sentence(words, known) for words in evidence)


def sentence(words: Words, known: Known) -> Words:
    return Words(words.code, {name: _shown(name, value, known) for name, value in words.params.items()})


def fact(row: FactRow, known: Known) -> FactRow:
    return replace(row, words=known.hide(row.words), data=_shown("", row.data, known))


def letter(row: Letter, known: Known) -> Letter:
    """An error may name the address that it is about."""
    return replace(row, error=known.hide(row.error))


def goods(order: Order) -> Order:
    """An order whose goods don't name the customer: a mug with a name on it is still a mug."""
    return replace(order, items=tuple(replace(item, name=order.customer.known.hide(item.name)) for item in order.items))


def _shown(name: str, value: Any, known: Known) -> Any:
    if isinstance(value, dict):
        return {key: _shown(key, one, known) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(name, one, known) for one in value]
    return known.hide(value) if isinstance(value, str) and name in FREE else value
