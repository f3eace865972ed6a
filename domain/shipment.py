"""Orders, shipments and what is known of them at one moment: what detectors look at."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.course import Course
from domain.goods import UNKNOWN, Measures
from domain.parcel import NEW, Delivered, ParcelState
from domain.privacy import Known
from domain.tracking import NoData


class DeliveryWish(StrEnum):
    """What a customer consented to: their own hands at the door, or wherever it suits."""

    DOOR = "door"
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True)
class Item:
    """A line of an order. ``price_cents`` is for one piece, in the order's currency; ``no_return_agreed``: the customer
    confirmed at purchase that it can't be sent back without a reason. ``measures`` are of one piece.
    """

    sku: str
    name: str
    qty: int
    price_cents: int
    category: str = ""
    no_return_agreed: bool = False
    measures: Measures = UNKNOWN

    def to_json(self) -> dict[str, Any]:
        return {
            "sku": self.sku,
            "name": self.name,
            "qty": self.qty,
            "price_cents": self.price_cents,
            "category": self.category,
            **({"no_return_agreed": True} if self.no_return_agreed else {}),
            **({} if self.measures.weight_g is None else {"weight_g": self.measures.weight_g}),
            **({} if self.measures.volume_ml is None else {"volume_ml": self.measures.volume_ml}),
        }


def item_from_json(value: dict[str, Any]) -> Item:
    return Item(
        value["sku"], value["name"], value["qty"], value["price_cents"], value.get("category", ""),
        value.get("no_return_agreed", False), Measures(value.get("weight_g"), value.get("volume_ml")),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Customer:
    """Personal text. ``located`` says how sure the coordinates are: given, geocoded or district."""

    name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    district: str = ""
    lat: float | None = None
    lon: float | None = None
    located: str = ""

    @property
    def known(self) -> Known:
        """What texts are masked by."""
        return Known(self.name, self.phone, self.email, self.address)


@dataclass(frozen=True, slots=True)
class Order:
    ref: str
    items: tuple[Item, ...]
    created_at: datetime
    shop: str = ""
    currency: str = "CNY"
    ship_by: datetime | None = None
    customer: Customer = field(default_factory=Customer)


@dataclass(frozen=True, slots=True)
class Shipment:
    """What one order sends through one carrier. ``source`` and ``account`` say who is asked first for its scans, an empty
    source nobody yet; ``region``
    names the calendar and thresholds that apply; ``created_at`` is when its number was uploaded.
    """

    number: str
    carrier: str
    source: str
    created_at: datetime
    id: int = 0
    order_ref: str | None = None
    account: str = "main"
    service: str = ""
    leg: str = "out"
    origin: str = ""
    destination: str = ""
    region: str = "cn"
    promised_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ParcelView:
    id: int
    number: str
    identity: str
    leg: str
    state: ParcelState


@dataclass(frozen=True, slots=True)
class ShipmentView:
    """A shipment and its parcels as known now. ``state`` is the worst of its parcels'. ``no_data``: why no source knows it;
    ``polled_at``: when one that knows it last answered; ``watching_ended``: why nobody is asked any more, empty while
    somebody is; ``marked_at``: when a person said that it was received, or is lost, whatever its scans tell; ``courses``: how its parcels came to where they stand, where somebody looked closely; ``ordered_at``: when its order was made, likewise;
    ``door_only``: the customer consented to nothing but the door.
    """

    shipment: Shipment
    parcels: tuple[ParcelView, ...] = ()
    state: ParcelState = NEW
    no_data: NoData | None = None
    polled_at: datetime | None = None
    door_only: bool = False
    received_by_hand: bool = False
    lost_by_hand: bool = False
    marked_at: datetime | None = None
    watching_ended: str = ""
    courses: tuple[Course, ...] = ()
    ordered_at: datetime | None = None

    @property
    def received_at(self) -> datetime | None:
        """When it came into the customer's hands: by its scans, else by a person's word."""
        if self.state.delivered is Delivered.YES:
            return self.state.delivered_at
        return self.marked_at if self.received_by_hand else None
