"""Takes a complaint: what happened, since when, which order, what would put it right.

Every answer may tell more than was asked for; what is known is not asked again.
"""

from collections.abc import Mapping
from dataclasses import replace

from bots.dialogs import handover, menu, words
from bots.dialogs.facts import LONGEST_FACT, SLOTS, found_in, known, missing
from bots.dialogs.voice import Voice
from contact_center.channels.dialogue import Say, Step, Turn

SKIP, BACK, CANCEL = "skip", "back", "cancel"
_LABELS = {SKIP: "complaint.skip", BACK: "complaint.back", CANCEL: "complaint.cancel"}


def begin(voice: Voice, turn: Turn) -> Step:
    """Whatever the first message already tells is taken as told."""
    if turn.button is not None or _tells_nothing(turn.text):
        return _ask(voice, {}, asked=[])
    step = _ask(voice, _learn({}, "what_happened", turn.text), asked=["what_happened"])
    return replace(step, say=(voice.say("complaint.sorry"), *step.say))


def go_on(voice: Voice, state: Mapping[str, object], turn: Turn) -> Step:
    facts, asked = known(state), _asked(state)
    if turn.button == CANCEL or (turn.button is None and words.cancels(turn.text)):
        return menu.offer_again(voice, voice.say("complaint.cancelled"))
    if turn.button == BACK or (turn.button is None and words.goes_back(turn.text)):
        return _back(voice, facts, asked)
    slot = missing(facts)
    if slot is None:
        return _finish(voice, facts)
    return _ask(voice, _answered(voice, facts, slot, turn), asked=[*asked, slot])


def hand_over_now(voice: Voice, state: Mapping[str, object], turn: Turn) -> Step:
    """The customer wants a person in the middle of the form: what is known goes along."""
    facts = known(state)
    slot = missing(facts)
    # "Somebody should call me" is a wish as well.
    if (
        turn.button is None
        and slot
        and (slot == "remedy" or words.says_more_than_a_call(turn.text))
    ):
        facts = _learn(facts, slot, turn.text)
    return handover.complaint(voice, facts)


def _answered(voice: Voice, facts: dict[str, str], slot: str, turn: Turn) -> dict[str, str]:
    if turn.button == SKIP or (slot == "order" and words.skips(turn.text)):
        return {**facts, slot: ""}
    if turn.text.strip() and not (slot == "what_happened" and _tells_nothing(turn.text)):
        return _learn(facts, slot, turn.text)
    return {**facts, slot: voice.phrase("complaint.attached")} if turn.has_attachments else facts


def _tells_nothing(text: str) -> bool:
    return words.greets(text) or words.says_only_that_there_is_a_complaint(text)


def _learn(facts: dict[str, str], slot: str, text: str) -> dict[str, str]:
    told = text.strip()[:LONGEST_FACT]
    more = found_in(told) if slot == "what_happened" else {}
    if slot == "order":
        told = found_in(told).get("order", told)
    return {**more, **facts, slot: told}


def _ask(voice: Voice, facts: dict[str, str], *, asked: list[str]) -> Step:
    slot = missing(facts)
    if slot is None:
        return _finish(voice, facts)
    offered = ([SKIP] if slot == "order" else []) + ([BACK] if asked else []) + [CANCEL]
    return Step(
        state={"at": "complaint", "facts": facts, "asked": asked},
        say=(voice.say(f"complaint.ask_{slot}", {value: _LABELS[value] for value in offered}),),
    )


def _back(voice: Voice, facts: dict[str, str], asked: list[str]) -> Step:
    """Forget the last answer, and what was read out of it, and ask for it again."""
    if not asked:
        return menu.offer_again(voice, voice.say("complaint.cancelled"))
    *earlier, last = asked
    kept = {slot: facts[slot] for slot in earlier if slot in facts}
    if last != "what_happened":  # what the first account told besides still holds
        kept |= {slot: fact for slot, fact in facts.items() if slot not in asked}
    return _ask(voice, kept, asked=earlier)


def _asked(state: Mapping[str, object]) -> list[str]:
    asked = state.get("asked")
    return [slot for slot in asked if slot in SLOTS] if isinstance(asked, list) else []


def _finish(voice: Voice, facts: dict[str, str]) -> Step:
    shown = {slot: facts.get(slot) or voice.phrase("complaint.not_said") for slot in SLOTS}
    return handover.complaint(voice, facts, Say(voice.phrase("complaint.summary", **shown)))
