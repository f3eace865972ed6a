"""The formats of carriers' numbers: one table, each row with its source. docs/carrier-detection.md explains the grades.

Carriers are the house's codes (carriers/kuaidi100_carriers.py). Sources without a vendor's name are public tables of
several projects that agree; the vendors of China publish no rule for their numbers.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from carriers.check_digits import (
    dhl_express,
    fedex_mod11,
    identcode,
    mod10,
    mod10_after_91,
    mod10_after_92,
    s10,
    ups_1z,
)


class HowSure(StrEnum):
    """How certain a guess is, best first."""

    SURE = "sure"  # may be taken without asking anybody
    LIKELY = "likely"  # worth proposing
    POSSIBLE = "possible"  # can't be ruled out


SURE, LIKELY, POSSIBLE = HowSure


@dataclass(frozen=True, slots=True)
class Format:
    """A row: whose number fits ``pattern`` and, where there is one, ``check`` over the group "n", else over the whole.

    ``carrier`` is None where the house has no code for the carrier; the group "country" then says whose post it is.
    """

    carrier: str | None
    pattern: re.Pattern[str]
    certainty: HowSure
    name: str
    source: str
    check: Callable[[str], bool] | None = None


def _row(
    carrier: str | None,
    pattern: str,
    certainty: HowSure,
    name: str,
    source: str,
    check: Callable[[str], bool] | None = None,
) -> Format:
    return Format(carrier, re.compile(pattern, re.ASCII), certainty, name, source, check)


UPS_RULE = "UPS: tracking number format and its modified mod 10"
USPS_RULE = "USPS Publication 199 (IMpb); usps.com, tracking number formats"
FEDEX_EXPRESS_RULE = "FedEx: Express check digit"
FEDEX_GROUND_RULE = "FedEx Ground: bar code and label layout specification"
FEDEX_ECONOMY_RULE = "FedEx SmartPost job aid: a USPS number, printed with or without its 92"
DHL_LABELS = "dhl.com: shipment tracking labels"
DHL_EXPRESS_RULE = "dhl.com: shipment tracking labels; check digit: paketda.de"
DHL_PARCEL_RULE = "check digits of DHL's parcel numbers: paketda.de, activebarcode.de"
TABLES = "agreeing public tables"
S10_RULE = "UPU standard S10"
CHINA = "number rules of Chinese carriers, agreeing public tables"
CHINA_ONE = "number rules of Chinese carriers, one public table"

USPS_SERVICES = "001|021|033|055|073|088|701"
"""Service type codes of the examples on usps.com: USPS Tracking, Signature Confirmation, Collect on Delivery, Priority
Mail, Certified Mail, Registered Mail, Priority Mail Express. Whoever printed the label, such a number is USPS's, and
USPS tracks it; FedEx's own last-mile numbers have other codes."""
_IMPB = f"(?:9[45](?:{USPS_SERVICES})[0-9]|92(?:{USPS_SERVICES})9|93(?:{USPS_SERVICES})[0-8])[0-9]{{16}}"
_ROUTED = "(?:420[0-9]{5}|420[0-9]{9})?"  # the destination's ZIP code before the number, in bar codes
_ROUTED_5 = "(?:420[0-9]{5})?"

