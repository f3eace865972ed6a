"""Time zones of places: every row has a real zone, and a place is told by its most exact row."""

import pytest

from carriers.place_zones import CITIES, COUNTRIES, COUNTRY_NAMES, STATES, zone_of


def test_every_zone_of_the_table_exists() -> None:
    """A misspelt zone would only show on the first parcel from there."""
    assert all(zone_of(country, state) for country, state in STATES)
    assert all(zone_of(country) for country in COUNTRIES)
    assert all(zone_of(*place) for place in CITIES)
    assert all(len(code) == 2 for code in COUNTRY_NAMES.values())


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        (("US", "TN"), None),
        (("us", "tn", " Memphis "), "America/Chicago"),
        (("US", "TX", "El Paso"), "America/Denver"),
        (("US", "TX", "Dallas"), "America/Chicago"),
        (("US", "MN", "MADRID"), "America/Chicago"),
        (("", ""), None),
        (("ES", "M", "MADRID"), "Europe/Madrid"),
        (("ES", "", "GIRONA"), "Europe/Madrid"),
        (("ES", "", "Las Palmas de Gran Canaria"), "Atlantic/Canary"),
        (("ES", "TF", ""), "Atlantic/Canary"),
        (("PT", "", "FARO"), "Europe/Lisbon"),
        (("PT", "", "PONTA DELGADA"), "Atlantic/Azores"),
        (("CL", "", "SANTIAGO"), "America/Santiago"),
        (("CL", "", "PUNTA ARENAS"), "America/Punta_Arenas"),
        (("MX", "JAL", ""), "America/Mexico_City"),
        (("MX", "QR", "PLAYA DEL CARMEN"), "America/Cancun"),
        (("MX", "TM", "REYNOSA"), "America/Matamoros"),
        (("MX", "", ""), None),
        (("BR", "SP", ""), "America/Sao_Paulo"),
        (("BR", "AM", "MANAUS"), "America/Manaus"),
        (("BR", "", "UBERABA"), None),
        (("JAPAN", ""), "Asia/Tokyo"),
        (("Great Britain and Northern Ireland", ""), "Europe/London"),
        (("CANADA", ""), None),
        (("United States", "CA"), "America/Los_Angeles"),
    ],
)
def test_a_place_is_told_by_its_most_exact_row(place: tuple[str, ...], zone: str | None) -> None:
    """City, then state, then country, by code or name; islands before the mainland, and nothing where several zones are."""
    told = zone_of(*place)
    assert (told.key if told else None) == zone
