"""Who at the desk may do what: rights by role, in one table."""

from enum import StrEnum


class Role(StrEnum):
    VIEWER = "viewer"
    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"


class Right(StrEnum):
    """ACT: work on cases. REVEAL: see one customer's masked data. APPROVE: let money out above the limit, or twice. EXPORT:
    take data out of the house. MANAGE: people, roles, erasing a customer.
    """

    READ = "read"
    ACT = "act"
    REVEAL = "reveal"
    APPROVE = "approve"
    EXPORT = "export"
    MANAGE = "manage"


_AGENT = frozenset({Right.READ, Right.ACT, Right.REVEAL})
_LEAD = _AGENT | {Right.APPROVE, Right.EXPORT}

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.AGENT: _AGENT,
    Role.LEAD: _LEAD,
    Role.ADMIN: _LEAD | {Right.MANAGE},
}

_RIGHTS_OF = {role.value: rights for role, rights in RIGHTS.items()}


def may(role: str, right: Right) -> bool:
    """Whether a role has a right; a role that we don't know has none."""
    return right in _RIGHTS_OF.get(role, frozenset())
