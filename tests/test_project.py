"""The rules of the house that no linter knows; each failure lists all offenders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "voxpipe"
MODULES = sorted(PACKAGE.rglob("*.py"))

LONGEST_FILE = 400  # lines; above, a file holds more than one idea

# Each folder may import itself and those listed: one way, and never sideways.
MAY_IMPORT = {
    "pipeline": set[str](),
    "chaos": {"pipeline"},
    "websocket": {"pipeline"},
    "webrtc": {"pipeline"},
    "processors": {"pipeline", "websocket"},
    "transports": {"pipeline", "websocket", "webrtc"},
    "simulator": {"pipeline", "websocket", "webrtc"},
    "bench": {"pipeline", "processors", "transports", "simulator", "websocket"},
    "monitoring": {"pipeline", "processors", "transports"},
    "watch": {"pipeline", "processors", "transports", "simulator"},
    "console": {
        "bench",
        "chaos",
        "monitoring",
        "watch",
        "pipeline",
        "processors",
        "transports",
        "simulator",
        "websocket",
        "webrtc",
    },
}
# The same within them, for each room (a folder, or a file that others stand on): these
# alone may it import besides itself. The order is from the ground up.
PIPELINE_ROOMS = {
    "pipeline/errors": set[str](),
    "pipeline/runtime": {"pipeline/errors"},  # of pipelines it knows nothing
    "pipeline": {"pipeline/errors", "pipeline/runtime"},
    "pipeline/testing": {"pipeline", "pipeline/runtime"},
}
PROCESSOR_ROOMS = {
    "processors/audio": set[str](),
    "processors/vad": {"processors/audio"},
    "processors/keypad": set[str](),
    "processors/recorder": set[str](),
    "processors/consent": set[str](),
    "processors/tools": {"processors/consent"},
    "processors/mcp": {"processors/tools"},
}
TRANSPORT_ROOMS = {
    "transports/asgi": set[str](),
    "transports/wav_coding": set[str](),
    "transports/wav_cure": set[str](),
    "transports/wav_extent": set[str](),
    "transports/wav": {
        "transports/wav_coding",
        "transports/wav_cure",
        "transports/wav_extent",
    },
    "transports": {"transports/wav", "transports/wav_extent"},
    "transports/testing": set[str](),  # knows the contract, and no transport
    "transports/lobby": set[str](),
    "transports/serving": {"transports/asgi", "transports/lobby"},
    "transports/telephony": {"transports/asgi", "transports/wav"},  # of any carrier
    "transports/desk": {"transports/telephony"},
    "transports/sip/protocol": {"transports/telephony"},  # its errors
    "transports/sip": {
        "transports/rtp",
        "transports/sip/protocol",
        "transports/telephony",
    },
    "transports/telephony/sip": {"transports/asgi", "transports/telephony"},
    "transports/telephony/carrier": {"transports/asgi", "transports/telephony"},
    "transports/telephony/outbound": set[str](),
    "transports/telephony/twilio": {
        "transports/telephony",
        "transports/telephony/carrier",
        "transports/telephony/outbound",
    },
    "transports/telephony/telnyx": {
        "transports/telephony",
        "transports/telephony/carrier",
        "transports/telephony/outbound",
    },
    "transports/telephony/exotel": {"transports/telephony/carrier"},
    "transports/telephony/genesys": {
        "transports/telephony",  # what remembers who has come
        "transports/telephony/carrier",
    },
    "transports/telephony/plivo": {"transports/telephony/carrier"},
    "transports/telephony/vonage": {"transports/telephony/carrier"},
    "transports/rtp": {"transports/telephony"},
    "transports/browser": {
        "transports/asgi",
        "transports/lobby",
        "transports/telephony",
        "transports/telephony/carrier",
    },
    "transports/webrtc": {
        "transports/asgi",
        "transports/browser",
        "transports/lobby",
        "transports/telephony",
    },
    "transports/telephony/testing": {
        "transports/asgi",
        "transports/serving",
        "transports/telephony",
        "transports/telephony/carrier",
        "transports/telephony/exotel",
        "transports/telephony/genesys",
        "transports/telephony/plivo",
        "transports/telephony/telnyx",
        "transports/telephony/twilio",
        "transports/telephony/vonage",
    },
}
SIMULATOR_ROOMS = {
    "simulator/errors": set[str](),
    "simulator/audio": {"simulator/errors"},
    "simulator/protocol": {"simulator/errors"},
    "simulator/script": {"simulator/errors", "simulator/protocol"},
    "simulator/voices": {"simulator/errors", "simulator/audio"},
    "simulator/service/conversation": {
        "simulator/errors",
        "simulator/audio",
        "simulator/protocol",
    },
    "simulator/service/session": {
        "simulator/protocol",
        "simulator/script",
        "simulator/service/conversation",
    },
    "simulator/service/mcp": {
        "simulator/errors",
        "simulator/protocol",
        "simulator/script",
        "simulator/service/conversation",
        "simulator/service/session",
    },
    "simulator/service/responses": {
        "simulator/errors",
        "simulator/audio",
        "simulator/protocol",
        "simulator/script",
        "simulator/service/conversation",
        "simulator/service/mcp",
        "simulator/service/session",
    },
    "simulator/service/input": {
        "simulator/errors",
        "simulator/audio",
        "simulator/protocol",
        "simulator/script",
        "simulator/service/conversation",
        "simulator/service/responses",
        "simulator/service/session",
    },
    "simulator/service": {
        "simulator/errors",
        "simulator/audio",
        "simulator/protocol",
        "simulator/script",
        "simulator/service/conversation",
        "simulator/service/input",
        "simulator/service/mcp",
        "simulator/service/responses",
        "simulator/service/session",
    },
    "simulator/service/translation": {
        "simulator/errors",
        "simulator/audio",
        "simulator/protocol",
        "simulator/script",
        "simulator/service/conversation",
        "simulator/service/input",
        "simulator/service/responses",
        "simulator/service/session",
    },
    "simulator/cassettes": {
        "simulator/errors",
        "simulator/audio",
        "simulator/protocol",
    },
    "simulator/net": {
        "simulator/errors",
        "simulator/protocol",
        "simulator/script",
        "simulator/voices",
        "simulator/service/mcp",
        "simulator/service/session",
    },
    "simulator/calls": {
        "simulator/errors",
        "simulator/audio",
        "simulator/protocol",
        "simulator/net",
        "simulator/service",
    },
    "simulator/rest": {
        "simulator/errors",
        "simulator/protocol",
        "simulator/script",
        "simulator/calls",
        "simulator/net",
        "simulator/service/conversation",
        "simulator/service/mcp",
        "simulator/service/responses",
        "simulator/service/translation",
    },
    "simulator": {
        "simulator/errors",
        "simulator/protocol",
        "simulator/script",
        "simulator/voices",
        "simulator/calls",
        "simulator/cassettes",
        "simulator/net",
        "simulator/rest",
        "simulator/service",
        "simulator/service/translation",
    },
}
MONITORING_ROOMS = {
    "monitoring": set[str](),
    "monitoring/otel": {"monitoring"},
}
CONSOLE_ROOMS = {
    "console/lookalikes": set[str](),
    "console/watched": set[str](),
    "console/demo": {"console/lookalikes", "console/watched"},
    "console": {"console/demo", "console/lookalikes", "console/watched"},
}
REALTIME_ROOMS = {
    "errors": set[str](),
    "events": set[str](),
    "config": {"errors"},
    "money": {"config"},
    "connect": {"config", "errors", "events"},
    "protocol": {"config", "errors", "events", "money"},
    "memory": {"errors", "events", "protocol"},
    "shell": {"config", "connect", "protocol"},
    "session": {"config", "connect"},
    "processor": {
        "config",
        "connect",
        "events",
        "memory",
        "money",
        "protocol",
        "session",
        "shell",
    },
    "hosted_mcp": {"config", "processor", "protocol", "processors/consent"},
    "transcription": {
        "config",
        "connect",
        "errors",
        "events",
        "money",
        "protocol",
        "shell",
    },
    "translation": {
        "config",
        "connect",
        "errors",
        "events",
        "money",
        "protocol",
        "shell",
    },
    "rest": {"config", "connect", "errors"},
}
_REALTIME = "processors/realtime"
ROOMS = (
    PIPELINE_ROOMS
    | PROCESSOR_ROOMS
    | TRANSPORT_ROOMS
    | SIMULATOR_ROOMS
    | MONITORING_ROOMS
    | CONSOLE_ROOMS
    | {
        f"{_REALTIME}/{room}": {
            other if "/" in other else f"{_REALTIME}/{other}" for other in others
        }
        for room, others in REALTIME_ROOMS.items()
    }
)
# Of programs, not us; they may use each other.
FOR_TESTS = {"pipeline/testing", "transports/testing", "transports/telephony/testing"}
# Rooms that are given the time, and what has come; whoever drives them has the rest.
SANS_IO = {
    "simulator/audio",
    "simulator/protocol",
    "simulator/script",
    "simulator/service",
    "transports/sip/protocol",
    "processors/realtime/events",
    "processors/realtime/protocol",
    *(
        f"transports/rtp/{name}.py"
        for name in (
            *("packet", "law", "jitter", "concealment", "events", "rtcp", "reports"),
            *("incoming", "outgoing", "latch"),
        )
    ),
}
# What a program can wait for is no clock: a reply's outcome, the end of a store.
WAITED_FOR = {"anyio", "anyio.Event", "anyio.EndOfStream"}
CLOCKS_AND_SOCKETS = {
    "anyio", "asyncio", "datetime", "h11", "httpx", "httpx2", "select", "selectors",
    "socket", "ssl", "subprocess", "threading", "time", "trio", "websockets",
}  # fmt: skip
MAY_PRINT = {"console"}
WALL_CLOCKS = {"time", "time_ns", "sleep"}  # of `time`; see `anyio.current_time`


def test_a_file_is_short_enough_to_hold_one_idea() -> None:
    page = (PACKAGE / "transports" / "browser" / "page").iterdir()
    files = [*MODULES, *page]
    sizes = {path: len(path.read_text("utf-8").splitlines()) for path in files}
    assert not [
        f"{_name(path)} has {lines} lines"
        for path, lines in sizes.items()
        if lines > LONGEST_FILE
    ]


def test_imports_point_one_way() -> None:
    assert not [
        f"{_name(path)} imports {module}"
        for path in MODULES
        if (folder := _folder(path)) is not None  # the door may open every room
        for module in _imports(path)
        if module.startswith("voxpipe.")
        and module.split(".")[1] in MAY_IMPORT.keys() - MAY_IMPORT[folder] - {folder}
    ]


def test_a_room_imports_what_is_below_it() -> None:
    TopologicalSorter(ROOMS).prepare()  # complains of a circle
    assert not [
        f"{_name(path)} imports {module}"
        for path in MODULES
        if (room := _room(".".join(path.relative_to(ROOT).with_suffix("").parts)))
        for module in _imports(path)
        if (other := _room(module)) is not None
        and other.split("/")[0] == room.split("/")[0]
        and other not in ROOMS[room] | {room}
    ]


def test_nobody_imports_what_is_for_tests() -> None:
    assert not [
        f"{_name(path)} imports {module}"
        for path in MODULES
        if _folder(path) not in {None, "bench"}  # pytest's plugin may, and the bench
        for module in _imports(path)
        if _room(module) in FOR_TESTS
        and not any(path.is_relative_to(PACKAGE / room) for room in FOR_TESTS)
    ]


def test_no_room_may_import_what_it_does_not() -> None:
    allowed = {(room, other) for room in ROOMS for other in ROOMS[room]}
    for path in MODULES:
        room = _room(".".join(path.relative_to(ROOT).with_suffix("").parts))
        allowed -= {(room, _room(module)) for module in _imports(path)}
    assert not allowed


def test_a_room_that_is_told_the_time_has_no_clock_and_no_socket() -> None:
    assert not [
        f"{_name(path)} imports {module}"
        for path in MODULES
        if any(path.is_relative_to(PACKAGE / room) for room in SANS_IO)
        for module in _imports(path)
        if module.split(".")[0] in CLOCKS_AND_SOCKETS and module not in WAITED_FOR
    ]


def test_every_module_says_what_it_is_for() -> None:
    assert not [_name(path) for path in MODULES if not ast.get_docstring(_tree(path))]


def test_no_error_has_the_name_of_another() -> None:
    classes = [
        (path, node)
        for path in MODULES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ClassDef)
    ]
    errors: dict[str, list[str]] = {"Exception": [], "OSError": []}
    found = 0
    while found < len(errors):  # those that derive from those
        found = len(errors)
        for path, node in classes:
            if any(ast.unparse(base) in errors for base in node.bases):
                where = errors.setdefault(node.name, [])
                where += {_name(path)} - set(where)
    assert found > 40
    assert not {name: where for name, where in errors.items() if len(where) > 1}


def test_nothing_prints_but_the_console() -> None:
    assert not [
        where
        for path in MODULES
        if _folder(path) not in MAY_PRINT
        for where, call in _calls(path)
        if ast.unparse(call.func) == "print"
    ]


def test_there_is_one_clock_and_nothing_sleeps_on_a_thread() -> None:
    called = [
        where
        for path in MODULES
        for where, call in _calls(path)
        if ast.unparse(call.func) in {f"time.{name}" for name in WALL_CLOCKS}
    ]
    imported = [
        _name(path)
        for path in MODULES
        if {f"time.{name}" for name in WALL_CLOCKS} & set(_imports(path))
    ]
    assert not called + imported


def test_nothing_from_outside_is_run_as_code() -> None:
    imported = [
        f"{_name(path)} imports {module}"
        for path in MODULES
        for module in {"pickle", "marshal", "shelve", "dill"} & set(_imports(path))
    ]
    called = [
        where
        for path in MODULES
        for where, call in _calls(path)
        if ast.unparse(call.func) in {"eval", "exec"}
    ]
    assert not imported + called


def test_no_module_chooses_an_event_loop() -> None:
    # A function may, once it runs in one: websockets has a shell for each. And two
    # files are of asyncio's alone, as picows and aiortc are: they are imported where
    # those are used.
    assert not [
        f"{_name(path)} imports {name}: use anyio"
        for path in MODULES
        if path.name not in {"picows_wire.py", "peer.py"}
        for node in _tree(path).body
        for name in _names_in(node)
        if name.split(".")[0] in {"asyncio", "trio"}
    ]


def test_the_tree_leans_on_nothing_outside_it() -> None:
    outside = re.compile(r"/work/|\bshared/\w+\.md")
    suffixes = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".json"}
    texts = [
        path
        for path in ROOT.rglob("*")
        if path.suffix in suffixes
        and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
        and path != Path(__file__)
    ]
    assert len(texts) > len(MODULES)
    assert not [
        _name(path)
        for path in texts
        if outside.search(path.read_text("utf-8", errors="replace"))
    ]


def test_the_three_links_lead_into_the_package() -> None:
    for name in ("pipeline", "processors", "transports"):
        assert (ROOT / name).readlink() == Path("voxpipe") / name


def test_the_changelog_knows_this_version() -> None:
    version = re.search(r'__version__ = "(.+)"', (PACKAGE / "__init__.py").read_text())
    assert version
    assert f"## [{version[1]}]" in (ROOT / "CHANGELOG.md").read_text()


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _folder(path: Path) -> str | None:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else None


def _room(module: str) -> str | None:
    """The innermost room that a module of ours is in; ``None`` for all others."""
    place = module.removeprefix("voxpipe.").replace(".", "/")
    rooms = [room for room in ROOMS if f"{place}/".startswith(f"{room}/")]
    return max(rooms, key=len, default=None)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


@cache
def _imports(path: Path) -> tuple[str, ...]:
    """Every module, and everything taken from one, that a file imports; absolute."""
    package = path.relative_to(ROOT).parent.parts
    found: list[str] = []
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            found += [module, *(f"{module}.{alias.name}" for alias in node.names)]
    return tuple(found)


def _names_in(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def _calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call):
            yield f"{_name(path)}:{node.lineno} {ast.unparse(node.func)}()", node


def test_a_smoke_test_looks_into_every_part() -> None:
    lines = (ROOT / "tests" / "smoke.txt").read_text(encoding="utf-8").splitlines()
    chosen = {ROOT / line.split("::")[0] for line in lines}
    assert not [path for path in chosen if not path.is_file()]
    parts = {path.parent for path in ROOT.glob("tests/**/test_*.py")}
    parts -= {ROOT / "tests" / "fuzz"}  # all of it takes long
    parts -= {ROOT / "tests" / "transports" / "browser" / "in_chromium"}  # and of it
    assert sorted(parts - {path.parent for path in chosen}) == []


# Of the machine; the tests' own clock is anyio's, which can be virtual.
STOPWATCHES = {
    *("perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns"),
    *("process_time", "thread_time", "time.time", "time.time_ns", "default_timer"),
}


def test_no_test_holds_the_machine_to_a_time() -> None:
    """It may be busy with something else: that is what `make bench` is for."""
    table = set(ROOT.glob("tests/reliability/*.py"))  # which tells of times, too
    table -= set(ROOT.glob("tests/reliability/test_*.py"))
    names = {each.removeprefix("time.") for each in STOPWATCHES}
    assert not [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in set(ROOT.glob("tests/**/*.py")) - table
        if names & set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name | ast.Attribute)
        if ast.unparse(node) in STOPWATCHES
        or ast.unparse(node).removeprefix("time.") in STOPWATCHES
    ]
