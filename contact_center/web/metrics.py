"""Figures for Prometheus."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


@dataclass(slots=True)
class Measured:
    status: int = 500


class Metrics:
    """Others add their own gauges to `registry`."""

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

    @contextmanager
    def measure(self, request: web.Request) -> Iterator[Measured]:
        measured, started = Measured(), time.perf_counter()
        try:
            yield measured
        finally:
            resource = request.match_info.route.resource
            # What matches no route shares one label: addresses are endless.
            route = resource.canonical if resource is not None else "none"
            method = request.method if resource is not None else "any"
            self._requests.labels(method, route, measured.status).observe(
                time.perf_counter() - started
            )


METRICS = web.AppKey("metrics", Metrics)
