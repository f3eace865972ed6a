"""What every table is declared with."""

from sqlmodel import SQLModel


class Row(SQLModel):
    """A table. Statements are Core's and rows come as mappings, so that nothing is ever validated: its validator is built when somebody asks."""

    model_config = {"defer_build": True}
