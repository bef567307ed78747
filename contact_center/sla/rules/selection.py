"""What a ticket is promised."""

from contact_center.calendars.days import Target, Unit
from contact_center.settings import Targets
from contact_center.sla.models import ClockKind
from contact_center.sla.rules.engine import Terms

PAUSES = "waiting_customer,on_hold"


def promises(targets: Targets) -> dict[ClockKind, Terms]:
    minutes = {
        ClockKind.FIRST_RESPONSE: (targets.first_response, "waiting_customer"),
        ClockKind.RESOLUTION: (targets.resolution, PAUSES),
    }
    return {
        kind: Terms(goal=Target(number, Unit.MINUTES), pauses=pauses)
        for kind, (number, pauses) in minutes.items()
    }
