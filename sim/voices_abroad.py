"""What UPS, DHL, USPS and 17TRACK call a step: their codes and English words, from their documents.

Sources: UPS Track Alert messages (UPS-API/api-documentation) and the three-digit package status codes of its tracking
guide; DHL's statusCodes (Unified Tracking 1.5.8) with DHL Express's usual checkpoint texts; USPS Tracking 3.0 event codes
and published customs texts; 17TRACK's sub-statuses (API v2.4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sim.lives import Step


@dataclass(frozen=True, slots=True)
class UpsWords:
    """Type and two-letter code mean something only together; ``status`` is the three-digit code."""

    type: str
    code: str
    status: str
    text: str


_U = UpsWords
_DEPARTED, _ARRIVED = _U("I", "DP", "005", "Departed from Facility"), _U("I", "AR", "005", "Arrived at Facility")
_GIVEN = _U("D", "FS", "011", "DELIVERED")
UPS: Mapping[Step, UpsWords] = MappingProxyType(
    {
        Step.ANNOUNCED: _U("M", "MP", "003", "Shipper created a label, UPS has not received the package yet."),
        Step.COLLECTED: _U("I", "OR", "038", "Origin Scan"),
        Step.LEFT_ORIGIN: _DEPARTED,
        Step.AT_HUB: _ARRIVED,
        Step.LEFT_HUB: _DEPARTED,
        Step.AT_MIDDLE: _ARRIVED,
        Step.LEFT_MIDDLE: _DEPARTED,
        Step.AT_PORT: _ARRIVED,
        Step.IN_CUSTOMS: _U("I", "IP", "012", "Import Scan"),
        Step.HELD: _U(
            "X", "RZ", "012",
            "Your package is pending release from a Government Agency. We'll notify the receiver or sender if information is needed.",
        ),
        Step.RELEASED: _U("X", "SR", "014", "Your package was released by the customs agency."),
        Step.AT_CITY: _ARRIVED,
        Step.AT_BRANCH: _U("I", "DS", "071", "Destination Scan"),
        Step.OUT: _U("I", "OT", "021", "Out for Delivery"),
        Step.FAILED: _U("X", "48", "022", "The receiver was not available for delivery. We'll make a second attempt the next business day."),
        Step.RETURNING: _U("X", "RS", "035", "The package will be returned to the sender."),
        Step.RETURNED: _GIVEN,
        Step.SIGNED: _GIVEN,
        Step.SIGNED_OTHER: _GIVEN,
        Step.SIGNED_LATE: _GIVEN,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DhlWords:
    """``code`` is one of five statusCodes; the words say the rest. ``{place}`` is the facility with its country."""

    code: str
    text: str


_D = DhlWords
DHL: Mapping[Step, DhlWords] = MappingProxyType(
    {
        Step.ANNOUNCED: _D("pre-transit", "Shipment information received"),
        Step.COLLECTED: _D("transit", "Shipment picked up"),
        Step.LEFT_ORIGIN: _D("transit", "Departed Facility in {place}"),
        Step.AT_HUB: _D("transit", "Arrived at Sort Facility {place}"),
        Step.LEFT_HUB: _D("transit", "Departed Facility in {place}"),
        Step.AT_MIDDLE: _D("transit", "Arrived at Sort Facility {place}"),
        Step.LEFT_MIDDLE: _D("transit", "Departed Facility in {place}"),
        Step.AT_PORT: _D("transit", "Arrived at Sort Facility {place}"),
        Step.IN_CUSTOMS: _D("transit", "Customs status updated"),
        Step.HELD: _D("transit", "Further clearance processing is required"),
        Step.RELEASED: _D("transit", "Clearance processing complete at {place}"),
        Step.AT_CITY: _D("transit", "Processed at {place}"),
        Step.AT_BRANCH: _D("transit", "Arrived at DHL Delivery Facility {place}"),
        Step.OUT: _D("transit", "Shipment is out with courier for delivery"),
        Step.FAILED: _D("failure", "Delivery attempted; recipient not home"),
        Step.RETURNING: _D("failure", "Shipment is being returned to shipper"),
        Step.RETURNED: _D("failure", "Returned to shipper"),
        Step.SIGNED: _D("delivered", "Delivered"),
        Step.SIGNED_OTHER: _D("delivered", "Delivered - Signed for by: RECEPTION"),
        Step.SIGNED_LATE: _D("delivered", "Delivered"),
    }
)


@dataclass(frozen=True, slots=True)
class UspsWords:
    """The event's code and text, and the category of the whole."""

    code: str
    text: str
    category: str = "In Transit"


