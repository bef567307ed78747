"""What every process needs to run: web, bots, relay and scheduler all start from here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random, SystemRandom

from contact_center.batching import Batcher
from contact_center.bus import Bus
from contact_center.calendars.loading import Calendars
from contact_center.channels.base import Channel, Inbound, Receipt
from contact_center.clock import utcnow
from contact_center.db import Database
from contact_center.ladder import Ladder, usual_ladder
from contact_center.policies.choosing import Policies
from contact_center.procedure import Procedure, usual_procedure
from contact_center.settings import Settings
from contact_center.storage import Storage
from contact_center.switchboard import Switchboard
from contact_center.texts import Texts


@dataclass(frozen=True, kw_only=True, repr=False)
class Runtime:
    """Built in one place, `serve.py`; tests build their own."""

    settings: Settings
    db: Database
    bus: Bus
    storage: Storage
    texts: Texts
    calendars: Calendars
    policies: Policies
    inbox: Batcher[Inbound, Receipt]  # the one way in
    channels: Mapping[str, Channel]  # the one way out
    procedure: Procedure = field(default_factory=usual_procedure)  # of complaints
    ladder: Ladder = field(default_factory=usual_ladder)  # who is told that a promise runs out
    switchboard: Switchboard = field(default_factory=Switchboard)  # who is to get a ticket
    now: Callable[[], datetime] = utcnow
    random: Random = field(default_factory=SystemRandom)

    @property
    def secret(self) -> bytes:
        """Signs reply addresses, chat links and visitor tokens."""
        return self.settings.secret_key.get_secret_value().encode()
