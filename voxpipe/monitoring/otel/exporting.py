"""To a collector, in threads of the SDK's; and what joins a log to its traces."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from voxpipe import __version__
from voxpipe.monitoring.monitor import Exporter

from .metrics import Metrics
from .traces import Traces


class OpenTelemetry:
    """Tells an OTLP receiver, such as a collector, in threads of the SDK's.

    Where that is, and more, is in the SDK's variables: ``OTEL_EXPORTER_OTLP_ENDPOINT``
    (``http://localhost:4318`` by default), ``OTEL_EXPORTER_OTLP_HEADERS``,
    ``OTEL_SERVICE_NAME``, ``OTEL_RESOURCE_ATTRIBUTES``.

    Attributes:
        exporters: for a `Monitor`.
        tracer: for spans of your own; within a call they are of its trace.
        lag: is told by how many seconds the event loop was late.
    """

    def __init__(self) -> None:
        resource = Resource.create()
        if str(resource.attributes["service.name"]).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": "voxpipe"}))
        self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        self._metrics = MeterProvider([reader], resource, shutdown_on_exit=False)
        metrics = Metrics(self._metrics.get_meter("voxpipe", __version__))
        self.tracer = self._traces.get_tracer("voxpipe", __version__)
        self.exporters: tuple[Exporter, ...] = (Traces(self.tracer), metrics)
        self.lag = metrics.lag

    def close(self) -> None:
        """Send what was not sent yet; waits for the receiver, some seconds at most."""
        self._traces.shutdown()
        self._metrics.shutdown()


@contextmanager
def correlated() -> Generator[None]:
    """Have each line of a log know its trace, in this block.

    As the attributes ``otelTraceID`` and ``otelSpanID`` of a record, as OpenTelemetry's
    own instrumentation has them; ``0`` outside of calls.
    """
    before = logging.getLogRecordFactory()

    def record(*args: object, **kwargs: object) -> logging.LogRecord:
        made: logging.LogRecord = before(*args, **kwargs)
        context = trace.get_current_span().get_span_context()
        valid = context.is_valid
        made.otelTraceID = trace.format_trace_id(context.trace_id) if valid else "0"
        made.otelSpanID = trace.format_span_id(context.span_id) if valid else "0"
        return made

    logging.setLogRecordFactory(record)
    try:
        yield
    finally:
        logging.setLogRecordFactory(before)
