"""Reading a return policy from TOML: the shipped one, or the operator's own."""

import tomllib
from importlib.resources import files

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
    text = files("config").joinpath("policies/returns.toml").read_text(encoding="utf-8")
    return read_policy(text)


def shop_policy(base: Policy, *, profile: str | None = None, freight_cents: int | None = None) -> Policy:
    """``base`` with what a shop changes of it. Raises RuleError where the change names what isn't there."""
    changes = {"profile": profile, "freight_cents": freight_cents}
    try:
        return msgspec.structs.replace(base, **{name: value for name, value in changes.items() if value is not None})
    except ValueError as exc:
        raise RuleError(f"[returns]: {exc}") from exc
