"""Column headers that merchants' files use, and the fields that they stand for."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.errors import RuleError

_COMMON = {
    "order": ("order", "order_no", "order_number", "order_id", "订单号", "订单编号", "订单", "主订单编号", "交易编号"),
}

HEADERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "orders": {
        **_COMMON,
        "sku": ("sku", "sku_id", "商品编码", "商家编码", "货号", "规格编码"),
        "name": ("name", "item", "product", "title", "商品", "商品名称", "商品标题", "宝贝标题", "品名"),
        "qty": ("qty", "quantity", "数量", "商品数量", "件数", "购买数量"),
        "price": ("price", "unit_price", "单价", "商品单价", "价格"),
        "price_cents": ("price_cents",),
        "amount": ("amount", "金额", "小计", "商品金额"),
        "category": ("category", "类目", "分类", "商品类目", "品类"),
        "no_return_agreed": ("no_return_agreed", "不支持无理由退货"),
        "weight_g": ("weight_g", "重量(克)", "重量（克）", "商品重量(克)", "单件重量(克)"),
        "volume_ml": ("volume_ml", "体积(毫升)", "体积（毫升）", "体积(立方厘米)", "单件体积(毫升)"),
        "currency": ("currency", "币种"),
        "customer": ("customer", "recipient", "收件人", "收货人", "收件人姓名", "收货人姓名", "客户", "姓名"),
        "phone": ("phone", "mobile", "tel", "手机", "电话", "手机号", "联系电话", "收件人电话", "收货人手机", "联系手机", "手机/电话", "收件人手机"),
        "email": ("email", "e-mail", "邮箱", "电子邮箱"),
        "address": ("address", "地址", "收货地址", "收件地址", "详细地址", "收件人地址", "收货人地址"),
        "district": ("district", "区", "区县", "区域"),
        "lat": ("lat", "latitude", "纬度"),
        "lon": ("lon", "lng", "longitude", "经度"),
        "shop": ("shop", "store", "店铺", "店铺名称", "店铺名"),
        "ship_by": ("ship_by", "发货截止时间", "最晚发货时间", "承诺发货时间", "应发货时间"),
        "created_at": ("created_at", "下单时间", "创建时间", "订单创建时间", "付款时间"),
        "picked_up_at": ("picked_up_at", "自提时间"),
        "settled_at": ("settled_at", "售后完成时间"),
    },
    "shipments": {
        **_COMMON,
        "number": ("number", "tracking_number", "tracking_no", "waybill", "运单号", "快递单号", "物流单号", "运单编号", "单号"),
        "carrier": ("carrier", "快递公司", "物流公司", "快递", "承运商", "快递名称"),
        "service": ("service", "服务", "产品类型", "快递产品", "服务类型"),
        "promised_at": ("promised_at", "承诺送达时间", "预计送达时间", "承诺到达时间", "预计送达"),
        "origin": ("origin", "发货地", "始发地", "寄件地"),
        "destination": ("destination", "目的地", "收货地"),
        "region": ("region",),
        "account": ("account",),
        "instruction": ("instruction", "补发指令", "指令编号"),
        "delivery_wish": ("delivery_wish", "派送要求", "送货要求", "签收要求", "投递要求"),
        "created_at": ("created_at", "发货时间", "上传时间", "发货日期"),
    },
    "returns": {
        **_COMMON,
        "ref": ("ref", "return", "return_no", "退货单号", "售后单号", "退款编号"),
        "items": ("items", "退货商品", "退货明细"),
        "sku": ("sku", "商品编码", "商家编码", "货号"),
        "qty": ("qty", "quantity", "退货数量", "数量", "件数"),
        "reason": ("reason", "退货原因", "售后原因", "原因"),
        "want": ("want", "售后类型", "诉求", "处理方式"),
        "slot": ("slot", "上门时间", "取件时间", "预约时间"),
        "phone": ("phone", "手机", "电话", "联系电话", "手机号", "手机/电话"),
        "sealed": ("sealed", "未拆封"),
    },
    "disputes": {
        **_COMMON,
        "number": ("number", "tracking_number", "运单号", "快递单号", "物流单号", "单号"),
        "type": ("type", "类型", "问题类型", "投诉类型"),
        "text": ("text", "内容", "说明", "客户留言", "问题描述", "备注"),
        "at": ("at", "时间", "投诉时间", "反馈时间"),
    },
    "refunds": {
        **_COMMON,
        "ref": ("ref", "refund", "refund_no", "refund_id", "退款编号", "退款单号", "售后编号", "退款流水号"),
        "amount": ("amount", "refund_amount", "退款金额", "实退金额", "金额", "退款金额(元)"),
        "amount_cents": ("amount_cents",),
        "currency": ("currency", "币种"),
        "sku": ("sku", "sku_id", "商品编码", "商家编码", "货号", "规格编码"),
        "qty": ("qty", "quantity", "数量", "退款数量", "件数"),
        "instruction": ("instruction", "指令编号"),
        "at": ("at", "refunded_at", "退款时间", "退款完成时间", "退款完结时间", "时间"),
        "status": ("status", "退款状态", "售后状态", "状态"),
    },
    "cases": {
        **_COMMON,
        "number": ("number", "tracking_number", "运单号", "快递单号", "物流单号", "单号"),
        "return": ("return", "return_no", "退货单号", "售后单号", "退款编号"),
        "type": ("type", "类型", "问题类型", "售后类型"),
        "text": ("text", "内容", "说明", "客户留言", "问题描述", "备注"),
    },
    "events": {
        "number": ("number", "tracking_number", "tracking_no", "waybill", "运单号", "快递单号", "物流单号", "运单编号", "单号"),
        "at": ("at", "time", "时间", "发生时间", "扫描时间"),
        "milestone": ("milestone", "status", "状态", "物流状态", "节点"),
        "text": ("text", "description", "内容", "说明", "描述", "物流信息"),
        "place": ("place", "location", "地点", "网点", "所在地"),
        "reason": ("reason", "原因"),
        "manner": ("manner", "签收方式"),
        "code": ("code", "代码"),
        "leg": ("leg", "方向"),
        "zone": ("zone", "timezone", "时区"),
    },
}  # fmt: skip
"""Kind of file: field: the headers that mean it. How headers are compared: plain()."""

NEEDED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "orders": (("order",), ("sku", "name"), ("price", "price_cents", "amount")),
    "shipments": (("number",),),
    "returns": (("order",), ("sku", "items"), ("reason",)),
    "disputes": (("order", "number"), ("text", "type")),
    "refunds": (("order",), ("ref",), ("amount", "amount_cents")),
    "cases": (("number", "order", "return"), ("type",)),
    "events": (("number",), ("at",), ("milestone",)),
}
"""Columns without which a file says nothing: one of each group."""

_NOISE = re.compile(r"[\s_*:：()（）\[\]【】]+")


def plain(header: str) -> str:
    """A header without case, blanks, asterisks and brackets: `运单号 *` is 运单号."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", header)).lower()


