"""The Telegram library's requests through aiohttp: one HTTP stack, and a quarter of the CPU."""

import io
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import aiohttp
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

CONNECTIONS = 100
CONNECT = 5.0  # seconds
READ = 10.0
WRITE = 5.0
UPLOAD = 20.0  # the whole stays below the time a relay gives one delivery
DOWNLOAD = 30.0


class Flood(TelegramError):
    """Telegram wants us to wait. (The library's own class warns about itself when created.)"""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"too many requests: wait {retry_after:g} s")
        self.retry_after = retry_after  # seconds


class AiohttpTransport(BaseRequest):
    """Goes straight to Telegram: no proxy is taken from the environment."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return READ

    async def initialize(self) -> None:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS)
            self._session = aiohttp.ClientSession(connector=connector, trust_env=False)

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        uploads = request_data is not None and request_data.contains_files
        connect = _seconds(connect_timeout, CONNECT)
        read = _seconds(read_timeout, READ)
        write = UPLOAD if uploads else _seconds(write_timeout, WRITE)
        timeout = aiohttp.ClientTimeout(
            total=connect + write + read, sock_connect=connect, sock_read=read
        )
        try:
            async with self._open().request(
                method, url, data=_body(request_data), timeout=timeout
            ) as response:
                status, payload = response.status, await response.read()
        except TimeoutError:
            raise TimedOut from None
        except aiohttp.ClientError as error:
            # The error's own words may hold the address, and with it the token.
            raise NetworkError(f"no answer: {type(error).__name__}") from None
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise Flood(_retry_after(payload))
        return status, payload

    async def download(self, url: str) -> AsyncIterator[bytes]:
        """A file's chunks. Raises NetworkError, TimedOut."""
        timeout = aiohttp.ClientTimeout(total=DOWNLOAD, sock_connect=CONNECT)
        try:
            async with self._open().get(url, timeout=timeout) as response:
                if response.status != HTTPStatus.OK:
                    raise NetworkError(f"the file server answered {response.status}")
                async for chunk in response.content.iter_chunked(64 * 1024):
                    yield chunk
        except TimeoutError:
            raise TimedOut from None
        except aiohttp.ClientError as error:
            raise NetworkError(f"no file: {type(error).__name__}") from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise NetworkError("the connection to Telegram is not open")
        return self._session


def _seconds(given: Any, default: float) -> float:
    return default if given is BaseRequest.DEFAULT_NONE or given is None else float(given)


def _body(data: RequestData | None) -> aiohttp.FormData | dict[str, str] | None:
    if data is None:
        return None
    if not data.contains_files:
        return data.json_parameters
    form = aiohttp.FormData(quote_fields=False)  # Telegram shows a quoted Chinese name as it is
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, content_type) in data.multipart_data.items():
        # As a stream: bytes would be written in one go, and hold up everything else.
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, stream, filename=filename, content_type=content_type)
    return form


def _retry_after(payload: bytes) -> float:
    try:
        return max(1.0, float(json.loads(payload)["parameters"]["retry_after"]))
    except (ValueError, KeyError, TypeError):
        return 5.0
