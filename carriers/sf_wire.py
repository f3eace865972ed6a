"""The wire of SF: what its replies and pushes look like, and what a route says. Private to the adapter (carriers/sf.py)."""

import msgspec

from carriers.base import Scalar, scan_event, text_of
from carriers.sf_gateway import ID
from carriers.sf_vocabulary import meaning_of
from carriers.times import chinese_time
from domain.errors import UnreadableReply
from domain.tracking import ScanEvent


class Route(msgspec.Struct, rename="camel"):
    accept_time: Scalar = None
    accept_address: Scalar = None
    remark: Scalar = None
    op_code: Scalar = None
    first_status_code: Scalar = None
    secondary_status_code: Scalar = None
    reason_code: Scalar = None
    mailno: Scalar = None
    mail_no: Scalar = None


class RouteResp(msgspec.Struct, rename="camel"):
    """``reasonCode`` and ``reasonRemark`` come as a text or a list, and say why there are no routes."""

    mail_no: Scalar = None
    routes: list[Route] | None = None
    reason_code: Scalar | list[Scalar] = None
    reason_remark: Scalar | list[Scalar] = None


class Routes(msgspec.Struct, rename="camel"):
    route_resps: list[RouteResp] | None = None


class RoutesOutline(msgspec.Struct, rename="camel"):
    mail_no: Scalar = None
    routes: msgspec.Raw = msgspec.Raw(b"null")


class Outline(msgspec.Struct, rename="camel"):
    """``Routes`` whose lines are left as they came."""

    route_resps: list[RoutesOutline] | None = None


class PushBody(msgspec.Struct, rename={"waybill_route": "WaybillRoute"}):
    """One route comes as a list of one, or bare."""

    waybill_route: list[Route] | Route | None = None

    def routes(self) -> list[Route]:
        given = self.waybill_route
        return [given] if isinstance(given, Route) else given or []


class Pushed(PushBody, rename={"body": "Body"}):
    """The document wraps the routes in a Body."""

    body: PushBody | None = None


def event_of(route: Route) -> ScanEvent:
    op, remark = text_of(route.op_code).strip(), text_of(route.remark)
    statuses = (text_of(route.first_status_code).strip(), text_of(route.secondary_status_code).strip())
    raw = text_of(route.accept_time)
    time = chinese_time(raw)
    meaning = meaning_of(op, *statuses, text_of(route.reason_code).strip(), remark)
    return scan_event(op or None, remark, time, meaning, place=text_of(route.accept_address).strip())


def mail_of(route: Route) -> str:
    return text_of(route.mailno).strip() or text_of(route.mail_no).strip()


def routes_of(push: Pushed) -> list[Route]:
    if push.body is None and push.waybill_route is None:
        raise UnreadableReply(ID, "a push without Body or WaybillRoute")
    return (push.body or push).routes()
