"""Two ways a finished mail leaves: to a mail server, or into a folder one can look into."""

import asyncio
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Protocol

import aiosmtplib

from contact_center.channels.base import DeliveryFailed
from contact_center.channels.email.composing import Letter
from contact_center.settings import Email

TIMEOUT = 30.0  # seconds for one answer of the server
MOST_CONNECTIONS = 8
IDLE = 20.0  # seconds a connection is kept for the next mail
_LONGEST_REASON = 300  # characters of a server's words
_ABOUT_US = frozenset({421, 450, 451, 454, 530, 534, 535, 538})  # not about this mail


class Transport(Protocol):
    async def deliver(self, letter: Letter) -> None:
        """Raises DeliveryFailed."""

    async def close(self) -> None: ...


class MailFolder:
    """Every mail becomes a file; the same mail again replaces it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def deliver(self, letter: Letter) -> None:
        local = letter.message_id.strip("<>").partition("@")[0]
        digest = hashlib.sha256(letter.message_id.encode()).hexdigest()[:8]
        name = f"{re.sub(r'[^A-Za-z0-9-]+', '-', local)[:60]}-{digest}.eml"
        try:
            await asyncio.to_thread(_write, self._directory / name, letter.content)
        except OSError as error:
            raise DeliveryFailed(f"the mail folder cannot be written: {error.strerror}") from error

    async def close(self) -> None:
        """Nothing is open."""


class SmtpTransport:
    """Keeps a few connections, and each for as long as there is mail for it."""

    def __init__(self, settings: Email) -> None:
        self._settings = settings
        self._idle: list[tuple[float, aiosmtplib.SMTP]] = []  # last used, by the loop's time
        self._free = asyncio.Semaphore(MOST_CONNECTIONS)

    async def deliver(self, letter: Letter) -> None:
        async with self._free:
            try:
                await self._deliver(letter)
            except (aiosmtplib.SMTPException, OSError, ValueError) as error:
                raise _failure(error) from error

    async def close(self) -> None:
        idle, self._idle = self._idle, []
        for _, client in idle:
            client.close()

    async def _deliver(self, letter: Letter) -> None:
        client = await self._kept_connection()
        if client is not None:
            try:
                return await self._send(client, letter)
            except aiosmtplib.SMTPServerDisconnected:
                pass  # it hung up while idle; the Message-ID tells a repeated mail apart
        return await self._send(await self._new_connection(), letter)

    async def _send(self, client: aiosmtplib.SMTP, letter: Letter) -> None:
        beyond_ascii = not (letter.recipient.isascii() and letter.sender.isascii())
        try:
            await client.sendmail(
                letter.sender,
                [letter.recipient],
                letter.content,
                mail_options=["SMTPUTF8"] if beyond_ascii else [],
            )
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused):
            self._keep(client)  # the server said no to this mail, and will hear the next
            raise
        except BaseException:
            client.close()
            raise
        self._keep(client)

    def _keep(self, client: aiosmtplib.SMTP) -> None:
        if client.is_connected:
            self._idle.append((asyncio.get_running_loop().time(), client))

    async def _kept_connection(self) -> aiosmtplib.SMTP | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            used, client = self._idle.pop()
            if client.is_connected and now - used < IDLE:
                return client
            client.close()
        return None

    async def _new_connection(self) -> aiosmtplib.SMTP:
        settings = self._settings
        password = settings.smtp_password
        client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=password.get_secret_value() if password else None,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            timeout=TIMEOUT,
        )
        try:
            await client.connect()
        except BaseException:
            client.close()
            raise
        return client


def _failure(error: Exception) -> DeliveryFailed:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPConnectResponseError | aiosmtplib.SMTPAuthenticationError):
        return DeliveryFailed(f"the mail server does not let us in: {error.code}")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        words = " ".join(str(error.message).split())[:_LONGEST_REASON]
        permanent = 500 <= error.code < 600 and error.code not in _ABOUT_US
        return DeliveryFailed(f"{error.code} {words}", permanent=permanent)
    if isinstance(error, aiosmtplib.SMTPNotSupported | ValueError):
        return DeliveryFailed("the mail server cannot take this address", permanent=True)
    return DeliveryFailed(f"the mail server cannot be reached: {type(error).__name__}")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
