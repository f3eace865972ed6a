"""Who is asked about which carrier, by what is set: a carrier's own interface first, then the aggregators."""

from carriers.base import Account
from carriers.carrier_tables import HouseCarrier, carrier_of, house_carrier
from carriers.registry import CARRIERS, SHIPPERS
from config.settings import Settings
from domain.errors import RuleError
from monitor.identify import Way

DIRECT = {
    "shunfeng": "sf", "fedex": "fedex", "fedexus": "fedex", "fedexcn": "fedex", "ups": "ups", "dhl": "dhl", "usps": "usps",
    "jd": "jd",
}  # fmt: skip
"""Carriers whose own interface is asked where an account for it is set; the aggregators know them too."""
AGGREGATORS = ("kuaidi100", "kuaidiniao", "17track")
"""Sources that can ask about other firms' parcels, in the order in which they are preferred."""
HOME_SOURCES = frozenset({"kuaidi100", "kuaidiniao", "sf", "jd"})
"""Sources of carriers in China: their calendar and thresholds apply where a row names no destination."""


def source_of(settings: Settings, name: str) -> tuple[str, str] | None:
    """Who is asked about a carrier that people call ``name``: (source, carrier id); None where nobody knows it.

    Raises RuleError where several carriers bear the name, or no account is set that could ask.
    """
    carrier = house_carrier(name)
    if carrier is None:
        return None
    able = able_sources(settings, carrier.id)
    if not able:
        wanted = " or ".join(f"[carriers.{one}.main]" for one in sources_for(carrier))
        raise RuleError(f"no account is set that can ask about {name}; add {wanted}")
    return able[0], carrier.id


def sources_for(carrier: HouseCarrier) -> tuple[str, ...]:
    """Every source that can be asked about a carrier, its own interface first, then the aggregators that know it."""
    knows = {
        "kuaidi100": carrier.kuaidi100 is not None,
        "kuaidiniao": carrier.kuaidi100 in SHIPPERS,
        "17track": carrier.track17 is not None,
    }
    return tuple(one for one in (DIRECT.get(carrier.id), *AGGREGATORS) if one and knows.get(one, True))


def able_sources(settings: Settings, carrier_id: str) -> tuple[str, ...]:
    """The sources with an account that can be asked about a carrier, its own interface first."""
    carrier = carrier_of(carrier_id)
    return tuple(one for one in sources_for(carrier) if one in settings.carriers) if carrier else ()


def standby_of(settings: Settings, source: str, code: str) -> tuple[tuple[str, str], ...]:
    """Who is asked about a parcel where its own source can't answer: (source, account), in their order. A source that
    wants every number registered, and paid for, stands by for nobody.
    """
    others = [one for one in able_sources(settings, code) if one != source and not needs_subscription(one)]
    return tuple((one, first_account(settings, one)) for one in others)


def first_account(settings: Settings, source: str) -> str:
    accounts = settings.carriers[source]
    return "main" if "main" in accounts else next(iter(accounts))


def subscribes(settings: Settings, source: str, account: str) -> bool:
    """Whether a source is asked to call us about every parcel that it is the first source of."""
    push = CARRIERS[source].push
    if push is None or push.subscription is None:
        return False
    if push.subscription.needed:
        return True
    return bool(settings.doorstep.reachable) and push.subscription.ready(
        Account(source, account, settings.carriers[source][account])
    )


def needs_subscription(source: str) -> bool:
    """Whether a source answers nothing about a number that it wasn't subscribed to."""
    push = CARRIERS[source].push
    return push is not None and push.subscription is not None and push.subscription.needed


def can_detect(settings: Settings) -> bool:
    """Whether a source is set that can be asked whose a number is."""
    return any(CARRIERS[source].detect for source in settings.carriers)


def way_of(settings: Settings, code: str) -> Way | None:
    """How a carrier's parcels are watched; None where no account is set that could ask about it."""
    able = able_sources(settings, code)
    if not able:
        return None
    source, account = able[0], first_account(settings, able[0])
    return Way(
        sources=((source, account), *standby_of(settings, source, code)),
        begin=not needs_subscription(source),
        subscribe=subscribes(settings, source, account),
        region=region_of_source(source),
    )


def region_of_source(source: str) -> str:
    """Whose thresholds a parcel lives by, as far as its source tells."""
    return "cn" if source in HOME_SOURCES else "default"
