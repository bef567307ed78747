import pytest

from contact_center.accounts.models import Account, Tier
from contact_center.accounts.rules import Gap, gaps


@pytest.mark.parametrize(
    ("tier", "people", "lacking"),
    [
        (Tier.A, {}, [Gap.MANAGER, Gap.DEPUTY]),
        (Tier.A, {"manager_id": 1, "deputy_id": 2}, []),
        (Tier.A, {"manager_id": 1, "deputy_id": 1}, [Gap.DEPUTY]),
        (Tier.A, {"manager_id": 9, "deputy_id": 2}, [Gap.MANAGER]),  # left the company
        (Tier.B, {"specialist_id": 9}, [Gap.SPECIALIST]),
        (Tier.B, {"specialist_id": 2}, []),
        (Tier.C, {}, []),
    ],
)
def test_every_a_account_needs_one_active_manager_and_a_deputy(tier, people, lacking) -> None:
    assert gaps(Account(name="Water Works", tier=tier, **people), active={1, 2}) == lacking
