"""Calls other systems over HTTP, signed, and never into our own network."""

import errno
import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from contact_center.channels.addresses import check_url, is_public
from contact_center.channels.base import DeliveryFailed, Outgoing
from contact_center.channels.signatures import standard_headers
from contact_center.channels.targets import Target, Targets
from contact_center.errors import Invalid
from contact_center.settings import Webhooks

TIMEOUT = 15.0  # seconds, from the look-up of the name to the last byte of the answer
LONGEST_ANSWER = 64 * 1024  # bytes that are read; the rest is hung up on
LONGEST_EXCERPT = 1000  # characters of an answer that are kept with the delivery
LONGEST_WAIT = 24 * 3600.0  # seconds; a receiver may ask for no more


class Gone(DeliveryFailed):
    """The receiver has said 410: it wants no more."""

    def __init__(self) -> None:
        super().__init__("HTTP 410: the receiver wants no more", permanent=True)


class SignedCalls:
    """What calling an endpoint and calling a source have in common. Build it in a running loop."""

    def __init__(
        self,
        *,
        settings: Webhooks,
        now: Callable[[], datetime],
        resolver: AbstractResolver | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._settings = settings
        self._now = now
        self._timeout = timeout
        open_to_all = settings.allow_private_networks
        resolver = resolver or aiohttp.ThreadedResolver()
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=resolver if open_to_all else PublicResolver(resolver),
                socket_factory=None if open_to_all else _public_socket,
                use_dns_cache=False,
            ),
            timeout=aiohttp.ClientTimeout(total=timeout),
            cookie_jar=aiohttp.DummyCookieJar(),  # receivers must not see each other's
            auto_decompress=False,  # a small answer may unpack to gigabytes
            headers={"User-Agent": "contact-center", "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        await self._http.close()

    async def call(self, target: Target, *, message_id: str, body: str) -> str:
        """Return the status of the answer. Raises DeliveryFailed."""
        url = self._check(target.url)
        headers = standard_headers(
            message_id=message_id, body=body, secrets=target.secrets, at=self._now()
        )
        status, retry_after, answer = await self._post(url, body, headers)
        if 200 <= status < 300:
            return f"HTTP {status}"
        if status == 410:
            raise Gone
        reason = "redirects are not followed" if 300 <= status < 400 else answer
        wait = seconds_to_wait(retry_after, now=self._now())
        raise DeliveryFailed(f"HTTP {status}: {reason}".rstrip(": "), retry_after=wait)

    def _check(self, url: str) -> URL:
        try:
            return check_url(
                url,
                allow_http=self._settings.allow_http,
                allow_private_networks=self._settings.allow_private_networks,
                ports=self._settings.ports,
            )
        except Invalid as error:
            raise DeliveryFailed(str(error), permanent=True) from error

    async def _post(
        self, url: URL, body: str, headers: dict[str, str]
    ) -> tuple[int, str | None, str]:
        headers = {**headers, "Content-Type": "application/json"}
        try:
            async with self._http.post(
                url, data=body.encode(), headers=headers, allow_redirects=False
            ) as response:
                answer = await _excerpt(response)
                return response.status, response.headers.get("Retry-After"), answer
        except TimeoutError:
            raise DeliveryFailed(f"no answer within {self._timeout:g} seconds") from None
        except (aiohttp.ClientError, OSError) as error:
            # The address may carry a secret in its path or query.
            reason = str(error).replace(str(url), "the address")
            raise DeliveryFailed(f"{type(error).__name__}: {reason}"[:500]) from None


class WebhookChannel:
    """Tells endpoints of events: takes `extra["endpoint_id"]`, and the JSON body in `text`."""

    def __init__(self, calls: SignedCalls, *, targets: Targets) -> None:
        self._calls = calls
        self._targets = targets

    async def send(self, message: Outgoing) -> str | None:
        """Return the status of the answer. Raises DeliveryFailed."""
        endpoint_id = message.extra["endpoint_id"]
        target = await self._targets.find(endpoint_id)
        if target is None:
            raise DeliveryFailed(f"endpoint {endpoint_id} is disabled or gone", permanent=True)
        try:
            return await self._calls.call(
                target, message_id=message.idempotency_key, body=message.text
            )
        except Gone:
            await self._targets.gone(endpoint_id)
            raise


class RepliesChannel:
    """Hands answers to customers back to the system that handed in their messages."""

    def __init__(self, calls: SignedCalls, *, target: Target, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._target = target
        self._now = now

    async def send(self, message: Outgoing) -> str | None:
        """Return the status of the answer. Raises DeliveryFailed."""
        said = {
            "type": "message.reply",
            "timestamp": self._now().isoformat(),
            "data": {
                "id": message.idempotency_key,
                "address": message.address,
                "ticket_id": message.extra.get("ticket_id"),
                "references": list(message.references),
                "subject": message.subject,
                "text": message.text,
                "buttons": [
                    {"label": button.label, "value": button.value} for button in message.buttons
                ],
                "files": [
                    {"name": file.name, "content_type": file.content_type, "size": file.size}
                    for file in message.attachments
                ],
                "sender_name": message.sender_name,
            },
        }
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        return await self._calls.call(self._target, message_id=message.idempotency_key, body=body)


class PickUpChannel:
    """Answers wait on the ticket until the other system reads them there over the API."""

    async def send(self, message: Outgoing) -> str | None:
        return None


class PublicResolver(AbstractResolver):
    """Refuses a name when any of its addresses is not on the open Internet.

    What it returns is what is connected to: there is no second look-up that could answer otherwise.
    """

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        refused = [result["host"] for result in found if not is_public(result["host"])]
        if refused:
            raise DeliveryFailed(f"{host} leads to {refused[0]}, which is not a public address")
        return found

    async def close(self) -> None:
        await self._inner.close()


def seconds_to_wait(retry_after: str | None, *, now: datetime) -> float | None:
    """What `Retry-After` asks for, as seconds or as a date; None when it asks nothing sensible."""
    if not retry_after:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return min(float(retry_after[:9]), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT)


def _public_socket(address: tuple[Any, ...]) -> socket.socket:
    """The last gate: whatever was resolved or written in digits, this is what is connected to."""
    family, kind, protocol, _, place = address
    if not is_public(place[0]):
        raise OSError(errno.EACCES, f"{place[0]} is not a public address")
    return socket.socket(family, kind, protocol)


async def _excerpt(response: aiohttp.ClientResponse) -> str:
    read = b""
    while len(read) < LONGEST_ANSWER:
        chunk = await response.content.read(LONGEST_ANSWER - len(read))
        if not chunk:
            break
        read += chunk
    else:
        response.close()
    text = read.decode(errors="replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_EXCERPT]
