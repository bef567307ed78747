"""Who has to look after an account."""

from collections.abc import Collection
from enum import StrEnum

from contact_center.accounts.models import Account, Tier


class Gap(StrEnum):
    """What an account lacks."""

    MANAGER = "manager"
    DEPUTY = "deputy"
    SPECIALIST = "specialist"


NEEDED = {Tier.A: (Gap.MANAGER, Gap.DEPUTY), Tier.B: (Gap.SPECIALIST,)}


def gaps(account: Account, *, active: Collection[int]) -> list[Gap]:
    """People its tier asks for who are not named or not here; a deputy is somebody else.

    `active` are the agents who still work here.
    """
    lacking = [
        gap for gap in NEEDED.get(account.tier, ()) if getattr(account, f"{gap}_id") not in active
    ]
    is_own_deputy = account.deputy_id is not None and account.deputy_id == account.manager_id
    if account.tier is Tier.A and is_own_deputy and Gap.DEPUTY not in lacking:
        lacking.append(Gap.DEPUTY)
    return lacking
