"""From names to their places in the reference: in docstrings, signatures and pages.

In a docstring, single backticks lead to what they name: a class or a function
(`Pipeline`), a member of one (`Realtime.says`), a member of the same class (`run`), or
something of Python's or another package's (`anyio.run`), which is no link. Or they hold
an argument. Anything else in them is a mistake, and a warning. On a page, code that is
the name of a class or a function leads there as well.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from operator import eq
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains.python import PythonDomain
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import ExtensionMetadata

log = logging.getLogger(__name__)

NAME = re.compile(r"@?([A-Za-z]\w+(?:\.\w+)*)(\(.*\))?")
# What a browser would get by itself; a link that a reader may follow is no matter.
FETCHED = re.compile(r"""<(?:script|link|img)\s[^>]*(?:src|href)="(?:https?:)?//""")


class Links(SphinxPostTransform):
    """Resolve every reference to a Python name; nothing is left to Sphinx's guesses."""

    default_priority = 5  # Sphinx's own has 10

    def run(self, **kwargs: Any) -> None:
        """For one page."""
        domain = self.env.domains.python_domain
        for node in list(self.document.findall(addnodes.pending_xref)):
            if node.get("refdomain") == "py":
                self._resolve(domain, node)
        if self.env.docname.startswith("reference/"):
            _break_at_dots(next(self.document.findall(nodes.title)))
            return
        for code in list(self.document.findall(nodes.literal)):
            name = NAME.fullmatch(code.astext())
            path = name and find(domain, name[1])
            if path and not isinstance(code.parent, nodes.reference | nodes.title):
                code.replace_self(self._reference(domain, path, code.deepcopy()))

    def _resolve(self, domain: PythonDomain, node: addnodes.pending_xref) -> None:
        target: str = node["reftarget"].lstrip("@")
        content = node[0].deepcopy()
        is_written = isinstance(content, nodes.literal)  # in a text, not a signature
        if not is_written:
            content = nodes.Text(re.sub(r"^[\w.]*\.", "", node.astext()))
        module, cls = node.get("py:module"), node.get("py:class")
        path = find(domain, target, f"{module}.{cls}" if cls else module or "")
        if path and (is_written or not hasattr(builtins, target)):
            content = self._reference(domain, path, content)
        elif is_written and target not in _arguments(node) and not _is_foreign(target):
            log.warning("nothing public is called `%s`", target, location=node)
        node.replace_self(content)

    def _reference(
        self, domain: PythonDomain, path: str, content: nodes.Node
    ) -> nodes.reference:
        page, anchor, *_ = domain.objects[path]
        builder, here = self.app.builder, self.env.docname
        return make_refnode(builder, here, page, anchor, content, path)


def find(domain: PythonDomain, name: str, seen_from: str = "") -> str | None:
    """The full name of what is meant by a name in a module or a class of one.

    Of several, the one whose name has most in common with the place is meant.
    """
    module, place = seen_from.rpartition(".")[0], seen_from.split(".")
    for prefix in (f"{seen_from}.", f"{module}.", ""):
        if prefix + name in domain.objects:
            return prefix + name
    meant = [
        (sum(map(eq, path.split("."), place)), path)
        for path, entry in domain.objects.items()
        if path.endswith(f".{name}") and not entry.aliased
        if "." in name or entry.objtype in {"class", "exception", "function", "data"}
    ]
    nearest = [path for shared, path in meant if shared == max(meant)[0]]
    return nearest[0] if len(nearest) == 1 else None


def _arguments(node: nodes.Node) -> Iterator[str]:
    """Those of all functions and classes around a place."""
    while node.parent is not None:
        node = node.parent
        if isinstance(node, addnodes.desc):
            yield from (
                name.astext() for name in node[0].findall(addnodes.desc_sig_name)
            )


def _is_foreign(name: str) -> bool:
    """Whether Python or another package has it."""
    try:
        return hasattr(builtins, name) or bool(resolve_name(name))
    except (ImportError, AttributeError, ValueError):
        return False


def _break_at_dots(title: nodes.title) -> None:
    """Let the long name of a module go on in the next line."""
    first, *others = re.split(r"(?<=\.)", title.astext())
    title.children = [nodes.Text(first)]
    for part in others:
        title += [nodes.raw("", "<wbr>", format="html"), nodes.Text(part)]


def _check_for_aeroplanes(app: Sphinx, exception: Exception | None) -> None:
    for page in Path(app.outdir).rglob("*.html"):
        if found := FETCHED.search(page.read_text("utf-8")):
            raise ExtensionError(f"{page} fetches {found[0]}…")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.add_post_transform(Links)
    app.connect("build-finished", _check_for_aeroplanes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
