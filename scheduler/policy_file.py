"""Reading a return policy from TOML: the shipped one, or the operator's own."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from domain.errors import RuleError
from scheduler.policy import Policy


def read_policy(text: str, *, name: str = "returns.toml") -> Policy:
    """The policy in ``text``. Raises RuleError that names the file and what is wrong in it."""
    try:
        return msgspec.convert(tomllib.loads(text), Policy)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as exc:
        raise RuleError(f"{name}: {exc}") from exc


def shipped_policy() -> Policy:
    """`config/policies/returns.toml` as it ships."""
    return read_policy(_shipped())


def _shipped() -> str:
    return files("config").joinpath("policies/returns.toml").read_text(encoding="utf-8")


def own_policy(file: Path) -> Policy:
    """A shop's own file laid over the shipped policy: tables are merged key by key, lists are replaced. Raises RuleError."""
    try:
        own = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise RuleError(f"{file.name}: {exc}") from exc
    try:
        return msgspec.convert(_laid_over(tomllib.loads(_shipped()), own), Policy)
    except msgspec.ValidationError as exc:
        raise RuleError(f"{file.name}: {exc}") from exc


def _laid_over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        under = merged.get(key)
        merged[key] = _laid_over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def shop_policy(base: Policy, *, profile: str | None = None, freight_cents: int | None = None) -> Policy:
    """``base`` with what a shop changes of it. Raises RuleError where the change names what isn't there."""
    changes = {"profile": profile, "freight_cents": freight_cents}
    try:
        return msgspec.structs.replace(base, **{name: value for name, value in changes.items() if value is not None})
    except ValueError as exc:
        raise RuleError(f"[returns]: {exc}") from exc
