"""What 17TRACK says of a number: the entry that ``gettrackinfo`` and the webhooks share.

Source: the v2.4 document (track_info). The newest event's ISO times are missing at times, with only what the carrier wrote.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

from sim.tales import Parcel, Scan
from sim.voices_abroad import TRACK17, Track17Words


@dataclass(frozen=True, slots=True)
class Carrier:
    """A row of 17TRACK's carrier list."""

    key: int
    name: str
    country: str


CARRIERS: Mapping[str, Carrier] = MappingProxyType(
    {
        "Royal Mail": Carrier(11031, "Royal Mail", "GB"),
        "usps": Carrier(21051, "USPS", "US"),
        "dhl": Carrier(100001, "DHL Express", "DE"),
        "ups": Carrier(100002, "UPS", "US"),
        "fedex": Carrier(100003, "FedEx", "US"),
    }
)
"""Every carrier from abroad is known here, whoever else is asked about it too."""


def entry_of(number: str, key: int, parcel: Parcel | None, now: datetime) -> dict[str, Any]:
    """An entry of ``accepted``; NotFound without events where there is no parcel, or no line yet."""
    known = parcel.known(now) if parcel else []
    return {
        "number": number,
        "carrier": key,
        "param": None,
        "tag": None,
        "lang": None,
        "track_info": _info(number, key, parcel, known, now),
    }


def _info(number: str, key: int, parcel: Parcel | None, known: Sequence[Scan], now: datetime) -> dict[str, Any]:
    events = [_event(scan) for scan in known]
    if parcel and events and parcel.quirks.lagging_state:
        events[-1] |= {"time_iso": None, "time_utc": None}
    words = TRACK17[known[-1].step] if known else Track17Words("NotFound_Other", "")
    carrier = CARRIERS[parcel.carrier] if parcel else None
    return {
        "shipping_info": {
            "shipper_address": _address(carrier.country if carrier else None),
            "recipient_address": _address("CN" if parcel else None),
        },
        "latest_status": {"status": words.status, "sub_status": words.sub, "sub_status_descr": None},
        "latest_event": events[-1] if events else None,
        "time_metrics": {"estimated_delivery_date": _estimate(parcel)},
        "milestone": [],
        "misc_info": {"local_number": number, "local_provider": carrier.name if carrier else None, "local_key": key},
        "tracking": {
            "providers_hash": 0,
            "providers": [
                {
                    "provider": {"key": key, "name": carrier.name if carrier else None},
                    "latest_sync_status": "Success" if events else "Failure",
                    "latest_sync_time": _utc(now),
                    "provider_tips": None,
                    "events_hash": len(events),
                    "events": _twice(events, parcel)[::-1],
                }
            ],
        },
    }


def _twice(events: list[dict[str, Any]], parcel: Parcel | None) -> list[dict[str, Any]]:
    """Some lists say a line twice."""
    repeated = parcel.quirks.repeated if parcel else None
    if repeated is None or repeated >= len(events):
        return events
    return [*events[: repeated + 1], *events[repeated:]]


def _estimate(parcel: Parcel | None) -> dict[str, Any]:
    if parcel is None:
        return {"source": None, "from": None, "to": None}
    until = parcel.promised_at.astimezone(timezone(timedelta(hours=8))).isoformat(timespec="seconds")
    return {"source": "Official", "from": until, "to": until}


def _address(country: str | None, city: str | None = None) -> dict[str, Any]:
    return {"country": country, "state": None, "city": city, "street": None, "postal_code": None}


def _event(scan: Scan) -> dict[str, Any]:
    words = TRACK17[scan.step]
    local = scan.dated.astimezone(timezone(timedelta(hours=scan.offset_h)))
    text = words.text.format(place=scan.place)
    raw = {"date": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M:%S}", "timezone": local.isoformat()[-6:]}
    return {
        "time_iso": local.isoformat(timespec="seconds"),
        "time_utc": _utc(scan.dated),
        "time_raw": raw,
        "description": text,
        "location": f"{scan.place}, {scan.country}",
        "stage": STAGES.get(words.sub),
        "sub_status": words.sub,
        "address": _address(scan.country, scan.place),
    }


STAGES: Mapping[str, str] = MappingProxyType(
    {
        "InfoReceived": "InfoReceived",
        "InTransit_PickedUp": "PickedUp",
        "InTransit_Departure": "Departure",
        "InTransit_Arrival": "Arrival",
        "OutForDelivery_Other": "OutForDelivery",
        "Delivered_Other": "Delivered",
        "Exception_Returning": "Returning",
        "Exception_Returned": "Returned",
    }
)
"""The key stage that some sub-statuses belong to."""


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
