"""What programs are answered, in the words of JSON Schema: records that name every field, and problems of RFC 9457."""

from collections.abc import Mapping

from domain.booking import Refusal
from doorstep.web.openapi_bodies import Schema, choice, record
from store.bookings import Stage

TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
TIME: Schema = {"type": "string", "format": "date-time"}
MAYBE_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
COUNT: Schema = {"type": "integer"}
MAYBE_COUNT: Schema = {"type": ["integer", "null"]}


def told(**fields: Schema) -> Schema:
    """A record with exactly these fields."""
    return {**record(fields, **fields), "additionalProperties": False}


def listed(what: Schema) -> Schema:
    return {"type": "array", "items": what}


SLOT = told(**{"from": TIME, "to": TIME})
TAKEN = {**record(("id",), id=TEXT, status=TEXT, message=TEXT), "additionalProperties": False}
INSTRUCTION = told(
    **{
        "id": TEXT, "order": TEXT, "item": TEXT, "kind": TEXT, "amount_cents": COUNT, "currency": TEXT, "return": MAYBE_TEXT,
        "case": MAYBE_COUNT, "approval": TEXT, "why": TEXT, "qty": COUNT, "proposal": TEXT, "carrier": TEXT, "written_at": TIME,
        "confirmed_at": MAYBE_TIME, "origin": TEXT,
    }
)  # fmt: skip
COURIER: Schema = {"type": ["object", "null"], "additionalProperties": TEXT}
BOOKING = told(
    id=TEXT, source=TEXT, account=TEXT, carrier=TEXT, service=TEXT, order=MAYBE_TEXT, status=choice(Stage), number=MAYBE_TEXT, ref=TEXT,
    slot=told(**{"from": MAYBE_TIME, "to": MAYBE_TIME}), tried_at=MAYBE_TIME, booked_at=MAYBE_TIME, charge_cents=MAYBE_COUNT,
    currency=TEXT, courier=COURIER, error=TEXT,
)  # fmt: skip
PRICE = told(carrier=TEXT, service=TEXT, amount_cents=MAYBE_COUNT, currency=TEXT, valid_until=TIME)
OFFER = told(source=TEXT, account=TEXT, quotes=listed(PRICE), slots=listed(SLOT))
CAUGHT = told(number=TEXT, ref=TEXT, charge_cents=MAYBE_COUNT)

PROBLEM = record(
    ("type", "title", "status", "detail"),
    type=TEXT, title=TEXT, status=COUNT, detail=TEXT, fix=TEXT, errors=listed(told(field=TEXT, problem=TEXT)),
    reason=choice(Refusal), code=TEXT, text=TEXT, slots=listed(SLOT),
)  # fmt: skip

PROBLEMS: Mapping[int, str] = {
    400: "No JSON object, or too long an Idempotency-Key",
    401: "No key, or none that is good",
    403: "The key may not do this: its scopes are named",
    404: "There is no such thing",
    409: "It is too late for that: `reason` says why",
    413: "More than 1 MB",
    422: "Not taken: `errors` names each field and what is wrong with it",
    429: "Too many wrong keys came from there: wait ten minutes",
    502: "The carrier failed: the same call may be made again",
    503: "The database can't be written or read now: nothing was done, the same call may be made again",
}
