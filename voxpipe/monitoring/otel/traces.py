"""A trace for each call: its turns, the model's responses, its tools.

Spans are made when a turn is over, from times that are known by then: nothing waits for
them.

Names are OpenTelemetry's for generative AI where it has some, else ours: ``voxpipe.…``.
Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/ (November 2026; "in
development" still, so they may change there).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from anyio import current_time
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from voxpipe.monitoring.monitor import Exporter
from voxpipe.monitoring.seen import CallSeen, ChargeSeen, ToolSeen, TurnSeen

MAX_WAITING = 256  # responses and tools of a call, whose turn is not over


@dataclass(slots=True)
class _Trace:
    """Of one call.

    Attributes:
        span: of the call.
        epoch: nanoseconds since 1970 at which anyio's clock was 0.
        charges: responses that belong to no turn yet.
        tools: likewise.
    """

    span: Span
    epoch: int
    charges: list[ChargeSeen] = field(default_factory=list[ChargeSeen])
    tools: list[ToolSeen] = field(default_factory=list[ToolSeen])

    def at(self, seconds: float) -> int:
        return self.epoch + round(seconds * 1e9)


class Traces(Exporter):
    """Makes the spans.

    Args:
        tracer: of the SDK.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._open: dict[int, _Trace] = {}  # by the id of their `CallSeen`

    def began(self, call: CallSeen) -> None:
        """As `Exporter.began`."""
        epoch = datetime.now(UTC).timestamp() - current_time()
        span = self._tracer.start_span(
            f"invoke_agent {call.app}",
            kind=SpanKind.SERVER,
            start_time=round((epoch + call.began) * 1e9),
            attributes={
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.provider.name": "openai",
                "gen_ai.agent.name": call.app,
                "gen_ai.conversation.id": call.id[-8:],  # as in the log
                "gen_ai.output.type": "speech",
                "voxpipe.line": call.line,
            },
        )
        self._open[id(call)] = _Trace(span, round(epoch * 1e9))

    def around(self, call: CallSeen) -> AbstractContextManager[object]:
        """As `Exporter.around`: the app's own spans, and what is logged, are of it."""
        span = self._open[id(call)].span
        return trace.use_span(span, record_exception=False)

    def turned(self, call: CallSeen, turn: TurnSeen) -> None:
        """As `Exporter.turned`."""
        traced, times = self._open[id(call)], turn.timings
        starts = (times.user_stopped, times.requested, times.created, turn.over)
        start = next(each for each in starts if each is not None)
        passed = {
            "voxpipe.turn.total": turn.total,
            "voxpipe.turn.detection": turn.detection,
            "voxpipe.turn.model": turn.model,
            "voxpipe.turn.ours": turn.ours,
        }
        span = self._tracer.start_span(
            "turn",
            trace.set_span_in_context(traced.span),
            start_time=traced.at(start),
            attributes={
                "voxpipe.turn.interrupted": turn.is_cut,
                "voxpipe.turn.generated": turn.generated,
                "voxpipe.turn.played": turn.played,
                **{name: value for name, value in passed.items() if value is not None},
            },
        )
        for name in ("committed", "first_delta", "first_written", "first_played"):
            at = getattr(times, name)
            if at is not None:
                span.add_event(name, timestamp=traced.at(at))
        self._tell_waiting(call, traced, span)
        span.end(traced.at(turn.over))

    def tooled(self, call: CallSeen, tool: ToolSeen) -> None:
        """As `Exporter.tooled`."""
        waiting = self._open[id(call)].tools
        if len(waiting) < MAX_WAITING:
            waiting.append(tool)

    def charged(self, call: CallSeen, charge: ChargeSeen) -> None:
        """As `Exporter.charged`."""
        waiting = self._open[id(call)].charges
        if charge.timings is not None and len(waiting) < MAX_WAITING:
            waiting.append(charge)

    def ended(self, call: CallSeen) -> None:
        """As `Exporter.ended`."""
        traced = self._open.pop(id(call))
        self._tell_waiting(call, traced, traced.span)
        over = current_time() if call.over is None else call.over
        span = traced.span
        span.set_attributes(
            {
                "gen_ai.request.model": call.model,
                "voxpipe.end": call.end,
                "voxpipe.interruptions": call.interruptions,
                "voxpipe.underruns": call.underruns,
                "voxpipe.drops": call.drops,
                **{f"voxpipe.{name}": many for name, many in call.failures.items()},
                **_usage(call.tokens),
                **(
                    {} if call.cost_usd is None else {"voxpipe.cost_usd": call.cost_usd}
                ),
            }
        )
        if call.end in ("failed", "model", "stuck"):
            span.set_status(Status(StatusCode.ERROR))
            span.set_attribute("error.type", call.end)
        span.end(traced.at(over))

    # --- inner workings

    def _tell_waiting(self, call: CallSeen, traced: _Trace, parent: Span) -> None:
        within = trace.set_span_in_context(parent)
        for charge in traced.charges:
            self._tell_response(call, charge, traced, within)
        for tool in traced.tools:
            span = self._tracer.start_span(
                f"execute_tool {tool.name}",
                within,
                start_time=traced.at(tool.over - tool.seconds),
                attributes={
                    "gen_ai.operation.name": "execute_tool",
                    "gen_ai.tool.name": tool.name,
                    "gen_ai.tool.call.id": tool.call_id,
                    "gen_ai.tool.type": "function",
                },
            )
            if tool.error is not None:
                span.set_status(Status(StatusCode.ERROR))
                span.set_attribute("error.type", tool.error)
            span.end(traced.at(tool.over))
        traced.charges.clear()
        traced.tools.clear()

    def _tell_response(
        self,
        call: CallSeen,
        charge: ChargeSeen,
        traced: _Trace,
        within: Context,
    ) -> None:
        times = charge.timings
        assert times is not None
        start = charge.over if times.asked is None else times.asked
        attributes: dict[str, str | int | float] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": call.model,
            "gen_ai.response.id": charge.reply_id,
            "gen_ai.output.type": "speech",
            **_usage(charge.tokens),
        }
        if times.first_delta is not None:
            first = times.first_delta - start
            attributes["gen_ai.response.time_to_first_chunk"] = first
        if charge.cost_usd is not None:
            attributes["voxpipe.cost_usd"] = charge.cost_usd
        self._tracer.start_span(
            f"chat {call.model}",
            within,
            kind=SpanKind.CLIENT,
            start_time=traced.at(start),
            attributes=attributes,
        ).end(traced.at(charge.over))


def in_and_out(tokens: Mapping[str, int]) -> dict[str, int]:
    """Tokens by OpenTelemetry's two types; ours say what they were of, too."""
    out = sum(many for name, many in tokens.items() if name.endswith("_out"))
    return {"input": sum(tokens.values()) - out, "output": out}


def _usage(tokens: Mapping[str, int]) -> dict[str, int]:
    sums = in_and_out(tokens)
    cached = sum(many for name, many in tokens.items() if name.startswith("cached_"))
    return {
        "gen_ai.usage.input_tokens": sums["input"],
        "gen_ai.usage.cache_read.input_tokens": cached,
        "gen_ai.usage.output_tokens": sums["output"],
    }
