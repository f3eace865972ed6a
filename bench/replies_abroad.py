"""Replies in the shapes of UPS, USPS, DHL and 17TRACK, drawn like those in bench/replies.py."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

from bench.replies import EVENTS, TOWNS, Call, reply_of, step_of
from bench.replies_china import moments
from domain.tracking import Ask

TRACK17_BATCH = 40
COUNTRIES = {"US": "UNITED STATES OF AMERICA", "CN": "CHINA", "FR": "FRANCE", "DE": "GERMANY", "GB": "UNITED KINGDOM"}
UPS_STEPS = (
    ("M", "MP", "003", "Shipper created a label, UPS has not received the package yet. "),
    ("I", "OR", "005", "Origin Scan"),
    ("I", "DP", "005", "Departed from Facility"),
    ("I", "AR", "005", "Arrived at Facility"),
    ("I", "YP", "071", "Processing at UPS Facility"),
    ("I", "OT", "021", "Out For Delivery Today"),
    ("D", "FS", "011", "DELIVERED "),
)
USPS_STEPS = (
    ("GX", "Shipping Label Created, USPS Awaiting Item"),
    ("03", "USPS in possession of item"),
    ("SF", "Departed Post Office"),
    ("10", "Arrived at USPS Regional Facility"),
    ("T1", "Departed USPS Regional Facility"),
    ("A1", "Arrived at USPS Regional Destination Facility"),
    ("07", "Arrived at Post Office"),
    ("OF", "Out for Delivery"),
    ("01", "Delivered, Front Door/Porch"),
)
DHL_STEPS = (
    ("pre-transit", "SHIPMENT INFORMATION RECEIVED", "Shipment information received"),
    ("transit", "SHIPMENT PICKED UP", "Shipment picked up"),
    ("transit", "PROCESSED", "Processed at {city}"),
    ("transit", "DEPARTED", "Shipment has departed from a DHL facility {city}"),
    ("transit", "ARRIVED", "Arrived at DHL Sort Facility {city}"),
    ("transit", "CUSTOMS", "Clearance processing complete at {city}"),
    ("transit", "DELIVERY FACILITY", "Arrived at DHL Delivery Facility {city}"),
    ("transit", "WITH COURIER", "Shipment is out with courier for delivery"),
    ("delivered", "DELIVERED", "Delivered - left at reception"),
)
TRACK17_STEPS = (
    ("InfoReceived", "InfoReceived", "Shipment information received"),
    ("PickedUp", "InTransit_PickedUp", "Parcel received by the carrier"),
    ("Departure", "InTransit_Departure", "Departed from the port of {city}"),
    ("", "InTransit_Other", "Processed through sorting centre {city}"),
    ("Arrival", "InTransit_Arrival", "Arrived at the port of {city}"),
    ("", "InTransit_CustomsProcessing", "Customs clearance, {city}"),
    ("", "InTransit_Other", "Arrived at local facility {city}"),
    ("OutForDelivery", "OutForDelivery_Other", "Out for delivery"),
    ("Delivered", "Delivered_Other", "DELIVERED, FRONT DOOR"),
)
Town = tuple[str, str, str, int]


def ups_calls(shipments: int, rng: Random, *, events: int = EVENTS) -> list[Call]:
    """One number a call, newest activity first."""
    return [_ups(f"1Z999AA1{n:010d}", rng, events) for n in range(shipments)]


def _ups(number: str, rng: Random, events: int) -> Call:
    activity = [_activity(step_of(n, events, len(UPS_STEPS)), at, rng) for n, at in enumerate(moments(rng, events))]
    package = {
        "trackingNumber": number, "activity": activity[::-1],
        "deliveryDate": [{"type": "DEL", "date": activity[-1]["date"]}],
        "deliveryTime": {"type": "DEL", "endTime": activity[-1]["time"]},
        "deliveryInformation": {"location": "Front Desk", "receivedBy": "RECEPTION"},
        "currentStatus": {"code": "011", "description": "Delivered", "simplifiedTextDescription": "Delivered"},
        "packageAddress": [
            {"type": "ORIGIN", "address": activity[0]["location"]["address"]},
            {"type": "DESTINATION", "name": "A SHOP", "address": activity[-1]["location"]["address"]},
        ],
        "weight": {"unitOfMeasurement": "LBS", "weight": "2.40"}, "service": {"code": "003", "description": "UPS Ground"},
        "packageCount": 1,
    }  # fmt: skip
    body = {"trackResponse": {"shipment": [{"inquiryNumber": number, "package": [package]}]}}
    return Call("ups", (Ask(number, "ups"),), reply_of(body))


def _activity(step: int, at: datetime, rng: Random) -> dict[str, Any]:
    type_, code, three, text = UPS_STEPS[step]
    (city, state, country, _), local = _town(rng, at)
    return {
        "location": {
            "address": {"city": city, "stateProvince": state, "countryCode": country, "country": country},
            "slic": f"{rng.randrange(10**4):04d}",
        },
        "status": {"type": type_, "description": text, "code": code, "statusCode": three},
        "date": f"{local:%Y%m%d}", "time": f"{local:%H%M%S}",
        "gmtDate": f"{at:%Y%m%d}", "gmtTime": f"{at:%H:%M:%S}", "gmtOffset": _offset(local),
    }  # fmt: skip


def usps_calls(shipments: int, rng: Random, *, events: int = EVENTS) -> list[Call]:
    """One number a call, newest event first."""
    return [_usps(f"94001{n:017d}", rng, events) for n in range(shipments)]


def _usps(number: str, rng: Random, events: int) -> Call:
    told = [_mail(step_of(n, events, len(USPS_STEPS)), at, rng) for n, at in enumerate(moments(rng, events))]
    body = {
        "trackingNumber": number, "status": told[-1]["eventType"], "statusCategory": "Delivered",
        "statusSummary": "Your item was delivered to the front door or porch.",
        "mailClass": "USPS Ground Advantage<SUP>&#153;</SUP>", "services": ["USPS Tracking<SUP>&#174;</SUP>"],
        "uniqueMailPieceID": f"{rng.randrange(10**9):09d}", "destinationCity": "NEWARK", "destinationState": "NJ",
        "destinationZIP": "07102", "trackingEvents": told[::-1],
    }  # fmt: skip
    return Call("usps", (Ask(number, "usps"),), reply_of(body))


def _mail(step: int, at: datetime, rng: Random) -> dict[str, Any]:
    code, text = USPS_STEPS[step]
    (city, state, _, _), local = _town(rng, at, inland=True)
    return {
        "eventType": text, "eventTimestamp": f"{local:%Y-%m-%dT%H:%M:%S}", "GMTTimestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "GMTOffset": _offset(local), "eventCountry": None, "eventCity": city, "eventState": state,
        "eventZIP": f"{rng.randrange(10**5):05d}", "firm": None, "name": None, "authorizedAgent": "false",
        "eventCode": code, "additionalProp": None,
    }  # fmt: skip


def dhl_calls(shipments: int, rng: Random, *, events: int = EVENTS) -> list[Call]:
    """One number a call, newest event first."""
    return [_dhl(f"77{n:08d}", rng, events) for n in range(shipments)]


def _dhl(number: str, rng: Random, events: int) -> Call:
    told = [_express(step_of(n, events, len(DHL_STEPS)), at, rng) for n, at in enumerate(moments(rng, events))]
    shipment = {
        "id": number, "service": "express", "origin": told[0]["location"], "destination": told[-1]["location"],
        "status": told[-1], "details": {"proofOfDeliverySignedAvailable": True, "totalNumberOfPieces": 1,
                                        "pieceIds": [f"JD0146{rng.randrange(10**12):012d}"]},
        "events": told[::-1],
    }  # fmt: skip
    return Call("dhl", (Ask(number, "dhl"),), reply_of({"shipments": [shipment], "possibleAdditionalShipmentsUrl": []}))


def _express(step: int, at: datetime, rng: Random) -> dict[str, Any]:
    code, status, text = DHL_STEPS[step]
    (city, state, country, _), local = _town(rng, at)
    locality = " - ".join((f"{city}, {state}" if state else city, COUNTRIES[country]))
    return {
        "timestamp": f"{local:%Y-%m-%dT%H:%M:%S}{_offset(local)}",
        "location": {"address": {"countryCode": country, "addressLocality": locality}},
        "statusCode": code, "status": status, "description": text.format(city=city), "pieceIds": [],
    }  # fmt: skip


def track17_calls(shipments: int, rng: Random, *, events: int = EVENTS) -> list[Call]:
    """Forty numbers a call, newest event first."""
    numbers = [f"LM{n:09d}CN" for n in range(shipments)]
    return [_track17(numbers[i : i + TRACK17_BATCH], rng, events) for i in range(0, shipments, TRACK17_BATCH)]


def _track17(numbers: Sequence[str], rng: Random, events: int) -> Call:
    body = {"code": 0, "data": {"accepted": [_accepted(number, rng, events) for number in numbers], "rejected": []}}
    return Call("17track", tuple(Ask(number) for number in numbers), reply_of(body))


def _accepted(number: str, rng: Random, events: int) -> dict[str, Any]:
    told = [_step17(step_of(n, events, len(TRACK17_STEPS)), at, rng) for n, at in enumerate(moments(rng, events))][::-1]
    status = {"status": "Delivered", "sub_status": told[0]["sub_status"], "sub_status_descr": None}
    provider = {
        "provider": {"key": 3011, "name": "China Post", "tel": None},
        "events": told,
        "latest_sync_status": "Success",
    }
    return {
        "number": number, "carrier": 3011, "param": None, "tag": None,
        "track_info": {
            "shipping_info": {"shipper_address": {"country": "CN"}, "recipient_address": {"country": "US"}},
            "latest_status": status, "latest_event": told[0],
            "time_metrics": {"days_after_order": 9, "estimated_delivery_date": {"source": None, "from": None, "to": None}},
            "milestone": [{"key_stage": "Delivered", "time_iso": told[0]["time_iso"], "time_utc": told[0]["time_utc"]}],
            "tracking": {"providers_hash": rng.getrandbits(31), "providers": [provider]},
        },
    }  # fmt: skip


def _step17(step: int, at: datetime, rng: Random) -> dict[str, Any]:
    stage, status, text = TRACK17_STEPS[step]
    (city, state, country, _), local = _town(rng, at)
    return {
        "time_iso": f"{local:%Y-%m-%dT%H:%M:%S}{_offset(local)}", "time_utc": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "time_raw": {"date": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M:%S}", "timezone": None},
        "description": text.format(city=city), "location": f"{city}, {state}" if state else city, "stage": stage or None,
        "sub_status": status, "address": {"country": country, "state": state or None, "city": city},
    }  # fmt: skip


# --- what they share ---


def _town(rng: Random, at: datetime, *, inland: bool = False) -> tuple[Town, datetime]:
    """Somewhere, and the time there."""
    town: Town = rng.choice([one for one in TOWNS if one[2] == "US"] if inland else TOWNS)
    return town, at.astimezone(timezone(timedelta(hours=town[3])))


def _offset(local: datetime) -> str:
    """``-05:00``."""
    told = f"{local:%z}"
    return f"{told[:3]}:{told[3:]}"
