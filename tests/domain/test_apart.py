"""Whether two places are surely different: only what both sides say for certain counts."""

import pytest

from domain.apart import Apart, apart

CITY, PROVINCE, COUNTRY = Apart.CITY, Apart.PROVINCE, Apart.COUNTRY
SURE = [
    ("【杭州市】", "CN/江苏/苏州", PROVINCE),
    ("北京朝阳酒仙桥", "CN/浙江/杭州", PROVINCE),
    ("浙江,宁波市", "CN/浙江/杭州/西湖区", CITY),
    ("广东省深圳市南山区", "CN/广东/广州", CITY),
    ("武汉转运中心", "上海市", PROVINCE),
    ("吉林省长春市", "CN/吉林/四平", CITY),
    ("EDISON, NJ", "US/OR/Portland", PROVINCE),
    ("EDISON, NJ, 08817, US", "US/OR/Portland", PROVINCE),
    ("Paris, France", "DE/Berlin", COUNTRY),
    ("杭州转运中心", "US/OR/Portland", COUNTRY),
]
UNSURE = [
    ("杭州转运中心", "CN/浙江/杭州"),
    ("【杭州市】西湖文三路", "CN/浙江/杭州/西湖区"),
    ("昆山张浦网点", "CN/江苏/苏州/昆山市"),  # a town of its own in the city
    ("朝阳酒仙桥", "CN/北京/海淀区"),  # a district that bears a city's name
    ("上海路营业部", "CN/江苏/南京"),  # a street
    ("西安区网点", "CN/黑龙江/牡丹江"),
    ("浙江省", "CN/浙江/杭州"),
    ("青澜转运中心", "CN/浙江/青澜"),  # a city that nobody listed
    ("宁波转运中心", "CN/浙江/青澜"),  # its destination isn't known, so neither is the contradiction
    ("杭州转运中心", ""),
    ("", "CN/浙江/杭州"),
    ("PORTLAND, OR", "US/OR/Portland"),
    ("Sort Facility", "US/OR/Portland"),
    ("Portland ME", "US/OR/Portland"),  # it names the town: whichever Portland that is, it isn't sure
    ("Berlin, Germany", "DE/Berlin"),
    ("HAMBURG", "DE/Berlin"),
    ("快递员", "CN/浙江/杭州"),
]


@pytest.mark.parametrize(("place", "destination", "how"), SURE)
def test_another_city_province_or_country(place: str, destination: str, how: Apart) -> None:
    """Both sides name a place, and they are different ones."""
    assert apart(place, destination) is how


@pytest.mark.parametrize(("place", "destination"), UNSURE)
def test_unknown_is_no_contradiction(place: str, destination: str) -> None:
    """The same place, a part of it, a street or district that bears a city's name, or nothing known."""
    assert apart(place, destination) is None