CHECKED: tuple[Format, ...] = (
    # --- the format belongs to one carrier, and the check digit fits ---
    _row("ups", "1Z[0-9A-Z]{15}[0-9]", SURE, "UPS 1Z", UPS_RULE, ups_1z),
    _row("usps", f"{_ROUTED}(?P<n>{_IMPB})", SURE, "USPS IMpb, 22 digits of a known service", USPS_RULE, mod10),
    _row(
        "usps",
        f"{_ROUTED_5}(?P<n>{_IMPB}[0-9]{{4}})",
        SURE,
        "USPS IMpb, 26 digits of a known service",
        USPS_RULE,
        mod10,
    ),
    _row("usps", f"{_ROUTED}(?P<n>9[1-5][0-9]{{20}})", LIKELY, "USPS, 22 digits from 91 to 95", USPS_RULE, mod10),
    _row("usps", f"{_ROUTED_5}(?P<n>9[2-5][0-9]{{24}})", LIKELY, "USPS, 26 digits from 92 to 95", USPS_RULE, mod10),
    _row("usps", "(?:03|14|7[0137]|81)[0-9]{18}", LIKELY, "USPS, 20 digits", USPS_RULE, mod10),
    _row("usps", "(?:7[0137]|81)[0-9]{18}", LIKELY, "USPS, 20 digits without their 91", USPS_RULE, mod10_after_91),
    _row("fedex", "96[0-9]{5}(?P<n>[0-9]{15})", LIKELY, "FedEx Ground, 22 digits from 96", FEDEX_GROUND_RULE, mod10),
    _row("fedex", "96[0-9]{32}|100[0-9]{31}", LIKELY, "FedEx bar code, 34 digits", FEDEX_EXPRESS_RULE, fedex_mod11),
    _row(
        "fedex", "(?:612|748)9[0-9]{16}", LIKELY, "FedEx Ground Economy, 20 digits", FEDEX_ECONOMY_RULE, mod10_after_92
    ),
    _row("fedex", "92(?:612|748)9[0-9]{16}", POSSIBLE, "FedEx Ground Economy, 22 digits", FEDEX_ECONOMY_RULE, mod10),
    _row("dhl", "00340[0-9]{15}", LIKELY, "DHL parcel, 20 digits from 00340", DHL_PARCEL_RULE, mod10),
    # --- digits only: other carriers' numbers pass such a check digit one time in seven to eleven ---
    _row("fedex", "[0-9]{12}", LIKELY, "FedEx Express, 12 digits", FEDEX_EXPRESS_RULE, fedex_mod11),
    _row("fedex", "[0-9]{15}", LIKELY, "FedEx Ground, 15 digits", FEDEX_GROUND_RULE, mod10),
    _row("dhl", "[0-9]{10}", LIKELY, "DHL Express, 10 digits", DHL_EXPRESS_RULE, dhl_express),
    _row("dhl", "[0-9]{12}", LIKELY, "DHL parcel, 12 digits", DHL_PARCEL_RULE, identcode),
    _row("canpost", "[0-9]{16}", LIKELY, "Canada Post, 16 digits", TABLES, mod10),
)

PREFIXED: tuple[Format, ...] = (
    _row("shunfeng", "SF[0-9]{12,13}", LIKELY, "SF and 12 or 13 digits", CHINA),
    _row("yuantong", "YT[0-9]{13}", LIKELY, "YT and 13 digits", CHINA),
    _row("jtexpress", "JT[0-9]{12,13}", LIKELY, "JT and 12 or 13 digits", CHINA),
    _row("jd", "JD[0-9A-Z]{2}[0-9]{11}", LIKELY, "JD and 13 characters", CHINA),
    _row("debangkuaidi", "DPK[0-9]{11,13}", LIKELY, "DPK and 11 to 13 digits", CHINA),
    _row("shentong", "77[0-9]{13}", LIKELY, "15 digits from 77", CHINA),
    _row("shentong", "STO[0-9]{10,12}", LIKELY, "STO and 10 to 12 digits", CHINA),
    _row("zhongtong", "7[0-9]{13}", LIKELY, "14 digits from 7", CHINA),
    _row("zhongtong", "ZTO[0-9]{10,12}", LIKELY, "ZTO and 10 to 12 digits", CHINA),
    _row("yunda", "YD[0-9]{12,13}", LIKELY, "YD and 12 or 13 digits", CHINA),
    _row("yunda", "[34][0-9]{14}", LIKELY, "15 digits from 3 or 4", CHINA),
    _row("ems", "(?:1[0-2]|9[57])[0-9]{11}", LIKELY, "13 digits from 10, 11, 12, 95 or 97", CHINA),
    _row("youzhengguonei", "9[689][0-9]{11}", LIKELY, "13 digits from 96, 98 or 99", CHINA),
    _row(
        "youzhengguonei",
        "[GAKQPH]{2}[0-9]{9}(?:1[1-9]|[2-5][0-9]|6[0-5])",
        LIKELY,
        "two letters and 11 digits, the last two a province",
        CHINA_ONE,
    ),
    _row("kuayue", "KY[0-9]{13}|KYE[0-9]{12}", LIKELY, "KY and 13, or KYE and 12 digits", CHINA_ONE),
    _row("zhaijisong", "ZJS[0-9]{12}", LIKELY, "ZJS and 12 digits", CHINA_ONE),
    _row("cainiaoglobal", "LP[0-9]{14}", LIKELY, "LP and 14 digits", CHINA),
    _row("disifang", "4PX[0-9]{13}CN", LIKELY, "4PX, 13 digits and CN", CHINA_ONE),
    _row("dhl", "GM[0-9]{11,37}", LIKELY, "GM and 11 or more digits", DHL_LABELS),
    _row("dhl", "JJD[0-9]{10,24}|JVGL[0-9]{8,20}", LIKELY, "JJD or JVGL and digits", DHL_LABELS),
    _row("dhl", "JD[0-9]{18}", LIKELY, "JD and 18 digits", TABLES),
    _row("dhl", "3S[A-Z]{1,4}[0-9]{6,11}", POSSIBLE, "3S, letters and digits, which PostNL uses too", DHL_LABELS),
    _row("dhl", "[LR]X[0-9]{11,37}", POSSIBLE, "LX or RX and 11 or more digits", DHL_LABELS),
)

