"""SMTP and LMTP in, on the same loop as everything else.

The sender is told "250" only after the commit. What is our fault is answered with a "451", so the
sender's server keeps the mail and tries again; only mail for others and oversized mail is refused.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from contact_center.channels.base import Receipt
from contact_center.channels.email.addressing import domain_of
from contact_center.channels.email.attachments import drop_files, keep_files
from contact_center.channels.email.host import Host
from contact_center.channels.email.inbound import to_inbound
from contact_center.channels.email.mail import ParsedMail
from contact_center.channels.email.parsing import LONGEST_PARSE, parse_mail, take_as_it_is
from contact_center.errors import Unavailable
from contact_center.settings import Email

logger = logging.getLogger(__name__)

PARSERS = 2  # threads
MOST_RECIPIENTS = 100
MOST_CONNECTIONS = 50
LONGEST_SILENCE = 120.0  # seconds a client may say nothing
LONGEST_COMMIT = 60.0  # seconds; clients wait for ten minutes
LAST_MAILS = 10.0  # seconds to finish what has arrived when the service stops

OK = "250 2.0.0 Ok: kept"
LATER = "451 4.3.0 Not kept: try again later"
NOT_HERE = "550 5.7.1 Not one of our addresses: we relay for nobody"
TOO_MANY = "452 4.5.3 Too many recipients"
BUSY = b"421 4.7.0 Too many connections: try again later\r\n"


class Receiver:
    """Takes one mail: parse, store its files, hand it in. Speaks aiosmtpd's handler names."""

    def __init__(self, host: Host, *, parsers: ThreadPoolExecutor, lmtp: bool) -> None:
        self._host = host
        self._parsers = parsers
        self._lmtp = lmtp
        self._domain = domain_of(host.settings.email.address)
        self._working = 0  # mails that have arrived and are not answered yet
        self.idle = asyncio.Event()
        self.idle.set()

    async def handle_RCPT(  # noqa: N802  aiosmtpd looks for this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return TOO_MANY
        # Everybody who has a domain must take mail for its postmaster, named with or without it.
        if domain_of(address) != self._domain and address.lower() != "postmaster":
            return NOT_HERE
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802  aiosmtpd looks for this name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        raw = envelope.original_content or b""
        self._working += 1
        self.idle.clear()
        try:
            status = await self._take(raw, envelope.mail_from or "", envelope.rcpt_tos)
        finally:
            self._working -= 1
            if not self._working:
                self.idle.set()
        # LMTP answers for each recipient.
        return "\r\n".join([status] * len(envelope.rcpt_tos)) if self._lmtp else status

    async def handle_exception(self, error: Exception) -> str:
        logger.error("a mail conversation broke", exc_info=error)
        return LATER

    async def _take(self, raw: bytes, envelope_from: str, recipients: Sequence[str]) -> str:
        try:
            receipt = await self._hand_in(raw, envelope_from, recipients)
        except Unavailable:
            logger.warning("a mail was put off", extra={"bytes": len(raw)})
            return LATER
        except Exception:  # their server keeps the mail, so it is not lost
            logger.exception("a mail was put off", extra={"bytes": len(raw)})
            return LATER
        logger.info(
            "a mail was kept", extra={"outcome": receipt.outcome, "ticket": receipt.ticket_id}
        )
        return OK

    async def _hand_in(self, raw: bytes, envelope_from: str, recipients: Sequence[str]) -> Receipt:
        mail = await self._parse(raw, "" if envelope_from == "<>" else envelope_from)
        host = self._host
        kept = await keep_files(mail.files, host=host)
        inbound = to_inbound(mail, recipients=recipients, kept=kept, host=host)
        try:
            async with asyncio.timeout(LONGEST_COMMIT):
                receipt = await host.inbox.submit(inbound)
        except Unavailable:
            # After other errors the mail may have been kept all the same, and with it its files.
            await drop_files(kept.files, storage=host.storage)
            raise
        if receipt.duplicate:
            await drop_files(kept.files, storage=host.storage)
        return receipt

    async def _parse(self, raw: bytes, envelope_from: str) -> ParsedMail:
        loop = asyncio.get_running_loop()
        parse = partial(parse_mail, raw, envelope_from=envelope_from)
        work = loop.run_in_executor(self._parsers, parse)
        try:
            # Its own limit ends it sooner, unless a library hangs in code we cannot interrupt.
            return await asyncio.wait_for(asyncio.shield(work), 6 * LONGEST_PARSE)
        except TimeoutError:
            logger.warning("a mail took too long to take apart", extra={"bytes": len(raw)})
            return take_as_it_is(raw, envelope_from)


@asynccontextmanager
async def receiving(host: Host) -> AsyncIterator[int | None]:
    """Listen as long as the block runs; gives the port, None where mail is switched off."""
    settings = host.settings.email
    if not settings.enabled:
        yield None
        return
    parsers = ThreadPoolExecutor(PARSERS, thread_name_prefix="mail")
    receiver = Receiver(host, parsers=parsers, lmtp=settings.listen_protocol == "lmtp")
    conversations: set[Conversation] = set()
    kind = LmtpConversation if settings.listen_protocol == "lmtp" else Conversation
    server = await asyncio.get_running_loop().create_server(
        lambda: kind(receiver, conversations=conversations, settings=settings),
        settings.listen_host,
        settings.listen_port,
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await _finish(receiver, conversations)
        parsers.shutdown(wait=False, cancel_futures=True)


class Conversation(SMTP):
    """One client. Lines may be of any length: some programs never wrap, and are wanted too."""

    def __init__(
        self, handler: Receiver, *, conversations: set["Conversation"], settings: Email
    ) -> None:
        self.line_length_limit = settings.max_bytes
        super().__init__(
            handler,
            data_size_limit=settings.max_bytes,
            enable_SMTPUTF8=True,
            hostname=domain_of(settings.address),
            ident="contact center",
            timeout=LONGEST_SILENCE,
            loop=asyncio.get_running_loop(),
        )
        self._conversations = conversations
        self.over = self.loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._conversations.add(self)
        super().connection_made(transport)
        if len(self._conversations) > MOST_CONNECTIONS:
            assert isinstance(transport, asyncio.Transport)
            transport.write(BUSY)
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._conversations.discard(self)
        super().connection_lost(error)
        self.over.set_result(None)


class LmtpConversation(Conversation, LMTP):
    pass


async def _finish(receiver: Receiver, conversations: set[Conversation]) -> None:
    """Answer what has arrived, then hang up."""
    with suppress(TimeoutError):
        await asyncio.wait_for(receiver.idle.wait(), LAST_MAILS)
    open_ones = list(conversations)
    for conversation in open_ones:
        if conversation.transport is not None:
            conversation.transport.close()
    if open_ones:
        await asyncio.wait([conversation.over for conversation in open_ones], timeout=LAST_MAILS)
