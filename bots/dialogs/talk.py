"""The conversation a customer has before people take over: one pure function.

A text always means something: a call for a person is heard in every state, a complaint opens its
form, and anything else that has substance is a question for people.
"""

from collections.abc import Mapping
from typing import Any

from bots.dialogs import complaint, handover, menu, question, tickets, words
from bots.dialogs.language import detect
from bots.dialogs.voice import Voice, subject_of
from contact_center.channels.dialogue import Dialogue, Say, Step, Turn
from contact_center.texts import Texts

HUMAN = "human"


def build_dialogue(texts: Texts, *, company: str) -> Dialogue:
    def talk(state: Mapping[str, Any], turn: Turn) -> Step:
        language = _language(texts, turn)
        step = _answer(Voice(texts, company, language), state, turn)
        return Step(state=step.state, say=step.say, hand_over=step.hand_over, language=language)

    return talk


def greeting(texts: Texts, *, company: str, language: str) -> Say:
    """What a window can show before the customer has written anything."""
    return menu.greeting(Voice(texts, company, language))


def _language(texts: Texts, turn: Turn) -> str:
    spoken = detect(turn.text) if turn.button is None else None
    return spoken if spoken in texts.languages else turn.language


def _answer(voice: Voice, state: Mapping[str, Any], turn: Turn) -> Step:
    if turn.button == HUMAN or (turn.button is None and words.asks_for_human(turn.text)):
        return _person(voice, state, turn)
    if turn.button in menu.CHOICES:
        return _choose(voice, turn)
    if state.get("at") == "complaint":
        return complaint.go_on(voice, state, turn)
    if turn.button is not None:  # of a form that has ended
        return menu.offer_again(voice)
    if words.complains(turn.text):
        return complaint.begin(voice, turn)
    return _question(voice, turn)


def _person(voice: Voice, state: Mapping[str, Any], turn: Turn) -> Step:
    if state.get("at") == "complaint":
        return complaint.hand_over_now(voice, state, turn)
    if turn.button is None and words.complains(turn.text):
        return complaint.hand_over_now(voice, {}, turn)
    says_more = turn.button is None and words.says_more_than_a_call(turn.text)
    return handover.person(voice, subject=subject_of(turn.text) if says_more else None)


def _choose(voice: Voice, turn: Turn) -> Step:
    if turn.button == menu.COMPLAINT:
        return complaint.begin(voice, turn)
    if turn.button == menu.TICKETS:
        return tickets.show(voice, turn.tickets)
    return question.ask(voice)


def _question(voice: Voice, turn: Turn) -> Step:
    if words.cancels(turn.text) or words.goes_back(turn.text):
        return menu.offer_again(voice)
    if not turn.has_attachments and words.greets(turn.text):
        return menu.greet(voice)
    return handover.question(voice, turn)