PLAIN: tuple[Format, ...] = (
    _row("shunfeng", "[0-9]{12}", POSSIBLE, "12 digits", CHINA),
    _row("shunfeng", "[0-9]{15}", POSSIBLE, "15 digits", CHINA),
    _row("zhongtong", "[0-9]{12}", POSSIBLE, "12 digits", CHINA),
    _row("shentong", "[0-9]{12}", POSSIBLE, "12 digits", CHINA),
    _row(
        "shentong", "(?:33|55|66)[0-9]{11}|(?:88|99)[0-9]{13}", POSSIBLE, "13 or 15 digits of a known start", CHINA_ONE
    ),
    _row("yunda", "[0-9]{13}", POSSIBLE, "13 digits", CHINA),
    _row("yunda", "(?:1[0-9]|31|39|43|5[058]|66|77|8[08])[0-9]{13}", POSSIBLE, "15 digits of a known start", CHINA_ONE),
    _row("ems", "(?:5[0-2]|9[89])[0-9]{11}", POSSIBLE, "13 digits from 50, 51, 52, 98 or 99", CHINA_ONE),
    _row("yuantong", "[6-9][0-9]{17}", POSSIBLE, "18 digits from 6 to 9", CHINA_ONE),
    _row("huitongkuaidi", "[67][0-9]{13}", POSSIBLE, "14 digits from 6 or 7", CHINA_ONE),
)

INTERNATIONAL = "CEHLMQRUV"
"""First letters to which S10 gives a service; the others are for use inside a country or by agreement."""

POSTS: tuple[tuple[str, str, str, HowSure], ...] = (
    # country, first letters, the house's code, certainty where the check digit fits
    ("US", INTERNATIONAL, "usps", SURE),
    ("AU", INTERNATIONAL, "auspost", SURE),
    ("CA", INTERNATIONAL, "canpost", SURE),
    ("JP", INTERNATIONAL, "japanposten", SURE),
    ("KR", INTERNATIONAL, "koreapostcn", SURE),
    ("SG", INTERNATIONAL, "singpost", SURE),
    ("GB", "HLMQRUV", "royalmail", SURE),
    ("GB", "CE", "royalmail", POSSIBLE),  # Parcelforce carries parcels and EMS
    ("CN", "E", "ems", SURE),
    ("CN", "CHLMQRUV", "youzhengguoji", LIKELY),  # China Post has two codes
    ("CN", "CHLMQRUV", "youzhengguonei", POSSIBLE),
    ("CN", "L", "ems", POSSIBLE),  # ePacket
    ("DE", INTERNATIONAL, "dhl", LIKELY),  # letters are Deutsche Post's, parcels DHL's
)
"""Postal operators that the house knows. Which one issued an S10 number, its country says."""

