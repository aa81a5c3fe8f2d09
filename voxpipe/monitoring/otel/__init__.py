"""Traces and metrics by OTLP: ``pip install 'voxpipe[otel]'``."""

try:
    import opentelemetry.exporter.otlp.proto.http as _  # noqa: F401  # brings the SDK
except ImportError as error:
    raise ImportError(
        "OpenTelemetry needs its SDK: pip install 'voxpipe[otel]'"
    ) from error

from .exporting import OpenTelemetry, correlated
from .metrics import Metrics
from .traces import Traces

__all__ = ["Metrics", "OpenTelemetry", "Traces", "correlated"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
