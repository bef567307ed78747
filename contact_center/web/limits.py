"""How much one caller may ask of one process, and how often a password may be guessed."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from aiohttp import web

from contact_center.errors import TooMany, TooSlow, Unavailable

UPLOADS_AT_ONCE = 50
LONGEST_UPLOAD = 300.0  # seconds
MOST_KEYS = 50_000  # remembered at once: some 10 MB


class RateLimit:
    """Generic cell rate: `allowed` at once, then evenly spread; one number remembered per key."""

    def __init__(
        self, allowed: int, *, per: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = per / allowed  # seconds one request costs
        self._burst = per
        self._clock = clock
        self._paid_until: dict[str, float] = {}

    def hit(self, key: str, *, cost: float = 1) -> None:
        """Raises TooMany."""
        now = self._clock()
        paid = max(self._paid_until.get(key, now), now) + cost * self._interval
        self._refuse_beyond(paid - now - self._burst)
        if len(self._paid_until) >= MOST_KEYS and key not in self._paid_until:
            self._forget(now)
        self._paid_until[key] = paid

    def check(self, key: str) -> None:
        """Raises TooMany where the next `hit` would, and counts nothing."""
        if key in self._paid_until:
            now = self._clock()
            self._refuse_beyond(self._paid_until[key] + self._interval - now - self._burst)

    def _refuse_beyond(self, excess: float) -> None:
        if excess > 1e-9:
            raise TooMany(retry_after=excess)

    def _forget(self, now: float) -> None:
        kept = {key: paid for key, paid in self._paid_until.items() if paid > now}
        if len(kept) >= MOST_KEYS:  # a flood of addresses: those that came first are let go
            kept = dict(list(kept.items())[MOST_KEYS // 10 :])
        self._paid_until = kept


class Places:
    """At most `total` things at once, and at most `each` of them for one key."""

    def __init__(self, total: int, *, each: int) -> None:
        self._free = total
        self._each = each
        self._taken: Counter[str] = Counter()

    @contextmanager
    def take(self, key: str) -> Iterator[None]:
        """Raises TooMany where the key has all of its places, Unavailable where none is left."""
        if self._taken[key] >= self._each:
            raise TooMany(code="upload.too_many_at_once", most=self._each)
        if self._free <= 0:
            raise Unavailable(code="request.too_many_at_once")
        self._free -= 1
        self._taken[key] += 1
        try:
            yield
        finally:
            self._free += 1
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]


@asynccontextmanager
async def arriving(places: Places, key: str, *, within: float) -> AsyncIterator[None]:
    """A place for a body that is read slowly. Raises TooMany, Unavailable, TooSlow (`within` s)."""
    with places.take(key):
        try:
            async with asyncio.timeout(within):
                yield
        except TimeoutError:
            raise TooSlow(code="upload.too_slow", seconds=round(within)) from None


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0
    wait_until: float = 0.0


class Backoff:
    """Each failure beyond the first few doubles the wait before the next attempt."""

    def __init__(
        self,
        *,
        free: int,
        longest: float = 300.0,  # seconds to wait
        forget_after: float = 3600.0,  # seconds without a failure
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free = free
        self._longest = longest
        self._forget_after = forget_after
        self._clock = clock
        self._failures: dict[str, _Failures] = {}

    def check(self, key: str) -> None:
        """Raises TooMany while the wait lasts."""
        failures = self._failures.get(key)
        if failures is not None and (wait := failures.wait_until - self._clock()) > 0:
            raise TooMany(code="login.too_many_attempts", retry_after=wait)

    def fail(self, key: str) -> None:
        now = self._clock()
        failures = self._failures.pop(key, None)
        if failures is None or now - failures.last > self._forget_after:
            failures = _Failures()
        failures.count, failures.last = failures.count + 1, now
        if failures.count >= self._free:
            doubled = 2.0 ** min(failures.count - self._free, 30)
            failures.wait_until = now + min(doubled, self._longest)
        if len(self._failures) >= MOST_KEYS:
            del self._failures[next(iter(self._failures))]  # the one that failed longest ago
        self._failures[key] = failures

    def forgive(self, key: str) -> None:
        """Take one failure back, and no more: others may be guessing under the same key."""
        if (failures := self._failures.get(key)) is not None:
            failures.count -= 1
            failures.wait_until = 0.0

    def clear(self, key: str) -> None:
        self._failures.pop(key, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    callers: RateLimit
    addresses: RateLimit  # of those who are not logged in
    bad_credentials: RateLimit  # by address
    login_accounts: Backoff
    login_addresses: Backoff
    uploads: Places  # by caller


LIMITS = web.AppKey("limits", Limits)


def limits_for(*, per_caller: int, per_address: int) -> Limits:
    """Requests a minute."""
    return Limits(
        callers=RateLimit(per_caller),
        addresses=RateLimit(per_address),
        bad_credentials=RateLimit(60),
        login_accounts=Backoff(free=5),
        login_addresses=Backoff(free=20),
        uploads=Places(UPLOADS_AT_ONCE, each=8),
    )
