"""How far a parcel went, by the paths of its two places."""

from enum import StrEnum


class Distance(StrEnum):
    SAME_CITY = "same_city"
    SAME_PROVINCE = "same_province"
    OTHER_PROVINCE = "other_province"
    ABROAD = "abroad"
    UNKNOWN = "unknown"


HOME = frozenset({"cn", "chn", "china", "中国", "中国大陆"})
MUNICIPALITIES = frozenset({"北京", "上海", "天津", "重庆"})


def distance_of(origin: str, destination: str) -> Distance:
    """How far two places are apart, by their paths from large to small (``CN/浙江/杭州``)."""
    one, other = _path(origin), _path(destination)
    if not one or not other:
        return Distance.UNKNOWN
    if one[0] != other[0]:
        return Distance.ABROAD
    if len(one) < 2 or len(other) < 2:
        return Distance.UNKNOWN
    if one[1] != other[1]:
        return Distance.OTHER_PROVINCE
    if one[1] in MUNICIPALITIES:
        return Distance.SAME_CITY
    if len(one) < 3 or len(other) < 3:
        return Distance.UNKNOWN
    return Distance.SAME_CITY if one[2] == other[2] else Distance.SAME_PROVINCE


def _path(place: str) -> list[str]:
    """Country, province, city, without the words for what they are."""
    parts = [part.strip() for part in place.split("/") if part.strip()]
    if parts and any("\u4e00" <= sign <= "\u9fff" for sign in parts[0]) and parts[0].lower() not in HOME:
        parts = ["CN", *parts]  # a Chinese path that leaves its country out
    if not parts:
        return []
    country = "cn" if parts[0].lower() in HOME else parts[0].lower()
    return [country, *(part.removesuffix("省").removesuffix("市") for part in parts[1:])]
