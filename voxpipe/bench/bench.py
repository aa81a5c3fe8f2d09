"""The door: measure an app, and have what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.telephony.switchboard import App

from .limits import parse_limit
from .memory import run_in_memory
from .plan import CallRun, Plan, Progress
from .result import Report, reported
from .sockets import run_over_sockets


@dataclass(frozen=True, slots=True)
class Benched:
    """A run.

    Attributes:
        report: what ``report.json`` holds.
        runs: the calls, with what was said and heard.
    """

    report: Report
    runs: Sequence[CallRun] = field(repr=False)

    def ms(self, name: str, at: str = "p50") -> float:
        """A latency in milliseconds, such as ``ms("total", "p95")``.

        Args:
            name: ``total``, ``ours``, ``model``, a stage, or ``barge_in``.
            at: ``p50``, ``p90``, ``p95``, ``p99``, ``max`` or ``mean``.

        Raises:
            ConfigurationError: there is no such figure, or it was never measured.
        """
        latencies: dict[str, Any] = self.report["latency_ms"]
        figure = {**latencies, "barge_in": self.report["barge_in_ms"]}.get(name)
        if figure is None or at not in figure or at == "interval":
            known = ", ".join((*latencies, "barge_in"))
            raise ConfigurationError(
                f"expected one of {known}, at p50, p90, p95, p99, max or mean, got "
                f"{name!r} at {at!r}"
            )
        if not figure["count"]:
            raise ConfigurationError(f"{name} was never measured: nothing of it came")
        return float(figure[at])

    def broken(self, *limits: str) -> list[str]:
        """Those of some limits that are broken, with what was measured.

        Such as ``assert not done.broken("turn.p95 > 900ms", "stale_frames > 0")``.

        Raises:
            ConfigurationError: one is no limit, or needs an older report.
        """
        found = list[str]()
        for limit in map(parse_limit, limits):
            if limit.broken(self.report, None):
                found.append(f"{limit.text}: it is {limit.value(self.report):g}")
        return found


def bench(
    app: App | str, plan: Plan | None = None, progress: Progress | None = None
) -> Benched:
    """Place simulated calls to an app, and measure them at the callers' ears.

    It blocks until the last call has ended. An app that opens its session without
    saying where reaches the plan's model.

    Args:
        app: what answers; over sockets, where it is to be found (``module:function``),
            for it runs in a process of its own.
        plan: what is to be measured.
        progress: shows how far it is.

    Raises:
        BenchError: the app could not be served, or the model not be started.
        ConfigurationError: this app cannot be measured in this way.
    """
    plan = plan or Plan()
    if plan.over == "memory":
        if isinstance(app, str):
            raise ConfigurationError(
                "in memory the app itself is called: give the function, not its name"
            )
        runs, used = run_in_memory(app, plan, progress)
        name = _name(app)
    else:
        if not isinstance(app, str):
            raise ConfigurationError(
                "over sockets the app runs in a process of its own: give its name, as "
                "module:function"
            )
        runs, used = run_over_sockets(app, plan, progress)
        name = app
    return Benched(reported(name, plan, runs, used), runs)


def _name(app: object) -> str:
    kind = app if hasattr(app, "__qualname__") else type(app)
    return f"{kind.__module__}:{getattr(kind, '__qualname__', '')}"
