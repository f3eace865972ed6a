"""Words as values: a code and its parameters, turned into zh-CN or English only where people read them."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence to be said: ``code`` names it in config/texts, ``params`` fill its blanks.

    Parameters are JSON values: text, numbers, ISO times (``*_at``), seconds (``*_s``), cents (``*_cents``).
    """

    code: str
    params: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "params": self.params}


def words_from_json(value: dict[str, Any]) -> Words:
    return Words(code=value["code"], params=dict(value.get("params", {})))