COUNTRIES = (
    "AD|AE|AF|AG|AI|AL|AM|AO|AR|AS|AT|AU|AW|AX|AZ|BA|BB|BD|BE|BF|BG|BH|BI|BJ|BL|BM|BN|BO|BQ|BR|BS|BT|BW|BY|BZ|CA|CD|CF|"
    "CG|CH|CI|CK|CL|CM|CN|CO|CR|CU|CV|CW|CY|CZ|DE|DJ|DK|DM|DO|DZ|EC|EE|EG|ER|ES|ET|FI|FJ|FK|FM|FO|FR|GA|GB|GD|GE|GF|GG|"
    "GH|GI|GL|GM|GN|GP|GQ|GR|GT|GU|GW|GY|HK|HN|HR|HT|HU|ID|IE|IL|IM|IN|IQ|IR|IS|IT|JE|JM|JO|JP|KE|KG|KH|KI|KM|KN|KP|KR|"
    "KW|KY|KZ|LA|LB|LC|LI|LK|LR|LS|LT|LU|LV|LY|MA|MC|MD|ME|MF|MG|MH|MK|ML|MM|MN|MO|MP|MQ|MR|MS|MT|MU|MV|MW|MX|MY|MZ|NA|"
    "NC|NE|NF|NG|NI|NL|NO|NP|NR|NU|NZ|OM|PA|PE|PF|PG|PH|PK|PL|PM|PN|PR|PS|PT|PW|PY|QA|RE|RO|RS|RU|RW|SA|SB|SC|SD|SE|SG|"
    "SH|SI|SK|SL|SM|SN|SO|SR|SS|ST|SV|SX|SY|SZ|TC|TD|TG|TH|TJ|TL|TM|TN|TO|TR|TT|TV|TW|TZ|UA|UG|US|UY|UZ|VA|VC|VE|VG|VI|"
    "VN|VU|WF|WS|XK|YE|YT|ZA|ZM|ZW"
)
"""Country codes of ISO 3166-1 with inhabitants, and Kosovo's XK."""

DOMESTIC: tuple[tuple[str, str], ...] = (
    ("US", "usps"),
    ("AU", "auspost"),
    ("CA", "canpost"),
    ("JP", "japanposten"),
    ("KR", "koreapostcn"),
    ("SG", "singpost"),
    ("GB", "royalmail"),
    ("CN", "youzhengguonei"),
    ("DE", "dhl"),
)
"""Whose are the numbers in S10's form with another first letter."""


def _first(letters: str) -> str:
    return "" if letters == INTERNATIONAL else f", first letter {letters}"


POSTAL: tuple[Format, ...] = (
    *(
        _row(
            carrier,
            f"[{letters}][A-Z][0-9]{{9}}{country}",
            certainty,
            f"UPU S10, {country}{_first(letters)}",
            S10_RULE,
            s10,
        )
        for country, letters, carrier, certainty in POSTS
    ),
    *(
        _row(
            carrier,
            f"[ABDFGIJKNOPSTWXYZ][A-Z][0-9]{{9}}{country}",
            LIKELY,
            f"UPU S10, domestic letters, {country}",
            S10_RULE,
            s10,
        )
        for country, carrier in DOMESTIC
    ),
    _row(
        None,
        f"[A-Z]{{2}}[0-9]{{9}}(?P<country>{COUNTRIES})",
        LIKELY,
        "UPU S10, another country",
        S10_RULE,
        s10,
    ),
)

MISTYPED: tuple[Format, ...] = (
    _row("ups", "1Z[0-9A-Z]{16}", POSSIBLE, "UPS 1Z, but the check digit doesn't fit", UPS_RULE),
    _row(
        "usps", f"{_ROUTED}9[1-5][0-9]{{20}}", POSSIBLE, "USPS, 22 digits, but the check digit doesn't fit", USPS_RULE
    ),
    *(
        _row(
            carrier,
            f"[{letters}][A-Z][0-9]{{9}}{country}",
            POSSIBLE,
            f"UPU S10, {country}{_first(letters)}, but the check digit doesn't fit",
            S10_RULE,
        )
        for country, letters, carrier, _ in POSTS
    ),
)
"""Shapes that belong to one carrier, whose check digit says that a character is wrong."""

FORMATS: tuple[Format, ...] = (*CHECKED, *POSTAL, *PREFIXED, *PLAIN, *MISTYPED)
"""Every row; among guesses of one certainty the earlier row comes first."""
