"""How long personal data is kept: the shipped policy (privacy.toml), single values of it changed by a person's own file."""

from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from config.policies.reading import read_policy

Days = Annotated[int, Meta(ge=1, le=3650)]


class _Customer(Struct, frozen=True, forbid_unknown_fields=True):
    after_settled_days: Days | None = None


class _Days(Struct, frozen=True, forbid_unknown_fields=True):
    days: Days | None = None


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    customer: _Customer = _Customer()
    raw: _Days = _Days()
    imports: _Days = _Days()
    positions: _Days = _Days()


@dataclass(frozen=True, slots=True)
class PrivacyPolicy:
    """``after_settled``: from the end of a customer's last order; ``raw``: carriers' replies; ``imports``: taken files; ``positions``: where
    couriers were.
    """

    after_settled: timedelta
    raw: timedelta
    imports: timedelta
    positions: timedelta


def load_privacy(own: Path | None = None) -> PrivacyPolicy:
    """The shipped policy under a file of one's own. Raises ConfigError with the file, line and key of every misfit."""
    with files("config").joinpath("policies/privacy.toml").open("rb") as shipped:
        first = _values(Path(shipped.name))
    days = first | _values(own) if own else first
    return PrivacyPolicy(**{name: timedelta(days=value) for name, value in days.items()})


def _values(path: Path) -> dict[str, int]:
    """The days that a file sets, by the policy's own names."""
    file = read_policy(path, _File)
    found = {
        "after_settled": file.customer.after_settled_days,
        "raw": file.raw.days,
        "imports": file.imports.days,
        "positions": file.positions.days,
    }
    return {name: days for name, days in found.items() if days is not None}
