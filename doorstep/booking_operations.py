"""What `doorstep pickups` and `doorstep carriers intercept` can have done, here or by a running daemon."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from domain.booking import Booking, Refused
from domain.errors import OutsideError, RuleError
from doorstep import bookings as house_bookings
from doorstep.booking_fields import id_of
from doorstep.bookings import booking_json, offer_json, refusal_json
from doorstep.house import House
from doorstep.intake_fields import body_of
from store import bookings
from store.bookings import Told

CLI = Told(None, "cli")

R = TypeVar("R")


def _done(act: Coroutine[Any, Any, R]) -> R:
    """What came of an act; what the outside did wrong is said as it is."""
    try:
        return asyncio.run(act)
    except OutsideError as exc:
        raise RuleError(str(exc)) from exc


def pickups_quote(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """Prices and slots, or why not."""
    offer = _done(house_bookings.quote(house, body_of(params["body"]), CLI))
    refused = {"refused": refusal_json(house, offer.refused, offer.slots)} if offer.refused else {}
    return offer_json(offer) | refused


def pickups_book(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """The booking as it stands; ``refused`` says why it wasn't booked."""
    outcome = _done(house_bookings.book(house, body_of(params["body"]), CLI, key=params.get("key", "")))
    answer = booking_json(house, outcome.row) | {"new": outcome.new} if outcome.row else {}
    return answer | ({"refused": refusal_json(house, outcome.refused, outcome.slots)} if outcome.refused else {})


def pickups_cancel(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    outcome = _done(house_bookings.cancel(house, id_of(params["id"]), CLI))
    if isinstance(outcome, Refused):
        return {"refused": refusal_json(house, outcome)}
    return booking_json(house, outcome)


def pickups_state(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    return booking_json(house, _done(house_bookings.look(house, id_of(params["id"]), CLI)))


def pickups_settle(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    """What a person found in the carrier's own console."""
    our_id, ref = id_of(params["id"]), params.get("ref", "")
    if bool(ref) == bool(params.get("nothing")):
        raise RuleError("say what you found: `--booked REF`, or `--not-booked`")
    booking = Booking(our_id, ref, params.get("number") or None, params.get("known_as", "")) if ref else None
    return booking_json(house, _done(house_bookings.settle(house, our_id, booking, CLI)))


def pickups_list(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    rows = house.store.read(bookings.listed, limit=int(params.get("limit", 200)))
    return {"pickups": [booking_json(house, row) for row in rows]}


def carriers_intercept(house: House, params: Mapping[str, Any]) -> dict[str, Any]:
    outcome = _done(house_bookings.intercept(house, body_of(params["body"]), CLI))
    if isinstance(outcome, Refused):
        return {"refused": refusal_json(house, outcome)}
    return house_bookings.intercept_json(outcome)
