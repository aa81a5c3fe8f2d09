"""`voxpipe simulate`: a Realtime service on this machine, for any client."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio

from voxpipe.chaos import INCIDENTS, ChaosProxy, Incident
from voxpipe.chaos.incidents import again_and_again
from voxpipe.pipeline import ConfigurationError
from voxpipe.pipeline.runtime.hosts import is_loopback
from voxpipe.simulator import LocalAuthority, Script, Simulator, load_script
from voxpipe.simulator.cassettes import load_cassette
from voxpipe.simulator.net.keys import any_key

from . import numbers
from .process import log_to_console

_ANYWHERE = {"0.0.0.0", "::", ""}  # where to listen, and no name to be reached by
WITHOUT_SCRIPT = Script(then="call_tools")

_EPILOG = """\
Any program that uses the Realtime API can talk to it: no key, no network, no bill.

  voxpipe simulate restaurant.yaml
  export OPENAI_BASE_URL=http://127.0.0.1:8081/v1 OPENAI_API_KEY=sk-simulated

It takes any key; with --key only that one, and the client secrets made with it: what
does your program say when it is refused?

Clients that speak wss:// only (OpenAI's SDK for JavaScript) need --tls, and both lines
that it prints then.

A script says what the model says and calls, reply by reply (restaurant.yaml):

  replies:
    - heard: Are you open on Sunday?        # the caller's words, for transcripts
      say: One moment.                      # spoken before the call; may be left out
      calls:
        - name: opening_hours               # a tool that the session declares
          arguments: {day: Sunday}
    - say: "On Sunday we are open {result.hours}."      # from the tool's JSON result
    - heard: question.wav                   # its words are in question.txt beside it
      say: [One moment., Tonight we have lasagne.]      # two messages of one reply
      wait_ms: 1500                         # a slow answer
    - fails: {code: server_error}           # the reply fails
  then: echo                                # after the last; or repeat, call_tools
  timing:
    first_audio_ms: 500
    speed: 5                                # times faster than it plays

Replies can depend on what came last; these go before those by turn:

  when:
    - text: book|reserve                    # a pattern, in what was said or typed
      calls: [{name: book_table, arguments: {people: 2}}]
    - result: book_table                    # this tool has answered
      text: full                            # a pattern in its answer; may be left out
      say: I am sorry, we are full tonight.
    - instructions: summar                  # a pattern in the reply's own instructions
      say: Somebody asked for a table.

And what can go wrong does when you say so, at any event of the protocol:

  faults:
    - {do: close, code: 1011, at: response.output_audio.delta, after: 3}
    - {do: stall, at: response.created, seconds: 4}     # or for ever, without seconds
    - {do: half_open, at: input_audio_buffer.append, after: 500}
    - {do: slow, at: session.created, seconds: 0.2}     # each event from then on
    - {do: malformed, at: response.done}    # also: duplicate, reorder
    - {do: rate_limited, after: 2}          # the third reply fails
    - {do: expired, at: conversation.item.truncate, sessions: 1}    # the first only

MCP servers that a session declares are in the script, by their label: with their tools,
or with the address of a real one on this machine (pip install 'voxpipe[mcp]'):

  mcp:
    - label: shop
      tools:
        - {name: find_order, read_only: true, gives: {price: 40 euros}}
        - {name: refund, fails: {type: tool_execution_error, message: too late}}
    - {label: stock, url: "http://127.0.0.1:9000/mcp"}

While it serves it prints a line for each session, each turn that it hears, each reply
(which line of the script, and why) and each tool's answer, without their words; --quiet
leaves them out.

What happens at a provider happens here, ten seconds after the first connection and then
again and again: what do your callers hear?

  voxpipe simulate --incident rolling-restart     # all connections are reset
  voxpipe simulate --incident outage              # and new ones, too, for 15 s
  voxpipe simulate --incident slow-service        # all comes half a second late, 20 s
  voxpipe simulate --incident 429-storm           # new ones are refused for 15 s

A session that was recorded (voxpipe.simulator.cassettes) is replayed in the same way:

  voxpipe simulate --cassette call.jsonl

