"""Rights: what each role of the desk may do."""

from itertools import pairwise

from domain.people import RIGHTS, Right, Role, may


def test_each_role_may_all_that_the_one_below_may():
    """Nobody who is promoted loses a right."""
    ladder = [RIGHTS[role] for role in Role]
    assert all(below < above for below, above in pairwise(ladder))


def test_only_leads_let_money_out_above_the_limit():
    assert [role for role in Role if may(role, Right.APPROVE)] == [Role.LEAD, Role.ADMIN]


def test_a_role_that_nobody_knows_may_nothing():
    assert not any(may("boss", right) for right in Right)
