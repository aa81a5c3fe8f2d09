"""What `voxpipe serve` tells of its calls while it serves, if it is asked to."""

from __future__ import annotations

import argparse
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path

from anyio import create_task_group

from voxpipe.monitoring import Exporter, Monitor
from voxpipe.pipeline.runtime.lag import lag_measured
from voxpipe.transports.asgi import AsgiApp
from voxpipe.transports.telephony import Switchboard

from .app import AppError
from .process import LINE
from .reports import MOST, Reports


def add_monitoring(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--metrics",
        action="store_true",
        help="figures for Prometheus at /metrics, for this machine, or for who brings "
        "METRICS_TOKEN; pip install 'voxpipe[prometheus]'",
    )
    parser.add_argument(
        "--otel",
        action="store_true",
        help="traces and metrics by OTLP, to OTEL_EXPORTER_OTLP_ENDPOINT; "
        "pip install 'voxpipe[otel]'",
    )
    parser.add_argument(
        "--reports",
        type=Path,
        metavar="DIR",
        help="leave a report and a timeline of each call there, without words or "
        f"sound; the newest {MOST:,} are kept",
    )


def asked_for(
    arguments: argparse.Namespace, environment: Mapping[str, str]
) -> Monitoring | None:
    """What tells of the calls; ``None`` if nothing is asked to.

    Args:
        arguments: of the command.
        environment: in which ``METRICS_TOKEN`` may be.

    Raises:
        AppError: what is needed for it is not installed.
    """
    wished = arguments.metrics or arguments.otel or arguments.reports is not None
    return Monitoring(arguments, environment) if wished else None


class Monitoring:
    """What was asked for, of which there is something.

    Args:
        arguments: of the command.
        environment: in which ``METRICS_TOKEN`` may be.

    Attributes:
        watcher: for the switchboard.

    Raises:
        AppError: what is needed for it is not installed.
    """

    def __init__(
        self, arguments: argparse.Namespace, environment: Mapping[str, str]
    ) -> None:
        exporters: list[Exporter] = []
        self._figures = self._otel = None
        self._token = environment.get("METRICS_TOKEN", "")
        if arguments.metrics:
            try:
                from voxpipe.monitoring.prometheus import Prometheus
            except ImportError as missing:
                raise AppError(str(missing)) from None
            self._figures = Prometheus()
            exporters.append(self._figures)
        if arguments.otel:
            try:
                from voxpipe.monitoring.otel import OpenTelemetry
            except ImportError as missing:
                raise AppError(str(missing)) from None
            self._otel = OpenTelemetry()
            exporters += self._otel.exporters
        self._reports = None
        if arguments.reports is not None:
            try:
                self._reports = Reports(arguments.reports)
            except OSError as error:
                raise AppError(f"--reports {arguments.reports}: {error}") from None
            exporters.append(self._reports)
        self.watcher = Monitor(exporters)

    @property
    def log_line(self) -> str:
        """The format of what is logged: with the trace, where there is one."""
        return LINE if self._otel is None else f"{LINE} trace_id=%(otelTraceID)s"

    @contextmanager
    def running(self) -> Generator[None]:
        """Around all of it; at the end, what was not sent yet is sent."""
        if self._otel is None:
            yield
            return
        from voxpipe.monitoring.otel import correlated

        with correlated():
            try:
                yield
            finally:
                self._otel.close()

    @asynccontextmanager
    async def of(self, board: Switchboard, doors: AsgiApp) -> AsyncGenerator[AsgiApp]:
        """Tell of this switchboard, and of the loop, as long as the block runs.

        Gives its doors, with what Prometheus asks for beside them.
        """
        told = [each.lag for each in (self._figures, self._otel) if each is not None]
        if self._figures is not None:
            from voxpipe.monitoring.endpoint import WithMetrics

            self._figures.follow(board)
            doors = WithMetrics(self._figures, self._token, doors)
        async with create_task_group() as tasks:
            for lag in told:
                tasks.start_soon(lag_measured, lag)
            async with nullcontext() if not self._reports else self._reports.written():
                yield doors
            tasks.cancel_scope.cancel()
