"""JD Logistics' replies as they come. Every field may be missing or null, and codes come quoted and bare.

Two spellings of an event are in use: ``traceDetails`` with operateTime, operateState, operateRemark, operateSite, and
``traces`` with operationTime, state, operationRemark, city, category. The official SDK reads ``traceDetails`` with the
second spelling. All are taken; where a line has both, the second one counts.
"""

import msgspec

from carriers.base import Scalar, text_of


class Line(msgspec.Struct, rename="camel"):
    """One event. ``waybillCode`` says whose it is where a parcel went on under a new waybill."""

    waybill_code: Scalar = None
    category: Scalar = None
    state: Scalar = None
    operate_state: Scalar = None
    operation_time: Scalar = None
    operate_time: Scalar = None
    operation_remark: Scalar = None
    operate_remark: Scalar = None
    operation_title: Scalar = None
    operate_title: Scalar = None
    city: Scalar = None
    operate_site: Scalar = None


class Data(msgspec.Struct, rename="camel"):
    waybill_code: Scalar = None
    waybill_no: Scalar = None
    trace_details: list[Line] | None = None
    traces: list[Line] | None = None


class Fault(msgspec.Struct):
    """The gateway's own refusal: the call didn't reach the interface."""

    code: Scalar = None
    zh_desc: Scalar = None
    en_desc: Scalar = None


class Envelope(msgspec.Struct, rename={"sub_msg": "subMsg"}):
    """``data`` UNSET: the reply has no such field, which isn't the same as null."""

    code: Scalar = None
    success: Scalar = None
    msg: Scalar = None
    message: Scalar = None
    sub_msg: Scalar = None
    data: Data | msgspec.UnsetType | None = msgspec.UNSET
    error_response: Fault | None = None


class Wrapped(msgspec.Struct):
    content: Envelope | None = None


class Reply(Envelope, rename={"sub_msg": "subMsg"}):
    """An envelope, bare or as ``response.content``: the way the official SDK keeps it."""

    response: Wrapped | None = None

    def opened(self) -> Envelope:
        return self.response.content if self.response and self.response.content else self


def said(*texts: Scalar) -> str:
    """The first of the texts that says anything, as it stands."""
    return next((text_of(text) for text in texts if text_of(text).strip()), "")
