"""What is wrong with a configuration: every problem with its file, line, key and fix, all at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.errors import RuleError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. ``key`` is dotted; ``line`` counts from 1, None where the key stands nowhere."""

    file: str
    key: str
    message: str
    fix: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        said = f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"
        return f"{said}; {self.fix}" if self.fix else said


class ConfigError(RuleError):
    """A configuration that can't be used. The message lists every problem, one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
