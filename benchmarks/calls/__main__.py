"""Phone calls: voxpipe beside a hand-written bridge and Pipecat.

python -m benchmarks.calls                                   all, 25 minutes
python -m benchmarks.calls --quick                           3 minutes
python -m benchmarks.calls --only a1,b --calls 100 --seconds 20 --rounds 3
python -m benchmarks.calls --only b --carrier telnyx         another carrier's wire
python -m benchmarks.calls --carrier all --rounds 3          each, beside Twilio's
python -m benchmarks.calls --only b --largest                where it breaks
python -m benchmarks.calls --only b --print-command          to run it by hand
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.report import CannotMeasure

from .carriers import compare_carriers
from .contenders import CONTENDERS, Contender
from .line import WORDS
from .machine import look
from .pairs import compare
from .plan import FULL, QUICK, Plan, carry_out
from .results import RESULTS, last_line, lines, publish
from .search import largest
from .targets import targets
from .trial import Bench


def _chosen(names: str) -> list[Contender]:
    unknown = [name for name in names.split(",") if name not in CONTENDERS]
    if unknown:
        raise SystemExit(f"no such contender: {unknown[0]} ({', '.join(CONTENDERS)})")
    return [CONTENDERS[name] for name in names.split(",")]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.calls",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="all in 3 minutes, to see that it runs")
    add("--check", action="store_true", help="exit with 1 unless all is kept")
    add("--only", metavar="NAMES", help=f"some of {','.join(CONTENDERS)}, in turns")
    add("--calls", type=int, default=100, help="with --only")
    add("--talking", type=int, help="with --only: the other calls hold the line")
    add("--seconds", type=float, default=20.0, help="with --only: measured, each time")
    add("--rounds", type=int, default=1, help="with --only")
    add("--largest", action="store_true", help="with --only: search how many it holds")
    add("--print-command", action="store_true", help="with --only: do not run it")
    add("--carrier", choices=(*WORDS, "all"), help="beside Twilio, with --only b …")
    add("--noise", action="store_true", help="with --only: lines are never silent")
    add("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    add("--server-core", type=int, default=0)
    add("--other-core", type=int, default=1)
    add("--port", type=int, default=19080)
    add("--model-port", type=int, default=19081)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    given = _options(arguments)
    bench = Bench(
        given.server_core,
        given.other_core,
        given.port,
        given.model_port,
        given.loop,
        noise=given.noise,
    )
    try:
        if given.carrier:
            _carriers(bench, _chosen(given.only or "b"), given)
        elif given.only:
            _some(bench, _chosen(given.only), given)
        else:
            _all(bench, QUICK if given.quick else FULL, check=given.check)
    except CannotMeasure as error:
        print(f"could not measure: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def _all(bench: Bench, plan: Plan, *, check: bool) -> None:
    findings = carry_out(bench, plan)
    judged = targets(findings)
    print()
    print("\n".join(lines(judged)))
    if plan is FULL:
        publish(findings)
        print(f"written: {RESULTS}")
    print(last_line(findings))
    if check and any(each.verdict != "kept" for each in judged):
        raise SystemExit(1)


def _carriers(
    bench: Bench, contenders: Sequence[Contender], given: argparse.Namespace
) -> None:
    if any(each.maker != "voxpipe" for each in contenders):
        raise SystemExit("--carrier is for --only b …: the others know Twilio alone")
    wires = tuple(WORDS) if given.carrier == "all" else (given.carrier,)
    for each in contenders:
        if given.print_command:
            for wire in wires:
                here = replace(bench, wire=wire)
                print(here.describe(each, given.calls, given.calls, given.seconds))
        else:
            compare_carriers(
                bench, each, wires, given.calls, given.seconds, given.rounds
            )


def _some(
    bench: Bench, contenders: Sequence[Contender], given: argparse.Namespace
) -> None:
    talking = given.calls if given.talking is None else given.talking
    for each in contenders if given.print_command or given.largest else ():
        if given.print_command:
            print(bench.describe(each, given.calls, talking, given.seconds))
        else:
            largest(bench, each, given.seconds)
    if not (given.print_command or given.largest):
        for why in look((bench.server_core, bench.other_core)):
            print(f"INVALID: {why}", file=sys.stderr)
        compare(bench, contenders, given.calls, given.seconds, given.rounds, talking)


if __name__ == "__main__":
    main()
