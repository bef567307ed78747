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


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_letter_after_the_review_offers_no_other_review(file, language) -> None:
    turn, review = file.by(file.ann), {"en": "ask us for a review", "zh": "申请内部复核"}[language]
    case = await queries.view_case(file.session, file.id, procedure=usual_procedure())

    first = await letters.letter(file.session, case, LetterKind.FINAL, language=language, turn=turn)
    case.complaint.level = 2
    second = await letters.letter(
        file.session, case, LetterKind.FINAL, language=language, turn=turn
    )

    assert review in first.text
    assert review not in second.text
    outside = {"en": "bodies outside", "zh": "以外的机构"}[language]
    assert outside in second.text
