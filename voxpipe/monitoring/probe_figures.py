"""What a synthetic caller has found, for Prometheus."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from .buckets import TURNS

try:
    from prometheus_client import (
        CollectorRegistry,
        Counter,
        Gauge,
        Histogram,
        start_http_server,
    )
except ImportError as error:
    raise ImportError(
        "figures for Prometheus need its client: pip install 'voxpipe[prometheus]'"
    ) from error


class ProbeFigures:
    """Counts calls that were placed to see how it is.

    Args:
        outcomes: that there are, the good one first.

    Attributes:
        registry: has all of it.
    """

    def __init__(self, outcomes: Sequence[str]) -> None:
        self.registry = registry = CollectorRegistry()
        self._good = outcomes[0]
        self._up = Gauge(
            "voxpipe_probe_up", "1 if the last call was answered", registry=registry
        )
        self._calls = Counter(
            "voxpipe_probe_calls", "Calls, by outcome", ["outcome"], registry=registry
        )
        for each in outcomes:
            self._calls.labels(each)
        self._stages = Histogram(
            "voxpipe_probe_seconds",
            "Until it was connected, greeted, answered; at the caller's ear",
            ["stage"],
            buckets=TURNS,
            registry=registry,
        )
        self._underruns = Counter(
            "voxpipe_probe_underruns", "Silence within a reply", registry=registry
        )

    def add(
        self, outcome: str, stages: dict[str, float | None], underruns: int
    ) -> None:
        """A call was placed.

        Args:
            outcome: one of those that there are.
            stages: seconds, by ``connected``, ``greeting`` and ``answer``.
            underruns: how often there was silence within a reply.
        """
        self._up.set(outcome == self._good)
        self._calls.labels(outcome).inc()
        self._underruns.inc(underruns)
        for stage, seconds in stages.items():
            if seconds is not None:
                self._stages.labels(stage).observe(seconds)

    @contextmanager
    def served(self, port: int) -> Generator[int]:
        """Answer at ``/metrics`` on loopback, in a thread; gives the port.

        Raises:
            OSError: the port cannot be had.
        """
        server, thread = start_http_server(port, "127.0.0.1", self.registry)
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
