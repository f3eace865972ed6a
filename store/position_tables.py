"""The table of couriers' positions: the newest one of a route, with its courier's consent, for some days."""

from datetime import datetime

from sqlmodel import Field

from store.row import Row
from store.tables import Instant


class CourierPosition(Row, table=True):
    """Where a route's courier was last. Neither a fact nor a projection of any: it goes without a trace."""

    __tablename__ = "courier_position"
    route_id: str = Field(primary_key=True, foreign_key="route.id")
    at: datetime = Field(sa_type=Instant, index=True)
    lat: float
    lon: float
    accuracy_m: int | None = None
