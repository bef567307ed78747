"""Figures about jobs for Prometheus."""

from prometheus_client import CollectorRegistry, Gauge, Histogram

_BUCKETS = (0.01, 0.05, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0)  # seconds


class JobMetrics:
    """Give `observe` to `scheduling`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "job_seconds",
            "How long runs of jobs took",
            ("job", "succeeded"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._succeeded_at = Gauge(
            "job_last_success_timestamp_seconds",
            "When a job last ended well",
            ("job",),
            registry=registry,
        )

    def observe(self, job: str, seconds: float, succeeded: bool) -> None:
        self._seconds.labels(job, str(succeeded).lower()).observe(seconds)
        if succeeded:
            self._succeeded_at.labels(job).set_to_current_time()
