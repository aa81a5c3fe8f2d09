"""`voxpipe bench`: anybody's own pipeline, measured at the callers' ears."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from voxpipe.bench import (
    Benched,
    Limit,
    Network,
    Plan,
    Verdict,
    bench,
    compared,
    load_callers,
    page,
    parse_limit,
    table,
    talkative,
)
from voxpipe.bench.conversation import conversations
from voxpipe.bench.progress import shown
from voxpipe.bench.search import MOST, find_limit
from voxpipe.pipeline import ConfigurationError
from voxpipe.pipeline.runtime.private import private_folder
from voxpipe.simulator import Timing, load_script

from . import numbers
from .app import load_app
from .model import DEFAULT_APP, environment
from .watched import WATCH, watched

BEYOND = 3  # the exit code when a limit is broken
MAX_REPORT = 200_000_000  # bytes of an older report

_EPILOG = """\
APP is module:function, as of `voxpipe serve`; without one the friendly assistant is
measured. It runs in a process of its own, and callers ring by Twilio's protocol over
real sockets, with a simulated model behind it in a third process:

  voxpipe bench my_agent:answer
  voxpipe bench my_agent:answer --calls 50 --seconds 60 --out before
  voxpipe bench my_agent:answer --out after --compare before/report.json \\
      --fail-on 'turn.p95 > +10%' --fail-on 'underruns > 0'

In virtual time a call passes as fast as the work in it, and a figure is exact: what
waits counts, what works does not.

  voxpipe bench my_agent:answer --virtual --calls 200

  voxpipe bench my_agent:answer --model-delay 300 --model-spread 60
  voxpipe bench my_agent:answer --caller-network latency=40,jitter=20,loss=2%
  voxpipe bench my_agent:answer --model-network latency=80
  OPENAI_API_KEY=sk-... voxpipe bench my_agent:answer --calls 2 \\
      --realtime-url https://api.openai.com/v1          costs money

Callers say, hear out, interrupt and press keys as their file says; a WAV file, or a
folder of them, is said over and over:

  callers:
    - - listen
      - say: hours.wav              # beside this file; or words, which a voice says
      - interrupt: menu.wav         # over the reply
        after: 1.5                  # seconds of it
      - press: "42#"
      - pause: 2

It leaves report.html, which opens anywhere, and report.json. --fail-on takes turn (the
whole of it), ours, model, inbound, turn_detection, commit, first_delta, tools, release,
graph, line, barge_in and greeting at p50, p90, p95, p99, max or mean; and stale_frames,
underruns, faults, cpu_percent_per_call and memory_kb_per_call. A change that chance
explains breaks no limit. Exit code 3 says that one is broken. docs/latency.md explains
each figure.
"""


def add_parser(commands: Any) -> None:
    """Add ``bench`` to the commands."""
    parser = commands.add_parser(
        "bench",
        help="measure how soon an app answers, and where the time goes",
        description="Place simulated calls to an app, and measure each turn.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = "default: %(default)s"
    parser.add_argument("app", nargs="?", default=DEFAULT_APP, metavar="APP")
    add = parser.add_argument
    add(
        "--calls",
        type=numbers.count,
        default=10,
        metavar="N",
        help=f"at once; {default}",
    )
    add(
        "--seconds",
        type=numbers.seconds,
        default=20.0,
        metavar="S",
        help="that each call lasts; default: %(default)g",
    )
    add("--out", type=Path, default=Path("bench-out"), help=f"folder; {default}")
    add(
        "--over",
        choices=("twilio", "memory"),
        default="twilio",
        help=f"how callers reach the app; in memory, it runs here; {default}",
    )
    add("--virtual", action="store_true", help="in memory, and in virtual time")
    add("--callers", type=Path, metavar="FILE", help="YAML, WAV, or a folder of WAVs")
    add("--seed", type=int, default=0, help=f"of all dice; {default}")
    model = parser.add_argument_group("the model")
    model.add_argument(
        "--script", type=Path, metavar="FILE", help="what it says and calls"
    )
    model.add_argument(
        "--model-delay",
        type=numbers.seconds,
        metavar="MS",
        help="from a turn's end to its first audio; default: the script's, or 500",
    )
    model.add_argument(
        "--model-spread",
        type=numbers.seconds,
        metavar="MS",
        help="how far that is scattered",
    )
    model.add_argument(
        "--realtime-url", metavar="URL", help="another model than the simulated one"
    )
    networks = parser.add_argument_group("networks")
    known = "latency=MS,jitter=MS,loss=%%,bandwidth=BITS"
    for side, between in (("caller", "callers and app"), ("model", "app and model")):
        networks.add_argument(
            f"--{side}-network", metavar="HOW", help=f"between {between}: {known}"
        )
    judged = parser.add_argument_group("judgement")
    judged.add_argument(
        "--compare", type=Path, metavar="FILE", help="an older report.json"
    )
    judged.add_argument(
        "--fail-on",
        action="append",
        default=[],
        metavar="LIMIT",
        help="exit with 3 if it is so, such as 'turn.p95 > +10%%'; may be repeated",
    )
    judged.add_argument(
        "--find-limit", action="store_true", help="how many calls it holds"
    )
    judged.add_argument(
        "--most",
        type=numbers.count,
        default=MOST,
        metavar="N",
        help=f"of these; {default}",
    )
    parser.add_argument("--watch", **WATCH)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure; returns the exit code."""
    limits = [parse_limit(each) for each in arguments.fail_on]
    older = None if arguments.compare is None else read_report(arguments.compare)
    for each in limits:
        if each.kind != "value" and older is None:
            raise ConfigurationError(
                f"--fail-on {each.text!r} says how much more than before: give "
                "--compare with an older report.json"
            )
    plan = _plan(arguments)
    loaded = load_app(arguments.app)  # what is wrong with it is said here and now
    app = loaded if plan.over == "memory" else arguments.app
    if arguments.watch and (plan.over, plan.clock) != ("memory", "real"):
        raise ConfigurationError(
            "--watch looks into this process, and in real time: add --over memory"
        )
    with (
        environment(OPENAI_BASE_URL=arguments.realtime_url),
        watched(arguments, arguments.app),
    ):
        if arguments.find_limit:
            return _search(app, plan, arguments)
        with shown() as progress:
            done = bench(app, plan, progress)
    print(table(done.report))
    _leave(done, arguments.out)
    return _judge(done, older, limits)


