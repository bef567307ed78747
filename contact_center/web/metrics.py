"""Figures for Prometheus."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


@dataclass(slots=True)
class Measured:
    status: int = 500
    counts: bool = True  # False for a stream: it lasts as long as its reader likes


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._requests = Histogram(
            "http_request_seconds",
            "Time until the answer was ready",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def gauge(self, name: str, what: str, value: Callable[[], float]) -> None:
        """A figure that is asked for whenever somebody looks."""
        Gauge(name, what, registry=self.registry).set_function(value)

    @contextmanager
    def measure(self, request: web.Request) -> Iterator[Measured]:
        measured, started = Measured(), time.perf_counter()
        try:
            yield measured
        finally:
            if measured.counts:
                self._observe(request, measured.status, time.perf_counter() - started)

    def _observe(self, request: web.Request, status: int, seconds: float) -> None:
        resource = request.match_info.route.resource
        # What matches no route shares one label: addresses are endless.
        route = resource.canonical if resource is not None else "none"
        method = request.method if resource is not None else "any"
        self._requests.labels(method, route, status).observe(seconds)


METRICS = web.AppKey("metrics", Metrics)
