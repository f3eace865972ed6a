"""Where a customer lives, as far as that is known, and which depot is the closest. Pure."""

from collections.abc import Sequence

from domain.place import Location, distance_m
from domain.shipment import Customer
from scheduler.plan_types import Depot


def location_of(customer: Customer) -> Location | None:
    if customer.lat is None or customer.lon is None:
        return None
    return Location(lat=customer.lat, lon=customer.lon)


def nearest_depot(depots: Sequence[Depot], at: Location | None) -> Depot | None:
    """The depot closest to the customer; the first one where nobody knows where the customer is."""
    if not depots or at is None:
        return depots[0] if depots else None
    return min(depots, key=lambda depot: (distance_m(depot.location, at), depot.id))
