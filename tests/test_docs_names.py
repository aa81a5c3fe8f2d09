"""What the documentation calls by name is there: classes, attributes, arguments, ports.

Each piece of code between backticks is read as Python, as far as it is Python.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import griffe
import pytest

from voxpipe.transports.testing import transport_checks

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
# These speak of what nobody imports: test_inside.py and test_threats.py hold that.
INWARDS = {"inside", "security"}
PAGES = [
    *(page for page in sorted(DOCS.glob("*.md")) if page.stem not in INWARDS),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
]

# What stands for what in the prose; any other variable is called as its class is.
STANDS_FOR = {
    "caller": ["Caller", "SipCaller"],
    "model": ["Realtime"],
    "phone": ["MemoryPhone", "Call"],
    "tools": ["ToolRouter"],
}
ELSEWHERE = {
    *("In", "Out", "orders.get", "orders_get"),  # examples of names
    *("No", "true", "false"),  # YAML
    "alerts.yaml",
    *("notice", "voxpipe.d.ts", "voxpipe.js"),  # JavaScript
    *(
        "Annotated",
        "BidiAgent",
        "EndOfStream",
        "OPENAI_REALTIME_URL",
        "model_extra",
        "start_soon",
        "logging",
        "basicConfig",
        "INFO",
        "create_task",
        "current_time",
        "stop_grace_period",
        "uint8",
        "uv",
        "websockets",
    ),  # of others
    *("voxpipe.js", "voxpipe.d.ts", "stages"),  # of the page, and of its protocol
    *(str(check) for check in transport_checks()),
    *("realtime_cassette", "realtime_simulator", "clients", "soak"),  # of pytest
}
# The page that tells of a processor's ports; `faults`, which all have, is on the first.
PORTS = {
    "Approvals": "mcp.md",
    "BrowserCall": "telephony.md",
    "Budget": "money.md",
    "Call": "telephony.md",
    "Captions": "turns.md",
    "CarrierCall": "telephony.md",
    "DeskCall": "telephony.md",
    "ExotelCall": "telephony.md",
    "GenesysCall": "telephony.md",
    "Keys": "telephony.md",
    "Loudspeaker": "talk.md",
    "MemoryPhone": "transports.md",
    "Microphone": "talk.md",
    "PlivoCall": "telephony.md",
    "Probe": "testing.md",
    "Processor": "boxes.md",
    "Realtime": "realtime.md",
    "RtpPhone": "telephony.md",
    "Source": "testing.md",
    "StreamPhone": "transports.md",
    "TelnyxCall": "telephony.md",
    "ToolRouter": "tools.md",
    "Transcribe": "transcription.md",
    "Translate": "translation.md",
    "TwilioCall": "telephony.md",
    "VoiceApprovals": "mcp.md",
    "VonageCall": "telephony.md",
    "WavRecorder": "audio.md",
    "WavSink": "transports.md",
    "WavSource": "transports.md",
}

Class = griffe.Class
Member = griffe.Object | griffe.Alias


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_called_by_its_name_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    here = set(re.findall(r"^class (\w+)", text, re.M))  # in a program on the page
    assert not [fault for code in _spans(text) for fault in _faults(code, here)]


def test_a_wrong_name_is_found() -> None:
    wrong = ["Ear", "turn.heard", "open_session(turns=…)", "turning=", "examples/no.py"]
    wrong += ["model.items.keep", "`await model.aside('').turn.heard`", "model.speaks"]
    assert [_faults(code.strip("`"), set()) != [] for code in wrong] == [True] * 8


def test_every_port_is_told_on_the_page_of_its_processor() -> None:
    told = {
        name: _code((DOCS / page).read_text("utf-8")) for name, page in PORTS.items()
    }
    assert not [
        f"{name}.{port}: docs/{PORTS[name]}"
        for name, ports in _ports().items()
        for port in ports
        if not re.search(rf"\b{port}\b", told[name])
    ]


def test_every_processor_has_a_page_for_its_ports() -> None:
    assert _ports().keys() == PORTS.keys()


def _ports() -> dict[str, set[str]]:
    """The ports of every processor that users import, but for `Processor.faults`."""
    return {
        each.name: {
            name
            for name, member in each.all_members.items()
            if re.match(r"(Output|Input|PlayoutInput)\[", str(_value(member)))
            if name != "faults" or each.name == "Processor"
        }
        for members in _exported().values()
        for each in members
        if isinstance(each, Class)
        if "Processor" in {each.name, *(base.name for base in each.mro())}
    }


def _value(member: Member) -> object:
    return member.value if isinstance(member, griffe.Attribute) else None


def _spans(text: str) -> list[str]:
    prose = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    return re.findall(r"`([^`]+)`", prose)


def _code(text: str) -> str:
    programs = re.findall(r"^```.*?^```", text, flags=re.S | re.M)
    return "\n".join([*programs, *_spans(text)])


def _faults(code: str, here: set[str]) -> list[str]:
    """What a piece of code speaks of and nothing is called."""
    known = _words() | ELSEWHERE | here
    text = code.replace("…", "...").replace("\\|", "|").removeprefix("@")
    if text.removesuffix("=") in known:
        return []
    if re.fullmatch(r"voxpipe_\w+", text):
        return []  # of Prometheus: tests/monitoring/test_dashboard.py holds those
    if "/" in text or re.search(r"\.(py|md|wav|svg|json|jsonl|toml)$", text):
        ours = re.match(r"(examples|docs|benchmarks|tests|voxpipe)/\S+$", text)
        return [code] if ours and not (ROOT / text).exists() else []
    if re.fullmatch(r"voxpipe(\.\w+)+", text):
        return [] if _has(text) else [code]
    if re.fullmatch(r"[a-z_]+=?", text):
        return [code]
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    reader = _Reader(known)
    reader.visit(tree)
    return reader.faults


class _Reader(ast.NodeVisitor):
    def __init__(self, known: set[str]) -> None:
        self._known = known
        self.faults: list[str] = []

    def visit_Name(self, node: ast.Name) -> None:
        if re.match(r"[A-Z]\w*[a-z]", node.id) and node.id not in self._known:
            self.faults.append(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)
        owners = self._owners(node.value)
        if not self._members(node) if owners else node.attr not in self._known:
            self.faults.append(ast.unparse(node))

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        takes = [each for one in self._called(node.func) for each in _parameters(one)]
        names = {each.name for each in takes}
        for each in takes:
            if each.kind is griffe.ParameterKind.var_keyword:
                options = _classes([each.annotation])  # of a TypedDict
                names |= {name for one in options for name in one.all_members}
                takes = takes if options else []
        self.faults += [
            f"{ast.unparse(node.func)}({each.arg}=)"
            for each in node.keywords
            if takes and each.arg not in names
        ]

    def _owners(self, node: ast.expr) -> list[Class]:
        """What an expression is an instance of, as far as that can be told."""
        match node:
            case ast.Name(name):
                ending = name.replace("_", "")
                called = [known for known in _exported() if len(ending) > 1]
                called = [each for each in called if each.lower().endswith(ending)]
                return _classes(STANDS_FOR.get(name, called))
            case ast.Attribute():
                return _classes(
                    each.annotation
                    for each in self._members(node)
                    if isinstance(each, griffe.Attribute)
                )
            case ast.Call(function):
                made = _classes([function.id]) if isinstance(function, ast.Name) else []
                return made or _classes(
                    each.returns
                    for each in self._called(function)
                    if isinstance(each, griffe.Function)
                )
            case ast.Await(value):
                return self._owners(value)
            case _:
                return []

    def _members(self, node: ast.Attribute) -> list[Member]:
        owners = [each.all_members for each in self._owners(node.value)]
        return [each[node.attr] for each in owners if node.attr in each]

    def _called(self, function: ast.expr) -> Sequence[Member]:
        if isinstance(function, ast.Name):
            return _exported().get(function.id, [])
        return self._members(function) if isinstance(function, ast.Attribute) else []


def _classes(annotations: Iterable[object]) -> list[Class]:
    """Those of ours in some annotations."""
    return [
        each
        for word in re.findall(r"\w+", " ".join(map(str, annotations)))
        for each in _exported().get(word, [])
        if isinstance(each, Class)
    ]


def _parameters(member: Member) -> list[griffe.Parameter]:
    target = member.final_target if isinstance(member, griffe.Alias) else member
    if isinstance(target, Class | griffe.Function):
        return list(target.parameters)
    return []


@cache
def _package() -> griffe.Module:
    loaded = griffe.load("voxpipe", search_paths=[ROOT], resolve_aliases=True)
    assert isinstance(loaded, griffe.Module)
    return loaded


def _has(path: str) -> bool:
    try:
        return bool(_package()[path.removeprefix("voxpipe.")])
    except KeyError:
        return False


@cache
def _exported() -> dict[str, list[Member]]:
    """What users import, by its name; several may have one."""
    found: dict[str, list[Member]] = {}
    for module in _modules(_package()):
        for name in map(str, module.exports or ()):
            member = module.members[name]
            found.setdefault(name, []).append(
                member.final_target if isinstance(member, griffe.Alias) else member
            )
    return found


def _modules(module: griffe.Module) -> Iterator[griffe.Module]:
    yield module
    for each in module.modules.values():
        if not each.is_alias:  # of one that a package imports
            yield from _modules(each)


@cache
def _words() -> set[str]:
    """All public names, those of arguments, and all that the library has in quotes."""
    found = {*keyword.kwlist, *dir(builtins), *_exported()}
    for member in (each for members in _exported().values() for each in members):
        inner = member.all_members.values() if isinstance(member, Class) else ()
        for each in (member, *inner):
            found |= {each.name, *(one.name for one in _parameters(each))}
    for module in _modules(_package()):
        found.add(module.name)
        if ".console" not in module.path:
            tree = ast.parse("\n".join(module.lines))
            strings = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
            found |= {each for each in strings if isinstance(each, str)}
    return found
