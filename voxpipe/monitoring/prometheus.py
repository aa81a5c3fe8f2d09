"""Figures for Prometheus: ``pip install 'voxpipe[prometheus]'``.

All have labels of which there are few: of an app, a line or a tool that comes after the
first fifty, the name is ``other``.
"""

from __future__ import annotations

from voxpipe import __version__
from voxpipe.pipeline.runtime.call_record import KINDS
from voxpipe.transports.telephony import Switchboard

from .buckets import CALLS, LAG, OURS, TOOLS, TURNS
from .monitor import Exporter
from .names import Names
from .seen import CallSeen, ChargeSeen, ToolSeen, TurnSeen

try:
    from prometheus_client import (
        CONTENT_TYPE_LATEST,
        CollectorRegistry,
        Counter,
        Gauge,
        Histogram,
        ProcessCollector,
        generate_latest,
    )
except ImportError as error:
    raise ImportError(
        "figures for Prometheus need its client: pip install 'voxpipe[prometheus]'"
    ) from error

KIND = CONTENT_TYPE_LATEST
"""The media type of `Prometheus.text`, with its version."""


class Prometheus(Exporter):
    """Counts, in a registry of its own.

    Attributes:
        registry: has all of it; add what is yours.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._names = Names()
        ProcessCollector(registry=registry)
        app = ("app",)

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"voxpipe_{name}", what, labels, registry=registry)

        def seconds(
            name: str, what: str, buckets: tuple[float, ...], *labels: str
        ) -> Histogram:
            return Histogram(
                f"voxpipe_{name}_seconds",
                what,
                labels,
                buckets=buckets,
                registry=registry,
            )

        def gauge(name: str, what: str, *labels: str) -> Gauge:
            return Gauge(f"voxpipe_{name}", what, labels, registry=registry)

        self._active = gauge("calls_active", "Calls that there are", *app)
        self._calls = counter(
            "calls", "Calls that are over, by who or what has ended them",
            *app, "line", "end",
        )  # fmt: skip
        self._call = seconds("call", "How long a call was", CALLS, *app)
        self._turns = counter(
            "turns", "Replies that were heard: to their end, or cut", *app, "outcome"
        )
        self._total = seconds(
            "turn", "From the caller's last sound to the first of the reply",
            TURNS, *app,
        )  # fmt: skip
        self._detection = seconds(
            "turn_detection", "Of it: until the caller's turn was closed", TURNS, *app
        )
        self._model = seconds(
            "turn_model",
            "Of it: until the model's first audio, from the end of the turn or of the "
            "last tool on",
            TURNS, *app,
        )  # fmt: skip
        self._ours = seconds(
            "turn_ours", "Of it: from the model's first audio until that was heard",
            OURS, *app,
        )  # fmt: skip
        self._interruptions = counter("interruptions", "Replies that were cut", *app)
        self._underruns = counter(
            "underruns", "How often a line ran dry within a reply", *app
        )
        self._drops = counter(
            "drops", "Frames of audio that made room for newer ones", *app
        )
        self._faults = counter("faults", "What has failed, by kind", *app, "kind")
        self._tools = counter(
            "tool_calls", "Tools that were called, and what came of it",
            *app, "tool", "outcome",
        )  # fmt: skip
        self._tool = seconds("tool", "How long a tool ran", TOOLS, *app, "tool")
        self._tokens = counter("tokens", "Tokens, by class", *app, "class")
        self._dollars = counter(
            "cost_usd", "What they cost, where the price is known", *app
        )
        self._unpriced = counter(
            "unpriced_charges", "Charges for which no price is known", *app
        )
        self._lag = seconds("loop_lag", "By how much the event loop is late", LAG)
        gauge("build_info", "Always 1", "version").labels(__version__).set(1)
        self._limit = gauge("calls_limit", "Calls that there may be at once")
        self._ready = gauge("ready", "1 while a new call would be taken")

    def follow(self, board: Switchboard) -> None:
        """Tell how many calls it may have, and whether it takes more."""
        self._limit.set(board.limit)
        self._ready.set_function(lambda: board.state == "ready")

    def text(self) -> str:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry).decode()

    def lag(self, seconds: float) -> None:
        """The event loop was late by so much."""
        self._lag.observe(seconds)

    # --- as `Exporter`

    def began(self, call: CallSeen) -> None:
        """As `Exporter.began`."""
        app = self._app(call)
        self._active.labels(app).inc()
        # Shown as 0 from now on: an alert on their rate misses what begins with 1.
        for each in (self._interruptions, self._underruns, self._drops, self._dollars):
            each.labels(app)
        for kind in KINDS:
            self._faults.labels(app, kind)

    def turned(self, call: CallSeen, turn: TurnSeen) -> None:
        """As `Exporter.turned`."""
        app = self._app(call)
        self._turns.labels(app, "cut" if turn.is_cut else "played").inc()
        if turn.is_cut:
            self._interruptions.labels(app).inc()
        for histogram, value in (
            (self._total, turn.total),
            (self._detection, turn.detection),
            (self._model, turn.model),
            (self._ours, turn.ours),
        ):
            if value is not None:
                histogram.labels(app).observe(value)

    def tooled(self, call: CallSeen, tool: ToolSeen) -> None:
        """As `Exporter.tooled`."""
        app, name = self._app(call), self._names.of("tool", tool.name)
        outcome = self._names.of("outcome", tool.error or "ok")
        self._tools.labels(app, name, outcome).inc()
        self._tool.labels(app, name).observe(tool.seconds)

    def charged(self, call: CallSeen, charge: ChargeSeen) -> None:
        """As `Exporter.charged`."""
        app = self._app(call)
        for name, count in charge.tokens.items():
            if count:
                self._tokens.labels(app, self._names.of("class", name)).inc(count)
        if charge.cost_usd is None:
            self._unpriced.labels(app).inc()
        else:
            self._dollars.labels(app).inc(charge.cost_usd)

    def ended(self, call: CallSeen) -> None:
        """As `Exporter.ended`."""
        app, line = self._app(call), self._names.of("line", call.line)
        self._active.labels(app).dec()
        self._calls.labels(app, line, call.end).inc()
        if call.over is not None:
            self._call.labels(app).observe(call.over - call.began)
        self._underruns.labels(app).inc(call.underruns)
        self._drops.labels(app).inc(call.drops)
        for kind, count in call.failures.items():
            self._faults.labels(app, kind).inc(count)

    def _app(self, call: CallSeen) -> str:
        return self._names.of("app", call.app)
