"""Mail out: composes a message and hands it to the mail server, or to a folder."""

from collections.abc import Callable
from datetime import datetime

from contact_center.channels.base import DeliveryFailed, Outgoing
from contact_center.channels.email.composing import BadAddress, compose
from contact_center.channels.email.transports import MailFolder, SmtpTransport, Transport
from contact_center.clock import utcnow
from contact_center.errors import NotFound
from contact_center.settings import Email, Settings
from contact_center.storage import Storage, StoredFile


class EmailChannel:
    """Implements `channels.base.Channel`.

    `extra["ticket_id"]` makes answers come to a signed address; `extra["automatic"]` says whether a
    machine wrote the mail, and is true where no `sender_name` is given.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        settings: Email,
        secret: bytes,
        storage: Storage,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self._transport = transport
        self._settings = settings
        self._secret = secret
        self._storage = storage
        self._now = now

    async def send(self, message: Outgoing) -> str | None:
        """Return the Message-ID. Raises DeliveryFailed."""
        files = [(file, await self._load(file)) for file in message.attachments]
        try:
            letter = compose(
                message,
                files=files,
                settings=self._settings,
                secret=self._secret,
                now=self._now(),
            )
        except BadAddress:
            raise DeliveryFailed("this is not a mail address", permanent=True) from None
        await self._transport.deliver(letter)
        return letter.message_id

    async def close(self) -> None:
        await self._transport.close()

    async def _load(self, file: StoredFile) -> bytes:
        try:
            return await self._storage.load(file.key)
        except NotFound:
            raise DeliveryFailed("an attachment is gone", permanent=True) from None


def build_email_channel(
    settings: Settings, storage: Storage, *, now: Callable[[], datetime] = utcnow
) -> EmailChannel:
    """Without an `smtp_host` mail goes into files, where developers and demos can read it."""
    mail = settings.email
    transport = SmtpTransport(mail) if mail.smtp_host else MailFolder(mail.folder)
    secret = settings.secret_key.get_secret_value().encode()
    return EmailChannel(transport, settings=mail, secret=secret, storage=storage, now=now)
