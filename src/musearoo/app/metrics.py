"""What `/metrics` shows: requests, generations against their promise, queues, memory."""

from msgspec.structs import asdict
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from musearoo.app.compose import Graph
from musearoo.domain.records import GenerationRecord

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5.0, 10.0)


class Metrics:
    """Counts what happens; called for the text of `/metrics`."""

    def __init__(self, graph: Graph) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "musearoo_http_requests",
            "HTTP requests by route and status",
            ("route", "status"),
            registry=self._registry,
        )
        self._latency = Histogram(
            "musearoo_http_seconds",
            "Time to answer, by route",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        pool = graph.pool
        self._gauge("musearoo_workers", "Interactive workers", pool.workers)
        self._gauge("musearoo_workers_idle", "Interactive workers with nothing to do", pool.idle)
        self._gauge("musearoo_generations_waiting", "Interactive work not begun", pool.queued)
        self._gauge("musearoo_jobs_running", "Durable jobs that run", graph.runner.running)
        desk = graph.conductor.desk
        self._gauge(
            "musearoo_commands_late", "Commands after the bar they asked for", lambda: desk.late
        )
        self._stages = Histogram(
            "musearoo_generation_stage_seconds",
            "From the request to each stage of a generation that was stored",
            ("stage",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        graph.conductor.endings.on_completed(self._completed)

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the path template."""
        self._requests.labels(route, str(status)).inc()
        self._latency.labels(route).observe(seconds)

    def _completed(self, record: GenerationRecord) -> None:
        for stage, milliseconds in asdict(record.stages).items():
            if milliseconds is not None:
                self._stages.labels(stage).observe(milliseconds / 1000)

    def __call__(self) -> bytes:
        return generate_latest(self._registry)

    def _gauge(self, name: str, meaning: str, value: object) -> None:
        gauge = Gauge(name, meaning, registry=self._registry)
        gauge.set_function(lambda: float(value()))  # type: ignore[operator]
