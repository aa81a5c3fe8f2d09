"""Pictures of a pipeline: Mermaid for documents, plain text for terminals."""

from __future__ import annotations

import re
import sys

from .graph import Branch, Graph

# For consoles that lack these signs: cp1252 on Windows, ASCII.
_ASCII = str.maketrans(
    {
        "─": "-",
        "┬": "+",
        "├": "+",
        "└": "+",
        "│": "|",
        "▶": ">",
        "→": "->",
        "⟲": "(loop)",
    }
)


def _printable(text: str) -> str:
    """``text`` in ASCII where standard output cannot show it as it is."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "replace").decode(encoding)
    return text


Link = tuple[str, str, str, str]
"""From a box, by its output, to a box, into its input; a fused box has no ports."""


def links(plan: Graph) -> list[Link]:
    """The drawing as its edges, by the names of the boxes."""
    found = list[Link]()
    for output, tree in plan.trees.items():
        for branch in tree:
            _link(plan, plan.name(output.owner), output.name, branch, found)
    return list(dict.fromkeys(found))


def _link(
    plan: Graph, source: str, port: str, branch: Branch, found: list[Link]
) -> None:
    if branch.sink is not None:
        found.append((source, port, plan.name(branch.sink.owner), branch.sink.name))
        return
    assert branch.box is not None
    name = plan.name(branch.box)
    found.append((source, port, name, ""))
    for child in branch.children:
        _link(plan, name, "", child, found)


def mermaid(plan: Graph) -> str:
    """A Mermaid flowchart: boxes with a task are rounded, fused ones are not."""
    lines = ["flowchart LR"]
    for box in plan.processors:
        name = plan.name(box)
        lines.append(f'    {_key(name)}(["{_words(name)}"])')
    for each in plan.fused:
        name = plan.name(each)
        lines.append(f'    {_key(name)}["{_words(name)}"]')
    for output, tree in plan.trees.items():
        for branch in tree:
            source = plan.name(output.owner)
            lines += _edges(plan, source, output.name, branch)
    return _printable("\n".join(dict.fromkeys(lines)) + "\n")


def _edges(plan: Graph, source: str, label: str, branch: Branch) -> list[str]:
    start = f"    {_key(source)}"
    if branch.sink is not None:
        target = _key(plan.name(branch.sink.owner))
        words = " → ".join(word for word in (label, branch.sink.name) if word)
        arrow = "-.->" if branch.sink.feedback else "-->"
        return [f'{start} {arrow}|"{words}"| {target}']
    assert branch.box is not None
    name = plan.name(branch.box)
    lines = [
        f'{start} -->|"{label}"| {_key(name)}' if label else f"{start} --> {_key(name)}"
    ]
    for child in branch.children:
        lines += _edges(plan, name, "", child)
    return lines


# Words that mean something to Mermaid where a node is expected.
_RESERVED = {"end", "graph", "flowchart", "subgraph", "style", "class", "click"}


def _key(name: str) -> str:
    key = re.sub(r"\W", "_", name)
    return f"{key}_" if key in _RESERVED else key


def _words(name: str) -> str:
    return name.replace('"', "#quot;")


def text(plan: Graph) -> str:
    """The routes as lines that branch; ``⟲`` marks the way back of a loop.

    ::

        phone.heard ─┬─▶ model.hears
                     └─▶ decode ─▶ recorder.caller
    """
    lines: list[str] = []
    for output, tree in plan.trees.items():
        lines += _fork(plan.label(output), [_lines(plan, branch) for branch in tree])
    return _printable("\n".join(lines) + "\n")


def _lines(plan: Graph, branch: Branch) -> list[str]:
    if branch.sink is not None:
        return [plan.label(branch.sink) + (" ⟲" if branch.sink.feedback else "")]
    assert branch.box is not None
    children = [_lines(plan, child) for child in branch.children]
    return _fork(plan.name(branch.box), children)


def _fork(head: str, children: list[list[str]]) -> list[str]:
    lines: list[str] = []
    last = len(children) - 1
    margin = " " * (len(head) + 2)
    for number, child in enumerate(children):
        if last == 0:
            lead, rest = f"{head} ─▶ ", margin + "  "
        elif number == 0:
            lead, rest = f"{head} ─┬─▶ ", margin + "│   "
        elif number < last:
            lead, rest = f"{margin}├─▶ ", margin + "│   "
        else:
            lead, rest = f"{margin}└─▶ ", margin + "    "
        lines.append(lead + child[0])
        lines += [rest + line for line in child[1:]]
    return lines
