from contact_center.agents.models import Role
from contact_center.web.permissions import ROLES, Permission


def test_every_role_has_its_permissions() -> None:
    assert set(ROLES) == set(Role)


def test_each_role_may_do_what_the_one_below_may() -> None:
    assert ROLES["agent"] < ROLES["lead"] < ROLES["manager"] < ROLES["admin"]


def test_admins_may_do_everything() -> None:
    assert ROLES["admin"] == set(Permission)
