"""What FedEx says when it won't fetch: the codes of the Pickup Request API.

Source: the list of error codes in developer.fedex.com's document of the API, as kept in a public copy.
"""

from collections.abc import Mapping
from types import MappingProxyType

from domain.booking import Refusal
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply

EXISTS = "PICKUP.ALREADY.EXISTS"
"""A pickup already exists; which one, FedEx doesn't say."""

CANCELLED = "DUPLICATE.REQUEST.CANCEL"
"""Duplicate cancel request."""

ERRORS: Mapping[str, Refusal | type[OutsideError]] = MappingProxyType(
    {
        # when
        "PICKUP.REQUESTED.PREVIOUS.DAY": Refusal.TOO_LATE,
        "UNABLE.TO.PICKUP": Refusal.TOO_LATE,  # before close time
        "PICKUPDATE.NOT.WORKINGDAY": Refusal.OUT_OF_HOURS,
        "PICKUPDATE.TOO.FAR": Refusal.TOO_FAR_AHEAD,
        "FDSDMINIMUM.HOUR.REQUIRED": Refusal.TOO_SHORT,  # between ready time and latest time
        "LATEST.TIME.INVALID": Refusal.OUT_OF_HOURS,
        "READY.TIME.INVALID": Refusal.OUT_OF_HOURS,
        "ORIGINDETAIL.READYDATETIMESTAMP.PROHIBITED": Refusal.OUT_OF_HOURS,
        "PACKAGE.ACCESS.NEEDED": Refusal.OUT_OF_HOURS,
        "SHIPDATE.VALUE.INVALID": Refusal.OUT_OF_HOURS,
        # where
        "PICKUP.LOCATION.UNAVAILABLE": Refusal.OUT_OF_AREA,
        "LOCATIONTYPE.VALUE.INVALID": Refusal.OUT_OF_AREA,
        "PICKUP.COUNTRY.NOT.SERVED": Refusal.OUT_OF_AREA,
        "PICKUP.RESTRICTED.COUNTRY": Refusal.OUT_OF_AREA,
        "POSTAL.CODE.ERROR": Refusal.ADDRESS,
        "POSTALCODE.INFO.INVALID": Refusal.ADDRESS,
        "PICKUP.COUNTRY.CODE.INVALID": Refusal.ADDRESS,
        "PICKUP.STREETLINE.MISSING": Refusal.ADDRESS,
        "PICKUP.CITY.MISSING": Refusal.ADDRESS,
        "PICKUP.POSTALCODE.MISSING": Refusal.ADDRESS,
        "PICKUP.STATEORPROVINCECODE.MISSING": Refusal.ADDRESS,
        # cancelling
        "PICKUPCONFIRMATION.CODE.ALREADYEXIST": Refusal.TOO_LATE,  # already made
        "PICKUP.CANCELLATION.NOTALLOWED": Refusal.TOO_LATE,  # completed, or past
        "PICKUP.NUMBER.EXPIRED": Refusal.TOO_LATE,  # of a previous day
        "PICKUP.NUMBER.INVALID": Refusal.TOO_LATE,  # more than four days old
        "NO.DISPATCH.FOUND": Refusal.NOT_FOUND,
        "NOT.FOUND.ERROR": Refusal.NOT_FOUND,
        # the account
        "ACCOUNT.NUMBER.INVALID": AccessDenied,
        "ACCOUNT.VALIDATION.ERROR": AccessDenied,
        "ERROR.INACTIVE.ACCOUNTNUMBER": AccessDenied,
        "PICKUP.ACCOUNTNUMBERGROUND.INVALID": AccessDenied,  # not enabled for Ground
        "PICKUP.ACCOUNTNUMBER.MISMATCH": AccessDenied,
        "PICKUP.ACCOUNTNUMBER.UKSERVICESNOTSUPPORTED": AccessDenied,
        "PICKUP.ACCOUNTNUMBER.MXSERVICESNOTSUPPORTED": AccessDenied,
        "PICKUPCHARGESPAYMENT.PAYORACCOUNTNUMBER.INVALID": AccessDenied,
        "UNAUTHORIZED.USAGE": AccessDenied,
        "PICKUP.UNAUTHORIZEDUSAGE.ERROR": AccessDenied,
        "NOT.AUTHORIZED.ERROR": AccessDenied,
        "FORBIDDEN.ERROR": AccessDenied,
        "LOGIN.REAUTHENTICATE.ERROR": AccessDenied,
        # they can't read us
        "PACKAGE.COUNT.INVALID": UnreadableReply,
        "PICKUPREQUESTTYPE.VALUE.REQUIRED": UnreadableReply,
        "PICKUP.WEIGHT.VALUE.INVALID": UnreadableReply,
        "PICKUP.WEIGHT.UNITS.INVALID": UnreadableReply,
        "PICKUP.CARRIERCODE.INVALID": UnreadableReply,
        "PICKUP.CARRIERCODE.REQUIRED": UnreadableReply,
        "SERVICETYPE.NOT.FOUND": UnreadableReply,
        "PACKAGINGTYPE.NOT.FOUND": UnreadableReply,
        "INCORRECT.DISPATCHDATE.FORMAT": UnreadableReply,
        "INCORRECT.SCHEDULEDDATE.FORMAT": UnreadableReply,
        "INCORRECT.READYTIMESTAMP.FORMAT": UnreadableReply,
        "INCORRECT.COMPANYCLOSETIME.FORMAT": UnreadableReply,
        "COUNTRY.RELATIONSHIP.REQUIRED": UnreadableReply,
        "PICKUPCREATE.PACKAGELOCATION.INVALID": UnreadableReply,
        "WEIGHT.NONNUMERIC.ERROR": UnreadableReply,
        # FedEx itself; these are the same in all its interfaces
        "INTERNAL.SERVER.ERROR": Unreachable,
        "SERVICE.UNAVAILABLE.ERROR": Unreachable,
        "SYSTEM.UNAVAILABLE.EXCEPTION": Unreachable,
        "SYSTEM.UNEXPECTED.ERROR": Unreachable,
    }
)

PARTS: tuple[tuple[str, Refusal | type[OutsideError]], ...] = (
    ("UNAVAILABLE.ERROR", Unreachable),
    ("RATE.LIMIT", RateLimited),
    ("TOO.MANY", RateLimited),
    ("QUOTA", RateLimited),
    ("AUTHORIZED", AccessDenied),
    ("ACCOUNTNUMBER", AccessDenied),
    ("POSTALCODE", Refusal.ADDRESS),
    ("ADDRESS", Refusal.ADDRESS),
    ("PHONE", Refusal.PHONE),
)
"""Parts of codes that are in no list: FedEx's codes are words, and it keeps them when it renames the rest."""
