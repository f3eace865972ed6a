"""The make-good policy: what ships is whole, what a shop lays over it counts, what doesn't fit is told with its line."""

from pathlib import Path

import pytest

from config.errors import ConfigError
from config.policies import load_make_good
from config.settings import load
from domain.distance import Distance
from domain.make_good import Cause, Way


def own(folder: Path, text: str) -> Path:
    file = folder / "make_good.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_shipped_figures_are_whole() -> None:
    """Each cause and carrier has its row; nobody who may only look has a limit."""
    policy = load_make_good()
    assert set(policy.causes) == set(Cause)
    assert set(policy.tiers) == {Way.RESHIP, Way.RESHIP_PREMIUM}
    assert {limit.role for limit in policy.limits} == {"agent", "lead", "admin"}


def test_a_shop_lays_its_own_over_them(tmp_path: Path) -> None:
    """One freight and one cause change; the table of compensation is replaced as a whole."""
    text = """
undo_s = 0
[reship.reship]
freight_cents = 1
[causes.change_of_mind]
return_freight = "merchant"
outbound_deducted = false
source = "we are generous"
[[compensation]]
least_cents = 1
most_cents = 2
source = "own_choice"
[return_freight_cents]
same_city = 7
"""
    policy = load_make_good(own(tmp_path, text))
    assert (policy.undo_s, policy.tiers[Way.RESHIP].freight_cents, policy.tiers[Way.RESHIP_PREMIUM].freight_cents) == (
        0, 1, 2_000,
    )  # fmt: skip
    assert policy.causes[Cause.CHANGE_OF_MIND].source == "we are generous"
    assert [band.most_cents for band in policy.bands] == [2]
    assert (policy.return_freight_cents[Distance.SAME_CITY], policy.return_freight_cents[Distance.UNKNOWN]) == (
        7,
        1_500,
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("undo_s = -1", "undo_s"),
        ("nonsense = 1", "unknown key"),
        (
            "[causes.bad_luck]\nreturn_freight = 'merchant'\noutbound_deducted = true\nsource = 'x'",
            "bad_luck isn't known",
        ),
        ("[cause_of_case]\nlost = 'bad_luck'", "bad_luck isn't known"),
        ("[[limits]]\nrole = 'agent'\ncurrency = 'CNY'\nalone_cents = 1\n" * 2, "two rows for agent CNY"),
        ("[[compensation]]\nleast_cents = 2\nmost_cents = 1\nsource = 'x'", "above most_cents"),
        ("[reship.reship]\ncarrier = 'x'", "freight_cents"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path: Path, text: str, says: str) -> None:
    """The file, the key and what is wrong."""
    with pytest.raises(ConfigError, match=says) as told:
        load_make_good(own(tmp_path, text))
    assert "make_good.toml" in str(told.value)


def test_the_settings_name_the_file(tmp_path: Path) -> None:
    """[policy] make_good is counted from the settings' folder; its faults are the settings' faults."""
    own(tmp_path, "undo_s = 5")
    settings = tmp_path / "doorstep.toml"
    settings.write_text('[policy]\nmake_good = "make_good.toml"\n', encoding="utf-8")
    assert load(settings, environ={}, structs={}).make_good.undo_s == 5
    own(tmp_path, "undo_s = 'soon'")
    with pytest.raises(ConfigError, match="undo_s"):
        load(settings, environ={}, structs={})