_P = UspsWords
USPS: Mapping[Step, UspsWords] = MappingProxyType(
    {
        Step.ANNOUNCED: _P("GX", "Shipping Label Created, USPS Awaiting Item", "Pre-Shipment"),
        Step.COLLECTED: _P("03", "USPS in possession of item", "Accepted"),
        Step.LEFT_ORIGIN: _P("T1", "Departed USPS Facility"),
        Step.AT_HUB: _P("A1", "Arrived at USPS Regional Facility"),
        Step.LEFT_HUB: _P("T1", "Departed USPS Regional Facility"),
        Step.AT_MIDDLE: _P("A1", "Arrived at USPS Regional Facility"),
        Step.LEFT_MIDDLE: _P("T1", "Departed USPS Regional Facility"),
        Step.AT_PORT: _P("10", "Processed Through Facility"),
        Step.IN_CUSTOMS: _P("10", "Inbound Into Customs"),
        Step.HELD: _P("10", "Held in Customs", "Alert"),
        Step.RELEASED: _P("10", "Inbound Out of Customs"),
        Step.AT_CITY: _P("10", "Processed Through Facility"),
        Step.AT_BRANCH: _P("07", "Arrived at Post Office"),
        Step.OUT: _P("OF", "Out for Delivery", "Out for Delivery"),
        Step.FAILED: _P("02", "Notice Left (No Authorized Recipient Available)", "Delivery Attempt"),
        Step.RETURNING: _P("09", "Return to Sender", "Alert"),
        Step.RETURNED: _P("01", "Delivered, To Original Sender", "Delivered to Agent"),
        Step.SIGNED: _P("01", "Delivered, Left with Individual", "Delivered"),
        Step.SIGNED_OTHER: _P("01", "Delivered, Front Desk/Reception/Mail Room", "Delivered"),
        Step.SIGNED_LATE: _P("01", "Delivered, Left with Individual", "Delivered"),
    }
)


@dataclass(frozen=True, slots=True)
class Track17Words:
    """``sub`` is the sub-status; what stands before its underscore is the status."""

    sub: str
    text: str

    @property
    def status(self) -> str:
        return self.sub.partition("_")[0]


_T = Track17Words
_MOVED, _CAME = _T("InTransit_Departure", "Item leaving {place}"), _T("InTransit_Other", "Item received at {place}")
_DONE = _T("Delivered_Other", "Delivered to addressee")
TRACK17: Mapping[Step, Track17Words] = MappingProxyType(
    {
        Step.ANNOUNCED: _T("InfoReceived", "Sender preparing item"),
        Step.COLLECTED: _T("InTransit_PickedUp", "Accepted at post office"),
        Step.LEFT_ORIGIN: _MOVED,
        Step.AT_HUB: _CAME,
        Step.LEFT_HUB: _MOVED,
        Step.AT_MIDDLE: _CAME,
        Step.LEFT_MIDDLE: _MOVED,
        Step.AT_PORT: _T("InTransit_Arrival", "Arrived at destination country port {place}"),
        Step.IN_CUSTOMS: _T("InTransit_CustomsProcessing", "Item presented to import customs"),
        Step.HELD: _T("InTransit_CustomsRequiringInformation", "Held by import customs: documents required"),
        Step.RELEASED: _T("InTransit_CustomsReleased", "Released from import customs"),
        Step.AT_CITY: _CAME,
        Step.LEFT_CITY: _MOVED,
        Step.AT_BRANCH: _T("InTransit_Other", "Arrived at delivery office {place}"),
        Step.OUT: _T("OutForDelivery_Other", "Out for delivery"),
        Step.FAILED: _T("DeliveryFailure_NoBody", "Attempted delivery: nobody available"),
        Step.BAD_ADDRESS: _T("DeliveryFailure_InvalidAddress", "Attempted delivery: address incorrect"),
        Step.REFUSED: _T("DeliveryFailure_Rejected", "Attempted delivery: refused by addressee"),
        Step.DAMAGED: _T("Exception_Damage", "Item damaged"),
        Step.LOST: _T("Exception_Lost", "Item lost"),
        Step.RETURNING: _T("Exception_Returning", "Returning to sender"),
        Step.RETURNED: _T("Exception_Returned", "Returned to sender"),
        Step.SIGNED: _DONE,
        Step.SIGNED_OTHER: _T("Delivered_Other", "Delivered, signed for at reception"),
        Step.SIGNED_LATE: _DONE,
    }
)
