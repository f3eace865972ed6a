"""How Alembic reaches the open connection; there is no offline mode."""

from alembic import context
from sqlmodel import SQLModel

from store import (
    aside_tables,
    chat_tables,
    claim_tables,
    courier_chat_tables,
    customers_tables,
    files_tables,
    handover_tables,
    hold_tables,
    incident_tables,
    money_tables,
    position_tables,
    privacy_tables,
    promise_tables,
    risk_tables,
    tables,
    turn_tables,
    warehouse_tables,
)

assert aside_tables
assert tables
assert chat_tables
assert customers_tables
assert incident_tables
assert handover_tables
assert hold_tables
assert privacy_tables
assert position_tables
assert promise_tables
assert risk_tables
assert money_tables
assert files_tables
assert claim_tables
assert courier_chat_tables
assert turn_tables
assert warehouse_tables
context.configure(
    connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
