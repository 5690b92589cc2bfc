"""What the service tells of itself: stage times of a photo, counters."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

STAGES = ("decode", "queue", "inference", "stitch", "measure", "encode")
BATCHES = (1, 2, 3, 4, 6, 8, 16, 32)
SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


class Stopwatch:
    """Where the time of one photo goes. A stage inside another is counted once, as the inner one."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._seconds: dict[str, float] = defaultdict(float)
        self._inner: list[float] = []  # a level per open stage: seconds spent in stages within it

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of the block as `name`."""
        started = time.perf_counter()
        self._inner.append(0.0)
        try:
            yield
        finally:
            elapsed = time.perf_counter() - started
            self._seconds[name] += elapsed - self._inner.pop()
            if self._inner:
                self._inner[-1] += elapsed

    def add(self, name: str, seconds: float) -> None:
        """Count time that was measured elsewhere."""
        self._seconds[name] += seconds

    def move(self, source: str, destination: str, seconds: float) -> None:
        """Count part of an open or closed stage as another: waiting for the device is not inference."""
        self._seconds[source] -= seconds
        self._seconds[destination] += seconds

    def seconds(self) -> dict[str, float]:
        """Seconds of every stage, and `total` since the watch was made."""
        stages = {name: max(self._seconds.get(name, 0.0), 0.0) for name in STAGES}
        return stages | {"total": time.perf_counter() - self._started}

    @property
    def passed(self) -> set[str]:
        """The stages that took place, and `total`: tiles are not decoded, and a map that was given needs no network."""
        return {*self._seconds, "total"}


class Metrics:
    """The registry behind `/metrics`; one for each app, so that tests and reloads share nothing."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "hairline_requests", "Answered requests", ("route", "status"), registry=self._registry
        )
        self.stage_seconds = Histogram(
            "hairline_stage_seconds",
            "Seconds a photo spends in each stage",
            ("stage", "model"),
            buckets=SECONDS,
            registry=self._registry,
        )
        self.batch_tiles = Histogram(
            "hairline_batch_tiles",
            "Tiles in each batch that a device ran; their sum is the tiles of all photos",
            buckets=BATCHES,
            registry=self._registry,
        )
        self.queued_photos = Gauge(
            "hairline_queued_photos", "Photos being worked on", registry=self._registry
        )
        self.queued_pixels = Gauge(
            "hairline_queued_pixels",
            "Pixels of all photos being worked on",
            registry=self._registry,
        )
        self.model_info = Gauge(
            "hairline_model_info",
            "Loaded models",
            ("model", "version", "device", "sha256"),
            registry=self._registry,
        )

    def observe(self, watch: Stopwatch, model: str) -> None:
        """Count a finished photo, in the stages that took place."""
        for stage, seconds in watch.seconds().items():
            if stage in watch.passed:
                self.stage_seconds.labels(stage, model).observe(seconds)

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self._registry)
