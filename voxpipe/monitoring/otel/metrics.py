"""The figures of `voxpipe.monitoring.prometheus`, for OpenTelemetry.

Names are OpenTelemetry's for generative AI where it has some, else ours: ``voxpipe.…``.
Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/ (November 2026; "in
development" still, so they may change there).
"""

from __future__ import annotations

from opentelemetry.metrics import Histogram, Meter

from voxpipe.monitoring.buckets import CALLS, LAG, OURS, TOOLS, TURNS
from voxpipe.monitoring.monitor import Exporter
from voxpipe.monitoring.names import Names
from voxpipe.monitoring.seen import CallSeen, ChargeSeen, ToolSeen, TurnSeen

from .traces import in_and_out


class Metrics(Exporter):
    """Counts.

    Args:
        meter: of the SDK.
    """

    def __init__(self, meter: Meter) -> None:
        self._names = Names()

        def seconds(name: str, what: str, cuts: tuple[float, ...]) -> Histogram:
            return meter.create_histogram(
                name, "s", what, explicit_bucket_boundaries_advisory=cuts
            )

        self._active = meter.create_up_down_counter(
            "voxpipe.calls.active", "{call}", "Calls that there are"
        )
        self._call = seconds("voxpipe.call.duration", "How long a call was", CALLS)
        self._turns = meter.create_counter(
            "voxpipe.turns", "{turn}", "Replies that were heard"
        )
        self._total = seconds(
            "voxpipe.turn.total",
            "From the caller's last sound to the first of the reply",
            TURNS,
        )
        self._detection = seconds(
            "voxpipe.turn.detection", "Until the caller's turn was closed", TURNS
        )
        self._model = seconds(
            "voxpipe.turn.model", "Until the model's first audio", TURNS
        )
        self._ours = seconds("voxpipe.turn.ours", "Until that was heard", OURS)
        self._tool = seconds("voxpipe.tool.duration", "How long a tool ran", TOOLS)
        self._interruptions = meter.create_counter(
            "voxpipe.interruptions", "{turn}", "Replies that were cut"
        )
        self._underruns = meter.create_counter(
            "voxpipe.underruns", "{gap}", "How often a line ran dry within a reply"
        )
        self._drops = meter.create_counter(
            "voxpipe.drops", "{frame}", "Audio that made room for newer audio"
        )
        self._faults = meter.create_counter(
            "voxpipe.faults", "{fault}", "What has failed, by kind"
        )
        self._dollars = meter.create_counter("voxpipe.cost", "USD", "What it cost")
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage", "{token}", "Tokens of a response"
        )
        self._operation = seconds(
            "gen_ai.client.operation.duration", "How long a response was made", TURNS
        )
        self._lag = seconds("voxpipe.loop.lag", "By how much the loop is late", LAG)

    def lag(self, seconds: float) -> None:
        """The event loop was late by so much."""
        self._lag.record(seconds)

    # --- as `Exporter`

    def began(self, call: CallSeen) -> None:
        """As `Exporter.began`."""
        self._active.add(1, self._of(call))

    def turned(self, call: CallSeen, turn: TurnSeen) -> None:
        """As `Exporter.turned`."""
        outcome = "cut" if turn.is_cut else "played"
        self._turns.add(1, {**self._of(call), "voxpipe.outcome": outcome})
        for histogram, value in (
            (self._total, turn.total),
            (self._detection, turn.detection),
            (self._model, turn.model),
            (self._ours, turn.ours),
        ):
            if value is not None:
                histogram.record(value, self._of(call))

    def tooled(self, call: CallSeen, tool: ToolSeen) -> None:
        """As `Exporter.tooled`."""
        name = self._names.of("tool", tool.name)
        outcome = self._names.of("outcome", tool.error or "ok")
        attributes = {
            **self._of(call),
            "gen_ai.tool.name": name,
            "voxpipe.outcome": outcome,
        }
        self._tool.record(tool.seconds, attributes)

    def charged(self, call: CallSeen, charge: ChargeSeen) -> None:
        """As `Exporter.charged`."""
        common = {
            **self._of(call),
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": call.model,
        }
        for kind, count in in_and_out(charge.tokens).items():
            if count:
                self._tokens.record(count, {**common, "gen_ai.token.type": kind})
        if charge.cost_usd is not None:
            self._dollars.add(charge.cost_usd, self._of(call))
        times = charge.timings
        start = None if times is None else times.asked
        if start is not None:
            self._operation.record(charge.over - start, common)

    def ended(self, call: CallSeen) -> None:
        """As `Exporter.ended`."""
        of = self._of(call)
        self._active.add(-1, of)
        line = self._names.of("line", call.line)
        self._call.record(
            (call.over or call.began) - call.began,
            {**of, "voxpipe.line": line, "voxpipe.end": call.end},
        )
        self._interruptions.add(call.interruptions, of)
        self._underruns.add(call.underruns, of)
        self._drops.add(call.drops, of)
        for kind, many in call.failures.items():
            self._faults.add(many, {**of, "voxpipe.kind": kind})

    def _of(self, call: CallSeen) -> dict[str, str]:
        return {"gen_ai.agent.name": self._names.of("app", call.app)}
