"""Reading make_good.toml: the shipped figures, a person's own file laid over them, every misfit with its line."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from config.policies.reading import fitted
from config.toml_text import read_toml
from domain.distance import Distance
from domain.make_good import Band, Cause, CauseRule, Limit, Policy, Tier, Way
from domain.pickup import Payer

Cents = Annotated[int, Meta(ge=0, le=10**11)]
Share = Annotated[float, Meta(ge=0, le=10)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
RESHIPS = (Way.RESHIP, Way.RESHIP_PREMIUM)


class _Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file."""


class _Band(_Table, frozen=True):
    least_cents: Cents
    most_cents: Cents
    source: str
    distances: tuple[Distance, ...] = ()
    value_from_cents: Cents = 0
    freight_cents: Cents = 0
    value_share: Share = 0.0
    currency: Currency = "CNY"

    def __post_init__(self) -> None:
        if self.least_cents > self.most_cents:
            raise ValueError(f"least_cents ({self.least_cents}) is above most_cents ({self.most_cents})")


class _Cause(_Table, frozen=True):
    return_freight: Payer
    outbound_deducted: bool
    source: str


class _Tier(_Table, frozen=True):
    freight_cents: Cents
    carrier: str = ""
    source: str = ""


class _Limit(_Table, frozen=True):
    role: Annotated[str, Meta(pattern="^(agent|lead|admin)$")]
    currency: Currency
    alone_cents: Cents
    approve_cents: Cents | None = None


class _File(_Table, frozen=True):
    undo_s: Annotated[int, Meta(ge=0, le=86_400)]
    goods_cost_share: Share
    outbound_freight_cents: Cents
    goods_kept_cents: Cents
    freight_currency: Currency
    compensation: tuple[_Band, ...]
    reship: dict[str, _Tier]
    causes: dict[str, _Cause]
    return_freight_cents: dict[str, Cents]
    cause_of_case: dict[str, str]
    limits: tuple[_Limit, ...]

    def __post_init__(self) -> None:
        _known("reship", self.reship, [way.value for way in RESHIPS], complete=True)
        _known("causes", self.causes, [cause.value for cause in Cause], complete=True)
        _known("return_freight_cents", self.return_freight_cents, [one.value for one in Distance])
        _known("cause_of_case", self.cause_of_case.values(), [cause.value for cause in Cause])
        rows = [(limit.role, limit.currency) for limit in self.limits]
        if twice := sorted({f"{role} {currency}" for role, currency in rows if rows.count((role, currency)) > 1}):
            raise ValueError(f"limits: two rows for {', '.join(twice)}: keep one")


def _known(table: str, given: Any, known: list[str], *, complete: bool = False) -> None:
    if strange := sorted(set(given) - set(known)):
        raise ValueError(f"{table}: {', '.join(strange)} isn't known; one of {', '.join(known)}")
    if complete and (missing := sorted(set(known) - set(given))):
        raise ValueError(f"{table}: lacks {', '.join(missing)}")


LAID_OVER = ("reship", "causes", "return_freight_cents", "cause_of_case")
"""Tables whose keys are laid over the shipped ones one by one; the others are replaced as a whole."""


def load_make_good(own: Path | None = None) -> Policy:
    """The shipped figures; with a file of one's own, what it says instead.

    Raises ConfigError with the file, line and key of every misfit.
    """
    with files("config").joinpath("policies/make_good.toml").open("rb") as shipped:
        path = Path(shipped.name)
    tables, text = read_toml(path)
    if own is not None:
        theirs, text = read_toml(own)
        tables, path = _laid(tables, theirs), own
    return _policy(fitted(tables, _File, path, text))


def _laid(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    laid = base | own
    for name in LAID_OVER:
        if isinstance(own.get(name), dict):
            laid[name] = base[name] | own[name]
    return laid


def _policy(file: _File) -> Policy:
    return Policy(
        bands=tuple(Band(**_values(band)) for band in file.compensation),
        causes={Cause(name): CauseRule(**_values(rule)) for name, rule in file.causes.items()},
        cause_of_case={kind: Cause(cause) for kind, cause in file.cause_of_case.items()},
        tiers={Way(name): Tier(**_values(tier)) for name, tier in file.reship.items()},
        limits=tuple(Limit(**_values(limit)) for limit in file.limits),
        undo_s=file.undo_s,
        goods_cost_share=file.goods_cost_share,
        outbound_freight_cents=file.outbound_freight_cents,
        return_freight_cents={Distance(name): cents for name, cents in file.return_freight_cents.items()},
        goods_kept_cents=file.goods_kept_cents,
        freight_currency=file.freight_currency,
    )


def _values(struct: Struct) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
