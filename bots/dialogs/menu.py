"""The first page: what the customer can do here."""

from bots.dialogs.voice import Voice
from contact_center.channels.dialogue import Say, Step

QUESTION, COMPLAINT, TICKETS = "question", "complaint", "tickets"
CHOICES = {QUESTION: "menu.question", COMPLAINT: "menu.complaint", TICKETS: "menu.tickets"}


def greeting(voice: Voice) -> Say:
    return voice.say("menu.greet", CHOICES, company=voice.company)


def greet(voice: Voice) -> Step:
    return Step(state={"at": "menu"}, say=(greeting(voice),))


def offer_again(voice: Voice, *first: Say) -> Step:
    """Back at the menu, after something else has been said."""
    return Step(state={"at": "menu"}, say=(*first, voice.say("menu.again", CHOICES)))
