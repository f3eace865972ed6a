"""How long personal data is kept: shipped values, and one's own."""

from datetime import timedelta
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.policies import load_privacy
from config.settings import load


def test_the_shipped_values() -> None:
    """Half a year after the last order is settled; replies two weeks, imported files a month."""
    policy = load_privacy()
    assert (policy.after_settled, policy.raw, policy.imports) == (
        timedelta(days=180),
        timedelta(days=14),
        timedelta(days=30),
    )


def test_ones_own_file_changes_single_values(tmp_path: Path) -> None:
    """Named by [policy] privacy, counted from the settings' folder; what it doesn't say stays as shipped."""
    (tmp_path / "mine.toml").write_text("[customer]\nafter_settled_days = 30\n")
    (tmp_path / "doorstep.toml").write_text('[policy]\nprivacy = "mine.toml"\n')
    settings = load(tmp_path / "doorstep.toml", environ={}, structs={})
    assert settings.privacy.after_settled == timedelta(days=30)
    assert settings.privacy.raw == timedelta(days=14)


@pytest.mark.parametrize(
    "text", ["[customer]\nafter_settled_days = 0\n", "[customer]\nkeep = 3\n", "[raw]\ndays = '14'\n", "[nobody]\n"]
)
def test_a_slip_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    """File, line and key."""
    (tmp_path / "mine.toml").write_text(text)
    (tmp_path / "doorstep.toml").write_text('[policy]\nprivacy = "mine.toml"\n')
    with pytest.raises(ConfigError, match=r"mine\.toml"):
        load(tmp_path / "doorstep.toml", environ={}, structs={})
