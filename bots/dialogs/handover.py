"""People take over, with everything that has been said so far."""

from collections.abc import Mapping

from bots.dialogs.voice import Voice, subject_of
from contact_center.channels.dialogue import HandOver, Say, Step, Turn

# A dialogue that has ended starts anew, should the customer come back with something else.
ENDED: Mapping[str, object] = {"at": "people"}


def question(voice: Voice, turn: Turn) -> Step:
    subject = subject_of(turn.text) or voice.phrase("handover.subject_attachment")
    return Step(
        state=ENDED,
        say=(voice.say("handover.question"),),
        hand_over=HandOver(subject=subject),
    )


def person(voice: Voice, *, subject: str | None) -> Step:
    return Step(
        state=ENDED,
        say=(voice.say("handover.human"),),
        hand_over=HandOver(subject=subject or voice.phrase("handover.subject_human")),
    )


def complaint(voice: Voice, facts: Mapping[str, str], *first: Say) -> Step:
    """What the customer skipped is left out; an unfinished form is handed over as it is."""
    given = {slot: fact for slot, fact in facts.items() if fact}
    subject = subject_of(given.get("what_happened", ""))
    return Step(
        state=ENDED,
        say=(*first, voice.say("handover.complaint")),
        hand_over=HandOver(
            kind="complaint",
            subject=subject or voice.phrase("handover.subject_complaint"),
            facts=given,
        ),
    )
