"""The guard over what an order gets lets a refund and an exchange stand beside each other where both pieces came back."""

from store.migrations.guards import left_out

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

WHEN = "NEW.approval = '' AND NEW.kind IN ('refund', 'reship')"
CLASH = """
SELECT 1 FROM instruction o
WHERE o.order_ref = NEW.order_ref AND o.kind IN ('refund', 'reship') AND (
  (o.kind <> NEW.kind AND (o.return_ref IS NULL OR NEW.return_ref IS NULL)) OR o.item = '*' OR NEW.item = '*'
  OR (
    rtrim(o.item, '0123456789') LIKE '%#' AND rtrim(o.item, '0123456789') = rtrim(NEW.item, '0123456789')
    AND CAST(substr(o.item, length(rtrim(o.item, '0123456789')) + 1) AS INTEGER)
      < CAST(substr(NEW.item, length(rtrim(NEW.item, '0123456789')) + 1) AS INTEGER) + NEW.qty
    AND CAST(substr(NEW.item, length(rtrim(NEW.item, '0123456789')) + 1) AS INTEGER)
      < CAST(substr(o.item, length(rtrim(o.item, '0123456789')) + 1) AS INTEGER) + o.qty
  )
)
"""
"""As domain/payments.clash: pieces never twice, and no refund beside a reship unless each is for pieces that came back."""


def upgrade() -> None:
    left_out("instruction_guard", "instruction", WHEN, CLASH)
