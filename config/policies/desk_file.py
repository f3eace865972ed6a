"""Reading desk.toml: the shipped file, a person's own laid over it, every misfit with its line."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from config.policies.desk import DEFAULT, DeskPolicy, Rules, StepRule
from config.policies.detection_file import overlaid
from config.policies.reading import fitted
from config.toml_text import read_toml
from domain.case import Kind
from domain.steps import Rung, Step

SHIPPED = Path(__file__).parent / "desk.toml"

Minutes = Annotated[float, Meta(gt=0)]
Hours = Annotated[float, Meta(ge=0)]
Times = Annotated[int, Meta(ge=1, le=20)]


class _Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file."""


class _Steps(_Table, frozen=True):
    acknowledge_min: Minutes
    carrier_contacted_min: Minutes
    customer_told_min: Minutes
    carrier_answered_before_h: Hours
    progress_min: Minutes
    outcome_min: Minutes


class _Kind(_Table, frozen=True):
    steps: tuple[
        Literal["acknowledge", "carrier_contacted", "customer_told", "carrier_answered", "progress", "outcome"], ...
    ]
    acknowledge_min: Minutes | UnsetType = UNSET
    carrier_contacted_min: Minutes | UnsetType = UNSET
    customer_told_min: Minutes | UnsetType = UNSET
    carrier_answered_before_h: Hours | UnsetType = UNSET
    progress_min: Minutes | UnsetType = UNSET
    outcome_min: Minutes | UnsetType = UNSET


class _Rung(_Table, frozen=True):
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=32)]
    to: Literal["owner", "on_call", "second", "lead", "everybody"]
    after_opening_min: Minutes | None = None
    after_missed_min: Minutes | None = None
    every_min: Minutes = 60
    times: Times = 1


class _File(_Table, frozen=True):
    spare_h: Hours
    steps: _Steps
    kinds: dict[str, _Kind]
    rungs: tuple[_Rung, ...] = ()

    def __post_init__(self) -> None:
        known = {DEFAULT, *(kind.value for kind in Kind)}
        if unknown := sorted(self.kinds.keys() - known):
            raise ValueError(f"kinds: {', '.join(unknown)}: no such kind of case; known: {', '.join(sorted(known))}")
        names = [rung.name for rung in self.rungs]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"rungs: {', '.join(twice)}: two rungs of one name")


def load_desk(own: Path | None = None) -> DeskPolicy:
    """The shipped policy with a person's file laid over it. Raises ConfigError with the line and key of every misfit."""
    shipped, text = read_toml(SHIPPED)
    if own is None:
        return _policy(fitted(shipped, _File, SHIPPED, text))
    theirs, text = read_toml(own)
    return _policy(fitted(overlaid(shipped, theirs), _File, own, text))


def _policy(file: _File) -> DeskPolicy:
    return DeskPolicy(
        kinds={name: _rules(file.steps, kind) for name, kind in file.kinds.items()},
        rungs=tuple(_rung(rung) for rung in file.rungs),
        spare=timedelta(hours=file.spare_h),
    )


def _rules(shared: _Steps, kind: _Kind) -> Rules:
    return tuple((Step(name), _rule(shared, kind, name)) for name in kind.steps)


def _rule(shared: _Steps, kind: _Kind, name: str) -> StepRule:
    key = f"{name}_before_h" if name == Step.CARRIER_ANSWERED else f"{name}_min"
    own: float | UnsetType = getattr(kind, key)
    length: float = getattr(shared, key) if own is UNSET else own
    if name == Step.CARRIER_ANSWERED:
        return StepRule(before_promise=timedelta(hours=length))
    return StepRule(within=timedelta(minutes=length))


def _rung(rung: _Rung) -> Rung:
    return Rung(
        rung.name, rung.to, _minutes(rung.after_opening_min), _minutes(rung.after_missed_min),
        timedelta(minutes=rung.every_min), rung.times,
    )  # fmt: skip


def _minutes(length: float | None) -> timedelta | None:
    return None if length is None else timedelta(minutes=length)
