"""Pictures of a pipeline: Mermaid for documents, plain text for terminals."""

from __future__ import annotations

from .plan import Branch, Plan


def mermaid(plan: Plan) -> str:
    """A Mermaid flowchart: boxes with a task are rounded, fused ones are not."""
    lines = ["flowchart LR"]
    for box in plan.processors:
        name = plan.name(box)
        lines.append(f'    {name}(["{name}"])')
    for branch in plan.branches():
        if branch.box is not None:
            name = plan.name(branch.box)
            lines.append(f'    {name}["{name}"]')
    for output, tree in plan.trees.items():
        for branch in tree:
            source = plan.name(output.owner)
            lines += _edges(plan, source, output.name, branch)
    return "\n".join(dict.fromkeys(lines)) + "\n"


def _edges(plan: Plan, source: str, label: str, branch: Branch) -> list[str]:
    if branch.sink is not None:
        target = plan.name(branch.sink.owner)
        words = " → ".join(word for word in (label, branch.sink.name) if word)
        arrow = "-.->" if branch.sink.feedback else "-->"
        return [f'    {source} {arrow}|"{words}"| {target}']
    assert branch.box is not None
    name = plan.name(branch.box)
    lines = [
        f'    {source} -->|"{label}"| {name}' if label else f"    {source} --> {name}"
    ]
    for child in branch.children:
        lines += _edges(plan, name, "", child)
    return lines


def text(plan: Plan) -> str:
    """The routes as lines that branch; ``⟲`` marks the way back of a loop.

    ::

        phone.heard ─┬─▶ model.hears
                     └─▶ decode ─▶ recorder.caller
    """
    lines: list[str] = []
    for output, tree in plan.trees.items():
        lines += _fork(plan.label(output), [_lines(plan, branch) for branch in tree])
    return "\n".join(lines) + "\n"


def _lines(plan: Plan, branch: Branch) -> list[str]:
    if branch.sink is not None:
        return [plan.label(branch.sink) + (" ⟲" if branch.sink.feedback else "")]
    assert branch.box is not None
    children = [_lines(plan, child) for child in branch.children]
    return _fork(plan.name(branch.box), children)


def _fork(head: str, children: list[list[str]]) -> list[str]:
    lines: list[str] = []
    last = len(children) - 1
    for number, child in enumerate(children):
        if last == 0:
            lead, rest = f"{head} ─▶ ", " " * (len(head) + 4)
        elif number == 0:
            lead, rest = f"{head} ─┬─▶ ", " " * (len(head) + 2) + "│   "
        else:
            corner = "└─▶ " if number == last else "├─▶ "
            lead = " " * (len(head) + 2) + corner
            rest = " " * (len(head) + 2) + ("    " if number == last else "│   ")
        lines.append(lead + child[0])
        lines += [rest + line for line in child[1:]]
    return lines
