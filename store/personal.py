"""Where customers' personal data may stand, column by column, and how it is taken out of each.

Whoever adds a column of text, JSON or bytes decides here: a test walks the whole schema and fails for a column that is in neither
table. ``REACH`` says which rows of a table are one customer's: the export takes these, and an erasure treats their texts strictly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """BLANK: the customer's own rows lose the value. WORDS: people are taken out of the texts, in the customer's own rows
    strictly, elsewhere wherever they are named. RAW: the same within compressed bodies. PLACE: names of places, of which
    parcels are refolded. COARSE: coordinates are moved to a kilometre.
    """

    BLANK = "blank"
    WORDS = "words"
    RAW = "raw"
    PLACE = "place"
    COARSE = "coarse"


@dataclass(frozen=True, slots=True)
class Reach:
    """A customer's own rows of a table: those whose column ``by`` is among the scope's ids of one ``kind``; of ``subject``
    the rows' ``subject_type`` counts as well.
    """

    by: str
    kind: str


SUBJECT = "subject"

REACH: Mapping[str, Reach] = {
    "customer": Reach("id", "customer"),
    "customer_keeping": Reach("customer_id", "customer"),
    "orders": Reach("ref", "order"),
    "shipment": Reach("id", "shipment"),
    "parcel": Reach("id", "parcel"),
    "scan": Reach("parcel_id", "parcel"),
    "phrase": Reach("id", "phrase"),
    "place": Reach("id", "place"),
    "watch": Reach("shipment_id", "shipment"),
    "asking": Reach("shipment_id", "shipment"),
    "subscription": Reach("shipment_id", "shipment"),
    "fact": Reach("subject_id", SUBJECT),
    "cases": Reach("id", "case"),
    "watch_item": Reach("subject_id", SUBJECT),
    "returns": Reach("ref", "return"),
    "stop": Reach("return_ref", "return"),
    "checkin": Reach("return_ref", "return"),
    "return_parcel": Reach("return_ref", "return"),
    "instruction": Reach("order_ref", "order"),
    "pickup_booking": Reach("our_id", "pickup"),
    "outbox": Reach("subject_id", SUBJECT),
    "proposal": Reach("order_ref", "order"),
    "claim": Reach("order_ref", "order"),
    "enquiry": Reach("case_id", "case"),
    "customer_order": Reach("order_ref", "order"),
    "stored_file": Reach("subject_id", SUBJECT),
}

ERASERS: Mapping[str, How] = {
    "customer.name": How.BLANK,
    "customer.phone": How.BLANK,
    "customer.email": How.BLANK,
    "customer.address": How.BLANK,
    "customer.lat": How.BLANK,
    "customer.lon": How.BLANK,
    "customer.located": How.BLANK,
    "customer_keeping.hold": How.BLANK,
    "orders.items": How.WORDS,
    "shipment.origin": How.WORDS,
    "shipment.destination": How.WORDS,
    "subscription.error": How.WORDS,
    "phrase.text": How.WORDS,
    "place.name": How.PLACE,
    "raw_reply.body": How.RAW,
    "raw_reply.error": How.WORDS,
    "set_aside.error": How.WORDS,
    "source.error": How.WORDS,
    "fact.words": How.WORDS,
    "fact.data": How.WORDS,
    "cases.evidence": How.WORDS,
    "cases.next_step": How.WORDS,
    "cases.close_reason": How.WORDS,
    "watch_item.evidence": How.WORDS,
    "returns.unserved_reason": How.WORDS,
    "stop.lat": How.COARSE,
    "stop.lon": How.COARSE,
    "stop.proof": How.WORDS,
    "instruction.why": How.WORDS,
    "instruction.approval": How.WORDS,
    "pickup_booking.people": How.BLANK,
    "pickup_booking.goods": How.WORDS,
    "pickup_booking.error": How.WORDS,
    "inbound.key": How.WORDS,
    "inbound.answer": How.WORDS,
    "outbox.payload": How.WORDS,
    "outbox.error": How.WORDS,
    "chat_unplaced.heard": How.WORDS,
    "proposal.why": How.WORDS,
    "proposal.decision": How.WORDS,
    "claim.reference": How.WORDS,
    "enquiry.basis": How.WORDS,
    "incident_act.words": How.WORDS,
    "incident_act.data": How.WORDS,
}

_NOTHING_PERSONAL: Mapping[str, str] = {
    "counts, and a fitted model: sums over hundreds of parcels, by carriers and places": "risk_model.learned risk_model.body",
    "ids, carriers' numbers and the merchant's own references, by which figures and the check stay right": """
        orders.ref shipment.order_ref shipment.number parcel.identity parcel.number cases.order_ref cases.subject_id
        fact.subject_id watch_item.subject_id outbox.id outbox.subject_id outbox.remote_id returns.ref returns.order_ref
        returns.depot stop.id stop.route_id stop.return_ref courier_position.route_id route.id route.depot instruction.id instruction.order_ref
        instruction.item instruction.return_ref pickup_quote.our_id pickup_booking.our_id pickup_booking.order_ref
        pickup_booking.ref pickup_booking.known_as pickup_booking.number inbound.account erasure.id erased_fact.erasure_id
        erasing.erasure_id set_aside.item chat_unplaced.key chat_unplaced.about claim.order_ref claim.parcel claim.number
        customer_order.order_ref customer_step.letter handover_item.handover instruction.proposal poll_turn.shipments proposal.id proposal.item
        checkin.return_ref return_parcel.return_ref proposal.order_ref reship.instruction_id reship.order_ref reship_original.instruction_id stored_file.subject_id""",
    "a code of our own, or a word of a fixed table": """
        risk_model.why_not
        cases.step promise.outcome asking.source asking.account asking.no_data budget.credential cases.kind cases.subject_type cases.severity
        cases.status fact.subject_type fact.event fact.channel inbound.adapter instruction.kind instruction.currency
        orders.currency outbox.channel outbox.kind outbox.reason outbox.subject_type parcel.leg parcel.milestone
        parcel.reason parcel.manner parcel.delivered phrase.source phrase.code phrase.milestone phrase.reason phrase.manner
        pickup_booking.source pickup_booking.account pickup_booking.carrier pickup_booking.service pickup_booking.status
        pickup_booking.currency pickup_quote.source pickup_quote.account pickup_quote.carrier pickup_quote.service
        pickup_quote.currency pickup_quote.slots raw_reply.source returns.reason returns.want returns.status returns.payer
        returns.rule returns.currency returns.unserved_code route.status route.engine
        shipment.carrier shipment.source shipment.account shipment.service shipment.leg shipment.region source.source
        source.account stop.status stop.fail_reason stop.fault subscription.source subscription.account subscription.state
        unidentified.guesses watch.note watch.ended watch_item.subject_type watch_item.kind erasure.why cases.type
        claim.carrier claim.currency claim.reason claim.state claim.reminded claim.appealed_to customer_record.lang
        customer_step.state customer_step.step customer_step.why enquiry.means handover_item.state incident.close_reason
        incident_act.channel incident_act.event instruction.carrier instruction.origin proposal.carrier proposal.cause
        proposal.channel proposal.currency proposal.kind proposal.needs proposal.rule proposal.status proposal.way
        stored_file.kind stored_file.subject_type checkin.decision""",
    "a carrier with a place or a day: what many parcels have in common": "case_cause.cause cause_watch.cause incident.cause",
    "what was bought or sent back: codes and counts": "returns.items returns.collected checkin.accepted",
    "a random code that is good for one handover": "returns.code",
    "a time or a day as it was written": "scan.said route.day claim.dates",
    "a digest, from which nothing is read back": """
        raw_reply.digest pickup_quote.asked erased_fact.digest erasure.digests api_key.digest session.digest
        one_time_link.digest chat_invitation.digest courier_code.digest asking.told stored_file.digest""",
    "a keyed hash by which a customer is known again; whoever has the key forgets it with them": "customer_key.digest",
    "ids of what was erased": "erasure.customers erasure.orders",
    "a district, in which thousands live": "customer.district",
    "a shop's own name": "orders.shop",
    "is what places of `place` are called, and follows them": "parcel.last_physical_place",
    "of colleagues and collectors, not of customers": """
        person.id person.name person.role person.lang person.password_hash session.person_id session.csrf api_key.name api_key.scopes
        one_time_link.person_id fact.by cases.owner cases.acknowledged_by customer_keeping.held_by erasure.by
        chat_identity.adapter chat_identity.identity chat_identity.person_id chat_invitation.adapter
        chat_invitation.identity chat_private.channel chat_private.identity chat_private.address route.collector
        route.courier handover_item.from_person handover_item.to_person incident.owner incident.acknowledged_by
        incident_act.by checkin.checked_in_by checkin.decided_by courier_chat.courier courier_chat.channel courier_chat.identity courier_chat.lang
        courier_code.courier courier_code.used_by proposal.proposed_by proposal.decided_by stored_file.by""",
    "of the installation itself": """
        hold.name hold.holder hold.state poll_turn.id poll_turn.source poll_turn.account set_aside.topic meta.key meta.value chat_channel.name chat_channel.adapter chat_channel.lang chat_channel.zone chat_channel.url
        chat_channel.cursor chat_unplaced.channel chat_code.channel chat_code.remote_id chat_code.subject_type
        chat_code.subject_id chat_code.code""",
    "the way of a vehicle past many doors; erasing a stop takes the points around it out": "route.path",
}

NOTHING_PERSONAL: Mapping[str, str] = {
    column: why for why, columns in _NOTHING_PERSONAL.items() for column in columns.split()
}
"""Columns that no erasure looks at, each with the reason."""


def columns_of(table: str) -> dict[str, How]:
    """How each column of a table that may hold personal data is erased."""
    return {name.partition(".")[2]: how for name, how in ERASERS.items() if name.partition(".")[0] == table}