Without a script it says back what was typed, or how long it heard somebody speak, calls
a tool of the session's with made-up arguments (the one whose name is in what was typed,
else the first), and tells its result. It does not recognise speech. It sounds like
espeak-ng (pip install 'voxpipe[speech]'), an installed flite or espeak-ng, or else a
hum for each syllable.
"""


def add_parser(commands: Any) -> None:
    """Add ``simulate`` to what ``ArgumentParser.add_subparsers`` gave."""
    parser = commands.add_parser(
        "simulate",
        help="serve the Realtime protocol on this machine",
        description="Serve the Realtime protocol on this machine, until Ctrl-C.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port",
        type=numbers.port,
        default=8081,  # `voxpipe serve` is on 8080
        help="0 for any that is free; default: %(default)s",
    )
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument(
        "--key",
        type=_key,
        help="the one API key that is good; default: any",
    )
    parser.add_argument(
        "--quiet",
        action="store_true",
        help="print no lines of sessions, turns, replies and tool calls",
    )
    parser.add_argument(
        "--origin",
        metavar="URL",
        action="append",
        default=[],
        help="whose web pages may use it, beside those of this machine",
    )
    parser.add_argument(
        "--tls",
        action="store_true",
        help="speak https:// and wss://, as some clients want (pip install "
        "'voxpipe[tls]'); clients have to trust the certificate that is made at start",
    )
    parser.add_argument(
        "--tls-name",
        metavar="NAME",
        action="append",
        default=[],
        help="with TLS: another name that clients know it by: its container's",
    )
    parser.add_argument(
        "--ca-file",
        metavar="FILE",
        help="with TLS: where that certificate is written; default: a new file",
    )
    parser.add_argument(
        "--incident",
        choices=sorted(INCIDENTS),
        help="what happens to connections again and again; on this machine only",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "script",
        nargs="?",
        metavar="SCRIPT.yaml",
        help="what the model says and calls; without one it echoes, and calls tools",
    )
    source.add_argument(
        "--cassette", metavar="FILE", help="replay a recorded session instead"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; returns the exit code."""
    log_to_console(logging.WARNING if arguments.quiet else logging.INFO)
    anyio.run(simulate, arguments)
    return 0


def _key(text: str) -> str:
    if text.split() != [text] or not text.isascii() or not text.isprintable():
        raise argparse.ArgumentTypeError("expected a key: plain ASCII, without spaces")
    return text


async def simulate(arguments: argparse.Namespace) -> None:
    """Serve until cancelled.

    Raises:
        ConfigurationError: an incident cannot happen so.
        ScriptError: the script will not do.
        CassetteError: the cassette will not do.
        TransportError: the port cannot be had.
    """
    incident = _incident(arguments)
    script = load_script(arguments.script) if arguments.script else WITHOUT_SCRIPT
    if arguments.cassette:
        load_cassette(arguments.cassette)  # to say now what is wrong with it
    key: str | None = arguments.key
    with _authority(arguments) as (tls, file):
        simulator = Simulator(
            script,
            host=arguments.host,
            port=0 if incident else arguments.port,
            accepts=any_key if key is None else key.__eq__,
            cassette=arguments.cassette,
            tls=tls,
            origins=arguments.origin,
        )
        async with simulator:
            if incident is None:
                await _serve(simulator.url, arguments, file)
                return
            async with (
                ChaosProxy(simulator.url, port=arguments.port) as proxy,
                anyio.create_task_group() as tasks,
            ):
                tasks.start_soon(again_and_again, incident, proxy)
                await _serve(proxy.url, arguments, file)


def _incident(arguments: argparse.Namespace) -> Incident | None:
    name: str | None = arguments.incident
    if name is None:
        return None
    if not is_loopback(arguments.host):
        raise ConfigurationError(
            f"--incident is for this machine only, not for --host {arguments.host}"
        )
    if name == "429-storm" and (arguments.tls or arguments.ca_file):
        raise ConfigurationError("--incident 429-storm cannot be told within --tls")
    return INCIDENTS[name]


@contextmanager
def _authority(
    arguments: argparse.Namespace,
) -> Generator[tuple[LocalAuthority | None, str]]:
    """Who vouches for the simulator, and the file with what is to be trusted."""
    names: list[str] = arguments.tls_name
    if not (arguments.tls or arguments.ca_file or names):
        yield None, ""
        return
    tls = LocalAuthority(*{arguments.host, *names} - _ANYWHERE)
    with TemporaryDirectory(prefix="voxpipe-") as folder:
        file: str = arguments.ca_file or f"{folder}/ca.pem"
        tls.write(file)
        yield tls, str(Path(file).resolve())


async def _serve(url: str, arguments: argparse.Namespace, ca_file: str) -> None:
    print(f"The Realtime API is simulated at ws{url.removeprefix('http')}/realtime")
    print("For OpenAI's SDKs and for voxpipe:\n")
    # The one that was given stays with who gave it.
    shown = "sk-simulated" if arguments.key is None else "..."
    print(f"  export OPENAI_BASE_URL={url} OPENAI_API_KEY={shown}")
    if ca_file:
        print(f"  export NODE_EXTRA_CA_CERTS={ca_file} SSL_CERT_FILE={ca_file}")
    print()
    if not is_loopback(arguments.host):
        print(f"From elsewhere, this machine's name in place of {arguments.host};")
        if not ca_file:
            print("voxpipe itself wants VOXPIPE_REALTIME_INSECURE=1 beside it.")
        print()
    print("Ctrl-C ends it.", flush=True)
    await anyio.sleep_forever()
