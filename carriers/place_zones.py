"""Time zones of places, for carriers that report local times without an offset.

Source: the IANA time zone database. Listed are countries with one zone (of Spain, Portugal and Chile the mainland's, their
islands by name), and states and provinces that lie in one zone but for a few counties; of the others, the cities that
carriers sort and fly through. Where a place has several, nothing is assumed.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

_EUROPE = {
    "GB": "London", "IE": "Dublin", "FR": "Paris", "DE": "Berlin", "NL": "Amsterdam", "BE": "Brussels",
    "LU": "Luxembourg", "IT": "Rome", "AT": "Vienna", "CH": "Zurich", "LI": "Vaduz", "SE": "Stockholm", "NO": "Oslo",
    "DK": "Copenhagen", "FI": "Helsinki", "PL": "Warsaw", "CZ": "Prague", "SK": "Bratislava", "HU": "Budapest",
    "RO": "Bucharest", "BG": "Sofia", "GR": "Athens", "TR": "Istanbul", "SI": "Ljubljana", "HR": "Zagreb",
    "RS": "Belgrade", "ES": "Madrid", "PT": "Lisbon", "EE": "Tallinn", "LV": "Riga", "LT": "Vilnius", "MT": "Malta", "UA": "Kyiv",
}  # fmt: skip
_ASIA = {
    "CN": "Shanghai", "HK": "Hong_Kong", "MO": "Macau", "TW": "Taipei", "JP": "Tokyo", "KR": "Seoul",
    "SG": "Singapore", "MY": "Kuala_Lumpur", "TH": "Bangkok", "VN": "Ho_Chi_Minh", "PH": "Manila", "KH": "Phnom_Penh",
    "LA": "Vientiane", "MM": "Yangon", "IN": "Kolkata", "LK": "Colombo", "NP": "Kathmandu", "BD": "Dhaka",
    "PK": "Karachi", "AE": "Dubai", "SA": "Riyadh", "QA": "Qatar", "KW": "Kuwait", "BH": "Bahrain", "OM": "Muscat",
    "IL": "Jerusalem", "JO": "Amman", "LB": "Beirut", "CY": "Nicosia", "UZ": "Tashkent", "GE": "Tbilisi",
}  # fmt: skip
_AMERICA = {
    "AR": "Argentina/Buenos_Aires", "PE": "Lima", "CO": "Bogota", "VE": "Caracas", "UY": "Montevideo",
    "CL": "Santiago", "PY": "Asuncion", "BO": "La_Paz", "PA": "Panama", "CR": "Costa_Rica", "GT": "Guatemala", "SV": "El_Salvador",
    "HN": "Tegucigalpa", "NI": "Managua", "DO": "Santo_Domingo", "PR": "Puerto_Rico", "JM": "Jamaica",
    "TT": "Port_of_Spain", "BB": "Barbados", "BS": "Nassau",
}  # fmt: skip
_ELSEWHERE = {
    "ZA": "Africa/Johannesburg", "EG": "Africa/Cairo", "MA": "Africa/Casablanca", "NG": "Africa/Lagos",
    "KE": "Africa/Nairobi", "GH": "Africa/Accra", "TN": "Africa/Tunis", "IS": "Atlantic/Reykjavik",
    "NZ": "Pacific/Auckland", "GU": "Pacific/Guam", "MU": "Indian/Mauritius",
}  # fmt: skip

COUNTRIES: Mapping[str, str] = MappingProxyType(
    {
        **{country: f"Europe/{city}" for country, city in _EUROPE.items()},
        **{country: f"Asia/{city}" for country, city in _ASIA.items()},
        **{country: f"America/{city}" for country, city in _AMERICA.items()},
        **_ELSEWHERE,
    }
)

COUNTRY_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "USA": "US", "UNITED STATES OF AMERICA": "US", "UNITED STATES": "US", "CANADA": "CA", "MEXICO": "MX",
        "GERMANY": "DE", "DEUTSCHLAND": "DE", "UK": "GB", "UNITED KINGDOM": "GB", "GREAT BRITAIN": "GB", "FRANCE": "FR",
        "GREAT BRITAIN AND NORTHERN IRELAND": "GB",
        "ITALY": "IT", "SPAIN": "ES", "PORTUGAL": "PT", "NETHERLANDS": "NL", "THE NETHERLANDS": "NL",
        "NETHERLANDS, THE": "NL", "BELGIUM": "BE", "LUXEMBOURG": "LU", "POLAND": "PL", "AUSTRIA": "AT", "ÖSTERREICH": "AT",
        "SWITZERLAND": "CH", "SCHWEIZ": "CH", "CZECH REPUBLIC": "CZ", "CZECH REPUBLIC, THE": "CZ", "CZECHIA": "CZ",
        "SLOVAKIA": "SK", "HUNGARY": "HU", "ROMANIA": "RO", "BULGARIA": "BG", "GREECE": "GR", "SLOVENIA": "SI",
        "CROATIA": "HR", "SERBIA": "RS", "ESTONIA": "EE", "LATVIA": "LV", "LITHUANIA": "LT", "MALTA": "MT", "CYPRUS": "CY",
        "DENMARK": "DK", "SWEDEN": "SE", "NORWAY": "NO", "FINLAND": "FI", "ICELAND": "IS", "IRELAND": "IE",
        "IRELAND, REPUBLIC OF": "IE", "UKRAINE": "UA", "TURKEY": "TR", "TURKIYE": "TR", "ISRAEL": "IL",
        "HONG KONG": "HK", "HONG KONG SAR, CHINA": "HK", "MACAU SAR, CHINA": "MO", "CHINA": "CN",
        "CHINA, PEOPLES REPUBLIC": "CN", "CHINA MAINLAND": "CN", "PEOPLE'S REPUBLIC OF CHINA": "CN", "TAIWAN": "TW", "TAIWAN, CHINA": "TW", "JAPAN": "JP",
        "KOREA, REPUBLIC OF": "KR", "KOREA, REPUBLIC OF (SOUTH K.)": "KR", "SOUTH KOREA": "KR", "KOREA, SOUTH": "KR", "SINGAPORE": "SG",
        "MALAYSIA": "MY", "THAILAND": "TH", "VIETNAM": "VN", "VIET NAM": "VN", "PHILIPPINES": "PH", "PHILIPPINES, THE": "PH",
        "CAMBODIA": "KH", "MYANMAR": "MM", "INDIA": "IN", "SRI LANKA": "LK", "NEPAL": "NP", "BANGLADESH": "BD",
        "PAKISTAN": "PK", "SAUDI ARABIA": "SA", "UNITED ARAB EMIRATES": "AE", "BAHRAIN": "BH", "QATAR": "QA", "KUWAIT": "KW",
        "OMAN": "OM", "JORDAN": "JO", "LEBANON": "LB", "AUSTRALIA": "AU", "NEW ZEALAND": "NZ", "BRAZIL": "BR",
        "ARGENTINA": "AR", "CHILE": "CL", "COLOMBIA": "CO", "PERU": "PE", "PANAMA": "PA", "COSTA RICA": "CR",
        "SOUTH AFRICA": "ZA", "EGYPT": "EG", "MOROCCO": "MA", "NIGERIA": "NG", "KENYA": "KE", "GHANA": "GH",
    }
)  # fmt: skip
"""Countries as carriers write them instead of a code: in DHL's localities (``LOS ANGELES, CA - USA``, ``Deutschland``) and in
USPS's eventCountry (UPU names).
"""


_STATES: tuple[tuple[str, str, str], ...] = (
    ("US", "America/New_York", "CT DC DE FL GA MA MD ME MI NC NH NJ NY OH PA RI SC VA VT WV"),
    ("US", "America/Chicago", "AL AR IA IL KS LA MN MO MS NE OK TX WI"),
    ("US", "America/Denver", "CO MT NM UT WY"),
    ("US", "America/Phoenix", "AZ"),
    ("US", "America/Los_Angeles", "CA NV OR WA"),
    ("US", "America/Anchorage", "AK"),
    ("US", "Pacific/Honolulu", "HI"),
    ("US", "America/Puerto_Rico", "PR VI"),
    ("CA", "America/Toronto", "ON QC PQ"),
    ("CA", "America/Halifax", "NB NS PE"),
    ("CA", "America/St_Johns", "NL NF"),
    ("CA", "America/Winnipeg", "MB"),
    ("CA", "America/Regina", "SK"),
    ("CA", "America/Edmonton", "AB NT"),
    ("CA", "America/Vancouver", "BC"),
    ("CA", "America/Whitehorse", "YT"),
    ("AU", "Australia/Sydney", "NSW ACT"),
    ("AU", "Australia/Melbourne", "VIC"),
    ("AU", "Australia/Brisbane", "QLD"),
    ("AU", "Australia/Adelaide", "SA"),
    ("AU", "Australia/Perth", "WA"),
    ("AU", "Australia/Hobart", "TAS"),
    ("AU", "Australia/Darwin", "NT"),
    ("ES", "Atlantic/Canary", "GC TF"),
    # by FedEx's two letters and by ISO 3166-2
    ("MX", "America/Mexico_City", "AG CM CS CO CL DF DG GT GR HG JA EM MI MO NL OA PU QE SL TB TM TL VE YU ZA"),
    (
        "MX",
        "America/Mexico_City",
        "AGU CAM CHP COA COL CMX CDMX DUR GUA GRO HID JAL MEX MIC MOR NLE OAX PUE QUE SLP TAB TAM",
    ),
    ("MX", "America/Mexico_City", "TLA VER YUC ZAC"),
    ("MX", "America/Cancun", "QR ROO"),
    ("MX", "America/Hermosillo", "SO SON"),
    ("MX", "America/Tijuana", "BC BCN"),
    ("MX", "America/Mazatlan", "BS BCS SI SIN NA NAY"),
    ("MX", "America/Chihuahua", "CH CHH"),
    ("BR", "America/Sao_Paulo", "SP RJ MG ES PR SC RS GO DF"),
    ("BR", "America/Bahia", "BA"),
    ("BR", "America/Maceio", "AL SE"),
    ("BR", "America/Recife", "PE"),
    ("BR", "America/Fortaleza", "CE MA PB PI RN"),
    ("BR", "America/Belem", "AP PA"),
    ("BR", "America/Araguaina", "TO"),
    ("BR", "America/Cuiaba", "MT"),
    ("BR", "America/Campo_Grande", "MS"),
    ("BR", "America/Manaus", "AM"),
    ("BR", "America/Porto_Velho", "RO"),
    ("BR", "America/Boa_Vista", "RR"),
    ("BR", "America/Rio_Branco", "AC"),
)

STATES: Mapping[tuple[str, str], str] = MappingProxyType(
    {(country, state): zone for country, zone, states in _STATES for state in states.split()}
)


_CITIES: tuple[tuple[str, str, str, str], ...] = (
    ("US", "KY", "America/Kentucky/Louisville", "LOUISVILLE, LEXINGTON, HEBRON, SHEPHERDSVILLE"),
    ("US", "KY", "America/Chicago", "BOWLING GREEN, OWENSBORO, PADUCAH"),
    ("US", "TN", "America/Chicago", "MEMPHIS, NASHVILLE, JACKSON, CLARKSVILLE, MURFREESBORO"),
    ("US", "TN", "America/New_York", "KNOXVILLE, CHATTANOOGA, JOHNSON CITY, KINGSPORT"),
    ("US", "IN", "America/Indiana/Indianapolis", "INDIANAPOLIS, FORT WAYNE, SOUTH BEND, PLAINFIELD, WHITESTOWN"),
    ("US", "IN", "America/Chicago", "GARY, HAMMOND, EVANSVILLE"),
    ("US", "ID", "America/Boise", "BOISE, NAMPA, IDAHO FALLS, TWIN FALLS, POCATELLO"),
    ("US", "ID", "America/Los_Angeles", "COEUR D ALENE, COEUR D'ALENE, LEWISTON"),
    ("US", "ND", "America/Chicago", "FARGO, BISMARCK, GRAND FORKS"),
    ("US", "SD", "America/Chicago", "SIOUX FALLS"),
    ("US", "SD", "America/Denver", "RAPID CITY"),
    ("US", "TX", "America/Denver", "EL PASO"),
    ("US", "FL", "America/Chicago", "PENSACOLA, PANAMA CITY"),
    (
        "ES",
        "",
        "Atlantic/Canary",
        (
            "CANARIAS, CANARY ISLANDS, ISLAS CANARIAS, LAS PALMAS, LAS PALMAS DE GRAN CANARIA, GRAN CANARIA, TELDE, TENERIFE, "
            "SANTA CRUZ DE TENERIFE, LA LAGUNA, SAN CRISTOBAL DE LA LAGUNA, SAN CRISTÓBAL DE LA LAGUNA, ARONA, ADEJE, LANZAROTE, "
            "ARRECIFE, FUERTEVENTURA, PUERTO DEL ROSARIO, SANTA CRUZ DE LA PALMA"
        ),
    ),
    (
        "PT",
        "",
        "Atlantic/Azores",
        "ACORES, AÇORES, AZORES, PONTA DELGADA, ANGRA DO HEROISMO, ANGRA DO HEROÍSMO, HORTA, RIBEIRA GRANDE, PRAIA DA VITORIA",
    ),
    ("CL", "", "America/Punta_Arenas", "PUNTA ARENAS, PUERTO NATALES"),
    ("CL", "", "Pacific/Easter", "HANGA ROA, ISLA DE PASCUA"),
    ("MX", "", "America/Matamoros", "MATAMOROS, REYNOSA, NUEVO LAREDO, PIEDRAS NEGRAS, CIUDAD ACUNA, CIUDAD ACUÑA"),
    ("MX", "", "America/Ciudad_Juarez", "CIUDAD JUAREZ, CIUDAD JUÁREZ"),
    ("MX", "", "America/Tijuana", "TIJUANA, MEXICALI"),
    ("MX", "", "America/Cancun", "CANCUN, CANCÚN"),
    (
        "MX",
        "",
        "America/Mexico_City",
        "MEXICO, MEXICO CITY, CIUDAD DE MEXICO, TOLUCA, GUADALAJARA, MONTERREY, QUERETARO",
    ),
    ("BR", "", "America/Sao_Paulo", "SAO PAULO, CAMPINAS, RIO DE JANEIRO"),
    ("ID", "", "Asia/Jakarta", "JAKARTA"),
    ("KZ", "", "Asia/Almaty", "ALMATY"),
)

CITIES: Mapping[tuple[str, str, str], str] = MappingProxyType(
    {(country, state, city): zone for country, state, zone, cities in _CITIES for city in cities.split(", ")}
)
"""By country, state (empty: whatever state) and city, before the state's zone."""


def zone_of(country: str, state: str = "", city: str = "") -> ZoneInfo | None:
    """The time zone of a place by its country (ISO code or name), state or province code, and city; None where it can't be
    told.
    """
    land, part, town = (" ".join(name.upper().split()) for name in (country, state, city))
    land = COUNTRY_NAMES.get(land, land)
    name = CITIES.get((land, part, town)) or CITIES.get((land, "", town)) or STATES.get((land, part))
    name = name or COUNTRIES.get(land)
    return _zone(name) if name else None


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
