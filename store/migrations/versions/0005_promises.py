"""Promises as rows; whose customer waits for a word, the date that they were given, the next step and its time.

What the facts of earlier versions amount to is worked out anew: a case that was resolved without telling the customer anything
still owes them a word.
"""

import json

import sqlalchemy as sa
from alembic import op

from domain.case import CaseEvent, CaseFact, fold_case
from store.tables import from_seconds, maybe_to_seconds, to_seconds

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "promise",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("promise_by", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "n"),
    )
    op.create_index("promise_by", "promise", ["promise_by", "outcome"])
    op.add_column("cases", sa.Column("untold", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("cases", sa.Column("next_at", sa.BigInteger(), nullable=True))
    op.add_column("cases", sa.Column("step", sa.String(), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("step_due_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "case_untold", "cases", ["promise_by", "id"], sqlite_where=sa.text("untold AND closed_at IS NOT NULL")
    )
    _work_out()


def _work_out() -> None:
    """Each case's promises and what is owed, from its facts; its deadlines are looked at in the first tick."""
    db = op.get_bind()
    histories: dict[str, list[CaseFact]] = {}
    for row in db.exec_driver_sql(
        "SELECT subject_id, event, at, \"by\", channel, words, data FROM fact WHERE subject_type = 'case' ORDER BY id"
    ):
        fact = CaseFact(CaseEvent(row[1]), from_seconds(row[2]), row[3], row[4], row[5], json.loads(row[6]))
        histories.setdefault(row[0], []).append(fact)
    for case_id, history in histories.items():
        if history[0].event is not CaseEvent.OPENED:
            continue  # a damaged history: `doorstep check` names it
        state = fold_case(history)
        at = maybe_to_seconds(history[-1].at) if state.closed_at is None or state.owes_word else None
        db.exec_driver_sql(
            "UPDATE cases SET promise_by = ?, told_at = ?, breached = ?, untold = ?, next_at = ?, timer_at = ? WHERE id = ?",
            (
                maybe_to_seconds(state.promise_by), maybe_to_seconds(state.told_at), state.breached, state.owes_word,
                maybe_to_seconds(state.next_at), at, int(case_id),
            ),
        )  # fmt: skip
        for p in state.promises:
            db.exec_driver_sql(
                "INSERT INTO promise (case_id, n, opened_at, promise_by, told_at, outcome)"
                " SELECT id, ?, ?, ?, ?, ? FROM cases WHERE id = ?",
                (p.n, to_seconds(p.opened_at), to_seconds(p.promise_by), maybe_to_seconds(p.told_at), p.outcome or "",
                 int(case_id)),
            )  # fmt: skip
