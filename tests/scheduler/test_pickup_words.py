"""Everything that the pickup side says can be said in both languages."""

import ast
from pathlib import Path

import pytest
from pickup_house import POLICY

from config.words import knows
from domain.pickup import Payer
from scheduler.day import HELD, NO_COURIER, NO_LOCATION
from scheduler.router.plan import CODES

ROOM = Path(__file__).parents[2] / "scheduler"


def said_plainly() -> set[str]:
    """The codes that stand as texts in a call of Words, or of the slots' helper."""
    calls = (node for file in ROOM.glob("*.py") for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    named = (
        c for c in calls if isinstance(c, ast.Call) and isinstance(c.func, ast.Name) and c.func.id in {"Words", "_no"}
    )
    first = (call.args[0] for call in named if call.args)
    return {arg.value for arg in first if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}


def said_by_table() -> set[str]:
    """The codes that are put together from a table."""
    return (
        {f"unserved_{code}" for code in (*CODES, HELD, NO_COURIER, NO_LOCATION)}
        | {f"return_excepted_{exception.id}" for exception in POLICY.exceptions}
        | {f"return_eligible_{payer}_pays" for payer in Payer}
        | {"code_wrong"}
    )


def test_the_codes_are_found_at_all() -> None:
    """Else the next rule would hold for nothing."""
    assert {"stop_over", "slot_past", "plan_rejected"} <= said_plainly()


@pytest.mark.parametrize("code", sorted(said_plainly() | said_by_table()))
def test_every_code_has_its_words(code: str) -> None:
    """In Chinese and in English."""
    assert knows(code)
