"""Who at the desk may do what: rights by role, in one table."""

from enum import StrEnum


class Role(StrEnum):
    VIEWER = "viewer"
    WAREHOUSE = "warehouse"
    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"


class Right(StrEnum):
    """RECEIVE: check goods in at the warehouse and decide about them. ACT: work on cases. REVEAL: see one customer's masked data. APPROVE: let money out above the limit, or twice. EXPORT:
    take data out of the house. MANAGE: people, roles, erasing a customer.
    """

    READ = "read"
    RECEIVE = "receive"
    ACT = "act"
    REVEAL = "reveal"
    APPROVE = "approve"
    EXPORT = "export"
    MANAGE = "manage"


_WAREHOUSE = frozenset({Right.READ, Right.RECEIVE})
_AGENT = _WAREHOUSE | {Right.ACT, Right.REVEAL}
_LEAD = _AGENT | {Right.APPROVE, Right.EXPORT}

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.WAREHOUSE: _WAREHOUSE,
    Role.AGENT: _AGENT,
    Role.LEAD: _LEAD,
    Role.ADMIN: _LEAD | {Right.MANAGE},
}

_RIGHTS_OF = {role.value: rights for role, rights in RIGHTS.items()}


def may(role: str, right: Right) -> bool:
    """Whether a role has a right; a role that we don't know has none."""
    return right in _RIGHTS_OF.get(role, frozenset())