def _plan(arguments: argparse.Namespace) -> Plan:
    script = load_script(arguments.script) if arguments.script else talkative()
    timing = script.timing.model_dump()
    for name, given in (
        ("first_audio_ms", arguments.model_delay),
        ("first_audio_spread_ms", arguments.model_spread),
    ):
        if given is not None:
            timing[name] = given
    callers = arguments.callers
    return Plan(
        calls=arguments.calls,
        seconds=arguments.seconds,
        over="memory" if arguments.virtual else arguments.over,
        clock="virtual" if arguments.virtual else "real",
        callers=conversations() if callers is None else load_callers(callers),
        script=script.model_copy(update={"timing": Timing(**timing)}),
        endpoint=arguments.realtime_url,
        caller_network=_network(arguments.caller_network),
        model_network=_network(arguments.model_network),
        seed=arguments.seed,
    )


def _network(text: str | None) -> Network:
    return Network() if text is None else Network.of(text)


def _search(app: Any, plan: Plan, arguments: argparse.Namespace) -> int:
    if plan.clock == "virtual":
        raise ConfigurationError("in virtual time an app holds any number of calls")
    with shown() as progress:
        found = find_limit(
            app,
            plan,
            progress,
            lambda line: print(line, flush=True),
            most=arguments.most,
        )
    beyond = found.broken or "more were not tried"
    print(f"\n{arguments.app} holds {found.calls} calls here; {beyond}")
    private_folder(arguments.out)
    told = {
        "calls": found.calls,
        "broken": found.broken,
        "tried": [
            {k: v for k, v in each.items() if k != "samples"}
            for each in found.tried.values()
        ],
    }
    (arguments.out / "limit.json").write_text(json.dumps(told, indent=2) + "\n")
    return 0


def _leave(done: Benched, out: Path) -> None:
    """Write both files: for their owner alone, for they hold what was said."""
    private_folder(out)
    before = os.umask(0o077)
    try:
        data, picture = out / "report.json", out / "report.html"
        data.write_text(json.dumps(done.report, indent=1) + "\n", encoding="utf-8")
        picture.write_text(page(done.report, done.runs), encoding="utf-8")
    finally:
        os.umask(before)
    print(f"\n{picture}  every turn, to be looked at and listened to")
    print(f"{data}  all of it, for programs and for --compare")


def read_report(path: Path) -> Mapping[str, Any]:
    """Read an older report.

    Raises:
        ConfigurationError: it is none.
        OSError: it is not there.
    """
    with path.open(encoding="utf-8") as file:
        text = file.read(MAX_REPORT)
    try:
        told: object = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict) or "samples" not in told or "latency_ms" not in told:
        raise ConfigurationError(
            f"{path} is no report of `voxpipe bench`: give the report.json that an "
            "earlier run has left in its --out"
        )
    return cast("dict[str, Any]", told)


def _judge(
    done: Benched, older: Mapping[str, Any] | None, limits: Sequence[Limit]
) -> int:
    verdicts = [] if older is None else compared(older, done.report)
    if older is not None:
        print(f"\n{_told(verdicts, older, done)}")
    code = 0
    for limit in limits:
        if not limit.broken(done.report, older):
            print(f"kept: not {limit.text}")
        elif limit.is_noise(verdicts):
            print(f"not judged: {limit.text}, but chance alone does as much")
        else:
            print(f"BROKEN: {limit.text}")
            code = BEYOND
    return code


def _told(verdicts: Sequence[Verdict], older: Mapping[str, Any], done: Benched) -> str:
    lines = list[str]()
    changed = [each for each in verdicts if each.change != "same"]
    lines += [f"  {each}" for each in changed]
    head = f"Beside {older['app']} of {older['at']}: "
    head += f"{len(changed)} of {len(verdicts)} figures differ"
    if not changed:
        head = head.replace("0 of", "none of")
    one, other = older["plan"], done.report["plan"]
    differs = [
        name for name in other if one.get(name) != other[name] and name != "seed"
    ]
    if differs:
        lines.append(f"  (not measured alike: {', '.join(differs)})")
    return "\n".join([head, *lines])
