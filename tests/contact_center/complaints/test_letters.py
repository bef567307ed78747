"""What letters say of the file."""

import pytest

from contact_center.complaints import queries
from contact_center.complaints.actions import letters, redress
from contact_center.complaints.models import RedressKind
from contact_center.complaints.rules.letters import LetterKind
from contact_center.procedure import usual_procedure


@pytest.mark.parametrize(("amount", "is_named"), [(100, True), (190_000, False)])
async def test_a_letter_names_what_is_granted_and_not_what_is_only_proposed(
    file, amount, is_named
) -> None:
    await file.acknowledge()
    turn = file.by(file.ann)
    await redress.propose(
        file.session,
        file.id,
        kind=RedressKind.REFUND,
        amount=amount,
        description="for the kettle",
        turn=turn,
    )
    if is_named:
        await file.assess()
        await file.decide()
        await file.approve()
    case = await queries.view_case(file.session, file.id, procedure=usual_procedure())

    letter = await letters.letter(file.session, case, LetterKind.FINAL, language="en", turn=turn)

    assert ("for the kettle" in letter.text) is is_named
