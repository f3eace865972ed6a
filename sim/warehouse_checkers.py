"""Independent checkers of the warehouse: what came is scanned in and decided as it was found, what was lost becomes the collector's case,
and nobody is paid before the shop's rule says so, nor for more than is there.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from sim.desk_checkers import COLLECTED, halted
from sim.evidence import CaseRow, CheckinRow, Evidence, PaymentRow, StopRow, Violation
from sim.goods import Pieces, decision, goods_of, handed, looked
from sim.world import World

MISSING, COLLECTOR = "checkin_missing", "collector"
MISSING_AFTER = timedelta(days=5)
CLOCK_WRONG = timedelta(hours=6)  # by which a house's clock may have been wrong between two of its times
MISSING_WITHIN = timedelta(days=6)  # the route comes home in the evening of its day
DECIDED_WITHIN = timedelta(days=2)
PAID = frozenset({"ok", "part"})


def brought_in(world: World, evidence: Evidence, until: datetime) -> Iterator[Violation]:
    """What couriers brought is scanned in and decided the way it was first found; what differs is a case; what was lost is on no
    shelf.
    """
    here = {row.return_ref: row for row in evidence.checkins}
    told = {case.subject_id for case in evidence.cases if case.subject_type == "return" and case.kind != MISSING}
    for ref, stop in sorted(collected(evidence).items()):
        row, lost = here.get(ref), goods_of(world, ref).lost
        if row is None:
            if not lost and _due(world, stop, DECIDED_WITHIN) <= until:
                yield Violation("brought_in", f"return:{ref}", until, "brought to the warehouse, and never scanned in")
        elif lost:
            yield Violation("brought_in", f"return:{ref}", row.at, "scanned in, and it was lost on the way")
        else:
            yield from _decided(world, row, stop, until, has_case=ref in told)


def _decided(world: World, row: CheckinRow, stop: StopRow, until: datetime, *, has_case: bool) -> Iterator[Violation]:
    if row.order_ref not in world.by_order:
        yield Violation("brought_in", f"return:{row.return_ref}", row.at, "scanned in for an order that nobody placed")
        return
    right = decision(looked(goods_of(world, row.return_ref), came(world, row, stop)))
    if row.decision != right and (row.decision or _due(world, stop, DECIDED_WITHIN) <= until):
        said = row.decision or "nothing"
        yield Violation("brought_in", f"return:{row.return_ref}", row.at, f"{right} was found, {said} is on record")
    if row.decision == "differs" and not has_case:
        yield Violation("brought_in", f"return:{row.return_ref}", row.at, "the goods differ, and the desk has no case")


def missing_found(world: World, evidence: Evidence, until: datetime) -> Iterator[Violation]:
    """Each lost parcel is a case against its collector, five days after it should have been there; what came is none. Before the
    first return was ever scanned in a warehouse misses nothing.
    """
    cases = {case.subject_id: case for case in evidence.cases if case.kind == MISSING}
    first = min((row.at for row in evidence.checkins), default=until)
    stops = collected(evidence)
    for ref, stop in sorted(stops.items()):
        if goods_of(world, ref).lost and ended(stop) >= first and _due(world, stop, MISSING_WITHIN) <= until:
            yield from _missed(world, stop, cases.get(ref))
    for ref, case in sorted(cases.items()):
        if ref not in stops or not goods_of(world, ref).lost:
            yield Violation("missing_found", f"return:{ref}", case.opened_at, "called missing, and it came")


def _missed(world: World, stop: StopRow, case: CaseRow | None) -> Iterator[Violation]:
    subject, deadline = f"return:{stop.return_ref}", _due(world, stop, MISSING_WITHIN)
    if case is None or case.opened_at > deadline:
        when = f"found {case.opened_at:%m-%d %H:%M}" if case else "no case"
        yield Violation(
            "missing_found", subject, deadline, f"lost after the door: {when}, had to be by {deadline:%m-%d %H:%M}"
        )
    elif case.opened_at < ended(stop) + MISSING_AFTER - CLOCK_WRONG:
        yield Violation("missing_found", subject, case.opened_at, "called missing before it was due")
    elif case.party != COLLECTOR:
        yield Violation("missing_found", subject, case.opened_at, f"the liable party is {case.party or 'nobody'}")


def paid_on_trigger(world: World, evidence: Evidence, until: datetime) -> Iterator[Violation]:
    """A return is paid for once what its shop's rule waits for has happened, never before it, and for no more than there is."""
    del until
    stops, here = collected(evidence), {row.return_ref: row for row in evidence.checkins}
    paid: dict[str, list[PaymentRow]] = {}
    for payment in evidence.payments:
        if payment.return_ref in stops and not payment.approval:
            paid.setdefault(payment.return_ref, []).append(payment)
    for ref, payments in sorted(paid.items()):
        since = pays_from(world, stops[ref], here.get(ref))
        for payment in payments:
            at = payment.written_at or ended(stops[ref])
            if since is None or at < since:
                text = f"{payment.id}: paid before the goods were {world.pays_on}"
                yield Violation("paid_on_trigger", f"return:{ref}", at, text)
        yield from _too_much(world, stops[ref], payments)


def pays_from(world: World, stop: StopRow, row: CheckinRow | None) -> datetime | None:
    """Since when a return is to be paid; None where it isn't (yet)."""
    if world.pays_on == "collected":
        return ended(stop)
    return row.decided_at if row and row.decision in PAID else None


def _too_much(world: World, stop: StopRow, payments: list[PaymentRow]) -> Iterator[Violation]:
    tale = world.by_order.get(payments[0].order_ref)
    if tale is None:
        return  # that nobody placed the order is said elsewhere
    prices = {item.sku: item.price_cents for item in tale.order.items}
    came_ = came_from(world, payments[0].order_ref, stop)
    found = {sku: good for sku, _, good in looked(goods_of(world, stop.return_ref), came_)}
    there = found if world.pays_on == "inspected" else dict(came_)
    worth, paid = sum(prices[sku] * qty for sku, qty in there.items()), sum(one.amount_cents for one in payments)
    if paid > worth:
        text = f"paid {paid} cents, what is there is worth {worth}"
        yield Violation("paid_on_trigger", f"return:{stop.return_ref}", ended(stop), text)


# --- the truth ---


def collected(evidence: Evidence) -> Mapping[str, StopRow]:
    """By return, the stop at which its goods were handed over."""
    return {stop.return_ref: stop for stop in evidence.stops if stop.status in COLLECTED and stop.ended_at}


def ended(stop: StopRow) -> datetime:
    assert stop.ended_at is not None  # only such stops are looked at
    return stop.ended_at


def came(world: World, row: CheckinRow, stop: StopRow) -> Pieces:
    return came_from(world, row.order_ref, stop)


def came_from(world: World, order_ref: str, stop: StopRow) -> Pieces:
    """The pieces that the customer handed over."""
    wish = world.by_order[order_ref].wish
    return handed(wish.items if wish else (), part=stop.status == "partly_collected")


def _due(world: World, stop: StopRow, within: timedelta) -> datetime:
    return ended(stop) + within + halted(world.halts, ended(stop), ended(stop) + within)
