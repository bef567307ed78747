"""A question goes straight to people, in the customer's own words."""

from bots.dialogs.voice import Voice
from contact_center.channels.dialogue import Step

CANCEL = {"cancel": "complaint.cancel"}


def ask(voice: Voice) -> Step:
    return Step(state={"at": "question"}, say=(voice.say("question.ask", CANCEL),))
