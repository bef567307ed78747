"""Who takes a step on a complaint, from a request."""

from contact_center.complaints.actions.turns import Turn
from contact_center.events.rules import Actor
from contact_center.web.call import Call


def turn_of(call: Call) -> Turn:
    runtime = call.runtime
    return Turn(
        by=Actor(call.agent.actor),
        now=call.now,
        procedure=runtime.procedure,
        policies=runtime.policies,
        settings=runtime.settings,
        texts=runtime.texts,
    )
