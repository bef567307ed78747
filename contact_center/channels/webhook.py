"""Calls other systems over HTTP, signed, and never into our own network."""

import errno
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


class WebhookChannel:
    """Takes `extra["endpoint_id"]` and the JSON body in `text`. Build it in a running loop."""

    def __init__(
        self,
        *,
        targets: Targets,
        settings: Webhooks,
        now: Callable[[], datetime],
        resolver: AbstractResolver | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._targets = targets
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

    async def send(self, message: Outgoing) -> str | None:
        """Return the status line of the answer. Raises DeliveryFailed."""
        endpoint_id = message.extra["endpoint_id"]
        target = await self._targets.find(endpoint_id)
        if target is None:
            raise DeliveryFailed(f"endpoint {endpoint_id} is disabled or gone", permanent=True)
        status, retry_after, answer = await self._post(self._check(target.url), target, message)
        if 200 <= status < 300:
            return f"HTTP {status}"
        if status == 410:
            await self._targets.gone(endpoint_id)
            raise DeliveryFailed("HTTP 410: the receiver wants no more", permanent=True)
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
        self, url: URL, target: Target, message: Outgoing
    ) -> tuple[int, str | None, str]:
        headers = standard_headers(
            message_id=message.idempotency_key,
            body=message.text,
            secrets=target.secrets,
            at=self._now(),
        )
        headers["Content-Type"] = "application/json"
        body = message.text.encode()
        try:
            async with self._http.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                answer = await _excerpt(response)
                return response.status, response.headers.get("Retry-After"), answer
        except TimeoutError:
            raise DeliveryFailed(f"no answer within {self._timeout:g} seconds") from None
        except (aiohttp.ClientError, OSError) as error:
            # The address may carry a secret in its path or query.
            reason = str(error).replace(str(url), "the address")
            raise DeliveryFailed(f"{type(error).__name__}: {reason}"[:500]) from None


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
    except ValueError:
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
