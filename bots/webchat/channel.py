"""The way out: a message is in the database already, so the open windows are only woken."""

from bots.webchat.front import topic_of
from contact_center.bus import Bus
from contact_center.channels.base import Outgoing


class WebchatChannel:
    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def send(self, message: Outgoing) -> str | None:
        """A window that is closed shows the message when it is opened: this cannot fail."""
        self._bus.publish([topic_of(message.address)])
        return None
