import pytest

from contact_center.errors import TooMany, Unavailable
from contact_center.web import limits
from contact_center.web.limits import Backoff, Places, RateLimit


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def allowed(limit: RateLimit, key: str, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            limit.hit(key)
        except TooMany:
            break
        count += 1
    return count


def test_so_many_at_once_and_then_evenly_spread(seconds) -> None:
    limit = RateLimit(60, per=60, clock=seconds)

    assert allowed(limit, "a", 100) == 60
    assert allowed(limit, "b", 100) == 60
    seconds.now += 2
    assert allowed(limit, "a", 100) == 2


def test_one_is_told_when_to_come_back(seconds) -> None:
    limit = RateLimit(2, per=60, clock=seconds)
    allowed(limit, "a", 2)

    with pytest.raises(TooMany) as refused:
        limit.check("a")

    seconds.now += refused.value.retry_after
    limit.hit("a")


def test_a_check_counts_nothing(seconds) -> None:
    limit = RateLimit(1, clock=seconds)
    for _ in range(5):
        limit.check("a")

    limit.hit("a")


def test_a_flood_of_keys_is_bounded_and_forgets_the_idle_first(seconds, monkeypatch) -> None:
    monkeypatch.setattr(limits, "MOST_KEYS", 100)
    limit = RateLimit(1, per=60, clock=seconds)
    for number in range(50):
        limit.hit(f"idle-{number}")
    seconds.now += 61
    limit.hit("busy")

    for number in range(80):
        limit.hit(f"new-{number}")

    assert len(limit._paid_until) <= 100
    assert allowed(limit, "busy", 1) == 0
    for number in range(1000):
        limit.hit(f"flood-{number}")
    assert len(limit._paid_until) <= 100


def test_each_failure_doubles_the_wait(seconds) -> None:
    backoff, waits = Backoff(free=3, longest=10, clock=seconds), []
    for _ in range(8):
        try:
            backoff.check("ann")
            waits.append(0.0)
        except TooMany as refused:
            waits.append(refused.retry_after)
            seconds.now += refused.retry_after
        backoff.fail("ann")

    assert waits == [0, 0, 0, 1, 2, 4, 8, 10]
    backoff.check("bob")


def test_failures_are_forgotten(seconds) -> None:
    backoff = Backoff(free=1, clock=seconds)
    backoff.fail("ann")
    backoff.clear("ann")
    backoff.check("ann")

    for _ in range(5):
        backoff.fail("bob")
    seconds.now += 3601
    backoff.fail("bob")
    seconds.now += 1
    backoff.check("bob")


def test_a_success_forgives_one_failure_and_no_more(seconds) -> None:
    backoff = Backoff(free=3, clock=seconds)
    for _ in range(3):
        backoff.fail("office")
    backoff.forgive("office")
    backoff.check("office")

    backoff.fail("office")

    with pytest.raises(TooMany):
        backoff.check("office")


def test_failures_under_many_keys_are_bounded(seconds, monkeypatch) -> None:
    monkeypatch.setattr(limits, "MOST_KEYS", 10)
    backoff = Backoff(free=1, clock=seconds)

    for number in range(100):
        backoff.fail(f"{number}")

    assert len(backoff._failures) == 10


def test_places_are_given_back_and_shared_fairly() -> None:
    places = Places(3, each=2)
    with places.take("a"), places.take("a"):
        with pytest.raises(TooMany), places.take("a"):
            pass
        with places.take("b"), pytest.raises(Unavailable), places.take("c"):
            pass

    with places.take("a"):
        pass
