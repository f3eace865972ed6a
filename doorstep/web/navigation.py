"""Links that lead a courier's phone to a place, by the map that is on it. Places are WGS-84; each map is told so, and no name goes along."""

from urllib.parse import urlencode

from domain.place import Location


def ways_to(lat: float, lon: float, label: str) -> list[tuple[str, str]]:
    """(map, link) for each map; ``label`` is what the pin is called: a stop's number, never a person."""
    at = Location(lat=round(lat, 6), lon=round(lon, 6))
    here, turned = f"{at.lat},{at.lon}", f"{at.lon},{at.lat}"
    amap = urlencode({"to": f"{turned},{label}", "mode": "car", "coordinate": "wgs84", "callnative": 1})
    pin = {"location": here, "title": label, "content": label, "coord_type": "wgs84", "output": "html"}
    google = urlencode({"api": 1, "destination": here, "travelmode": "driving"})
    return [
        ("amap", f"https://uri.amap.com/navigation?{amap}"),
        ("baidu", f"https://api.map.baidu.com/marker?{urlencode({**pin, 'src': 'webapp.doorstep'})}"),
        ("google", f"https://www.google.com/maps/dir/?{google}"),
        ("apple", f"https://maps.apple.com/?{urlencode({'daddr': here, 'dirflg': 'd'})}"),
        ("geo", f"geo:{here}?{urlencode({'q': f'{here}({label})'})}"),
    ]
