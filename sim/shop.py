"""The simulated shop: what it sells, who buys, from where it ships. Names and numbers are made up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random
from zoneinfo import ZoneInfo

from domain.shipment import Customer, Item
from sim.town import Address

ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
SHOP = "青澜衣橱旗舰店"
EMAIL_SHARE = 0.4  # platform orders often carry no e-mail


@dataclass(frozen=True, slots=True)
class Product:
    sku: str
    name: str
    category: str
    price_cents: int
    weight: int  # how often it is bought, against the others


PRODUCTS = (
    Product("CL-1001", "纯棉圆领T恤 白色 L", "服装", 7_900, 9),
    Product("CL-1002", "宽松直筒牛仔裤 深蓝 30", "服装", 16_900, 8),
    Product("CL-1003", "羊毛混纺针织开衫 燕麦色", "服装", 32_900, 6),
    Product("CL-1004", "轻薄羽绒服 短款 M", "服装", 49_900, 6),
    Product("CL-1005", "法式碎花连衣裙 S", "服装", 21_900, 7),
    Product("CL-1006", "亲肤莫代尔家居服套装", "服装", 13_900, 5),
    Product("SH-2001", "软底小白鞋 38码", "鞋靴", 19_900, 6),
    Product("SH-2002", "防滑徒步鞋 42码", "鞋靴", 36_900, 3),
    Product("BG-3001", "通勤托特包 大容量", "箱包", 25_900, 4),
    Product("BG-3002", "20寸登机箱 静音轮", "箱包", 39_900, 2),
    Product("HM-4001", "长绒棉毛巾 三条装", "家居", 5_900, 5),
    Product("HM-4002", "四件套 1.8米床 雾蓝", "家居", 29_900, 4),
    Product("EL-5001", "蓝牙耳机 降噪版", "数码", 45_900, 3),
    Product("EL-5002", "20000毫安充电宝", "数码", 12_900, 3),
    Product("BT-6001", "氨基酸洁面乳 150ml", "美妆", 6_900, 4),
    Product("FD-7001", "高山红富士苹果 5斤", "生鲜", 4_900, 2),
    Product("CU-8001", "刻字保温杯 定制", "定制", 9_900, 1),
)

SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹"
GIVEN = (
    "子涵", "欣怡", "梓豪", "雨桐", "浩然", "思远", "佳宁", "俊杰", "晓彤", "文博", "雅琴", "志强", "丽华", "建国", "秀英",
    "婷婷", "明轩", "诗雨", "海燕", "嘉豪", "静怡", "一鸣", "美玲", "国栋", "若兰", "天佑", "春梅", "立新", "慧敏", "宇航",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class City:
    """A place that parcels leave from or pass. ``path`` runs from large to small. ``zone``: an IANA name, where clocks
    change; China's don't.
    """

    name: str
    path: str
    hub: str
    country: str = "CN"
    zone: str = ""

    def offset_h(self, at: datetime) -> float:
        """How many hours its clocks are ahead of UTC at ``at``."""
        offset = at.astimezone(ZoneInfo(self.zone) if self.zone else ZONE).utcoffset()
        assert offset is not None
        return offset.total_seconds() / 3_600


WAREHOUSES = (
    City("广州", "CN/广东/广州", "广州转运中心"),
    City("义乌", "CN/浙江/义乌", "义乌转运中心"),
    City("成都", "CN/四川/成都", "成都转运中心"),
    City("沈阳", "CN/辽宁/沈阳", "沈阳转运中心"),
)
MIDDLES = (
    City("武汉", "CN/湖北/武汉", "武汉转运中心"),
    City("郑州", "CN/河南/郑州", "郑州转运中心"),
    City("长沙", "CN/湖南/长沙", "长沙转运中心"),
    City("合肥", "CN/安徽/合肥", "合肥转运中心"),
)
HOME = City("青澜", "CN/浙江/青澜", "青澜转运中心")
PACIFIC, EASTERN, CENTRAL = "America/Los_Angeles", "America/New_York", "America/Chicago"
ABROAD = (
    City("PORTLAND", "US/OR/Portland", "PORTLAND", "US", PACIFIC),
    City("EDISON", "US/NJ/Edison", "EDISON", "US", EASTERN),
)
MEMPHIS = City("MEMPHIS", "US/TN/Memphis", "MEMPHIS", "US", CENTRAL)
LOUISVILLE = City("LOUISVILLE", "US/KY/Louisville", "LOUISVILLE", "US", "America/Kentucky/Louisville")
CHICAGO = City("CHICAGO", "US/IL/Chicago", "CHICAGO", "US", CENTRAL)
LOS_ANGELES = City("LOS ANGELES", "US/CA/Los Angeles", "LOS ANGELES", "US", PACIFIC)
ANCHORAGE = City("ANCHORAGE", "US/AK/Anchorage", "ANCHORAGE", "US", "America/Anchorage")
LEIPZIG = City("LEIPZIG", "DE/Sachsen/Leipzig", "LEIPZIG", "DE", "Europe/Berlin")
GERMAN = (
    City("HAMBURG", "DE/Hamburg/Hamburg", "HAMBURG", "DE", "Europe/Berlin"),
    City("BERLIN", "DE/Berlin/Berlin", "BERLIN", "DE", "Europe/Berlin"),
)
HONG_KONG = City("HONG KONG", "HK/Hong Kong", "HONG KONG", "HK", "Asia/Hong_Kong")
BRITISH = (
    City("LONDON", "GB/England/London", "LONDON", "GB", "Europe/London"),
    City("LEEDS", "GB/England/Leeds", "LEEDS", "GB", "Europe/London"),
)
PRINCESS_ROYAL = City("LONDON", "GB/England/London", "PRINCESS ROYAL DC", "GB", "Europe/London")
HEATHROW = City("LANGLEY", "GB/England/Langley", "HEATHROW WORLDWIDE DC", "GB", "Europe/London")
GUANGZHOU = City("GUANGZHOU", "CN/广东/广州", "GUANGZHOU")
QINGLAN = City("QINGLAN", "CN/浙江/青澜", "QINGLAN")


def person_name(rng: Random) -> str:
    return rng.choice(SURNAMES) + rng.choice(GIVEN)


def phone(rng: Random) -> str:
    """Eleven digits in a block that stands for examples."""
    return f"1990000{rng.randrange(10_000):04d}"


def customer(rng: Random, addresses: Sequence[Address]) -> Customer:
    address = addresses[rng.randrange(len(addresses))]
    room = f"{rng.randrange(1, 9)}幢{rng.randrange(1, 19)}{rng.randrange(1, 5):02d}室"
    number = phone(rng)
    return Customer(
        name=person_name(rng),
        phone=number,
        email=f"buyer{number[-4:]}@example.com" if rng.random() < EMAIL_SHARE else "",
        address=f"{address.text}{room}",
        district=address.district,
        lat=address.place.lat,
        lon=address.place.lon,
        located="given",
    )


def basket(rng: Random) -> tuple[Item, ...]:
    """One to three lines, each product once."""
    lines = rng.choices((1, 2, 3), weights=(6, 3, 1))[0]
    chosen: dict[str, Product] = {}
    for product in rng.choices(PRODUCTS, weights=[p.weight for p in PRODUCTS], k=lines):
        chosen[product.sku] = product
    return tuple(
        Item(p.sku, p.name, rng.choices((1, 2), weights=(5, 1))[0], p.price_cents, p.category) for p in chosen.values()
    )