@dataclass(frozen=True, slots=True)
class Columns:
    """``fields[i]`` is what column i means, None where nobody knows; ``ignored`` are those headers."""

    fields: tuple[str | None, ...]
    ignored: tuple[str, ...]


def columns_of(kind: str, headers: Sequence[str], mapping: Mapping[str, str]) -> Columns:
    """What each column means. ``mapping`` (the user's own: header to field) goes before the known headers.

    Raises RuleError where a needed column is missing, two columns mean the same, or the mapping names no field.
    """
    known = {plain(alias): field for field, aliases in HEADERS[kind].items() for alias in (field, *aliases)}
    for header, field in mapping.items():
        if field not in HEADERS[kind]:
            raise RuleError(
                f"mapping {header} = {field}: no such field of {kind}; there are {', '.join(HEADERS[kind])}"
            )
        known[plain(header)] = field
    fields = tuple(known.get(plain(header)) for header in headers)
    _refuse_twins(headers, fields)
    for group in NEEDED[kind]:
        if not any(field in group for field in fields):
            names = " / ".join(f"{field} ({HEADERS[kind][field][-1]})" for field in group)
            raise RuleError(f"missing column: {names}; the file has {', '.join(h for h in headers if h) or 'none'}")
    return Columns(fields, tuple(h for h, f in zip(headers, fields, strict=True) if f is None and h))


def _refuse_twins(headers: Sequence[str], fields: Sequence[str | None]) -> None:
    first: dict[str, str] = {}
    for header, field in zip(headers, fields, strict=True):
        if field is None:
            continue
        if field in first:
            raise RuleError(f"columns {first[field]} and {header} both mean {field}: remove one or map it")
        first[field] = header
