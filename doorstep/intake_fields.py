"""Reading the fields of one row or body, collecting everything that is wrong with them."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from domain.errors import RuleError
from doorstep.intake_values import text_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FieldProblem:
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class RowError(RuleError):
    """A row or body that can't be taken; ``problems`` are all that was found in it."""

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class Fields:
    """Reads the fields of one row and collects what is wrong with them."""

    def __init__(self, raw: Mapping[str, Any], known: Iterable[str]) -> None:
        self.raw = raw
        self.problems: list[FieldProblem] = []
        names = list(known)
        for key in raw:
            near = [] if key in names else difflib.get_close_matches(str(key), names, n=1, cutoff=0.8)
            if near and near[0] not in raw:
                self.note(str(key), f"unknown field; did you mean `{near[0]}`?")

    def note(self, field: str, message: str) -> None:
        self.problems.append(FieldProblem(field, message))

    def has(self, field: str) -> bool:
        return self.raw.get(field) not in (None, "", [])

    def text(self, field: str) -> str:
        value = self.raw.get(field)
        if isinstance(value, Mapping | list):
            self.note(field, "must be a text")
            return ""
        return text_of(value)

    def read(self, field: str, reader: Callable[[Any], T], default: T) -> T:
        """The field through ``reader``; ``default`` where it is empty, or wrong (which is noted)."""
        if not self.has(field):
            return default
        return self.attempt(field, lambda: reader(self.raw[field]), default)

    def needed(self, field: str, reader: Callable[[Any], T], default: T) -> T:
        if not self.has(field):
            self.note(field, "is missing")
        return self.read(field, reader, default)

    def attempt(self, field: str, act: Callable[[], T], default: T) -> T:
        try:
            return act()
        except RowError as exc:
            self.problems.extend(exc.problems)
        except RuleError as exc:
            self.note(field, str(exc))
        return default

    def finish(self) -> None:
        if self.problems:
            raise RowError(self.problems)


def body_of(raw: object) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise RowError([FieldProblem("body", "must be an object with named fields")])
    return raw
