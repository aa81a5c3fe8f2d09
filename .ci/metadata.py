"""What the metadata say of where voxpipe is: project URLs, and the links of the README.

On PyPI a relative link leads nowhere. The address is not written down: it is that of
the clone from which a release is built, so that a fork's package leads to the fork. In
a clone of a folder, which has no address for others, links stay as they are.
"""

from __future__ import annotations

import re
import subprocess
from email import message_from_string
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# Code, which is left alone, or "[words](", where what follows leads to no other place.
# The words may hold code, too, and one pair of brackets.
LINK = re.compile(
    r"^```.*?^```"
    r"|(?P<image>!)?\[(?:[^\[\]]|\[[^\]]*\])*\]\((?!\w+:|#)"
    r"|`[^`\n]*`",
    re.MULTILINE | re.DOTALL,
)
PAGES = {
    "Documentation": "docs",
    "Changelog": "CHANGELOG.md",
    "Security": "SECURITY.md",
}


class Metadata(MetadataHookInterface):
    """What hatchling calls, as pyproject.toml says, whenever it builds."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the project's URLs and its README."""
        root = Path(self.root)
        readme = (root / "README.md").read_text(encoding="utf-8")
        metadata["urls"] = {}
        if address := _address(root):
            pages = {name: f"{address}/blob/HEAD/{PAGES[name]}" for name in PAGES}
            metadata["urls"] = {"Source": address, **pages}
            readme = absolute(readme, address)
        metadata["readme"] = {"content-type": "text/markdown", "text": readme}


def absolute(readme: str, address: str) -> str:
    """A page whose relative links lead to a repository: pictures to the file itself."""

    def lead(link: re.Match[str]) -> str:
        if link[0].startswith("`"):
            return link[0]
        kind = "raw" if link["image"] else "blob"
        return f"{link[0]}{address}/{kind}/HEAD/"

    return LINK.sub(lead, readme)


def _address(root: Path) -> str | None:
    """Where the clone came from as a browser finds it: None from a folder."""
    built = root / "PKG-INFO"  # a wheel is made from an sdist, which is no clone
    if built.exists():
        urls = message_from_string(built.read_text(encoding="utf-8"))
        for url in urls.get_all("Project-URL", []):
            name, _, address = url.partition(", ")
            if name == "Source":
                return address
        return None
    ask = ["git", "-C", str(root), "config", "remote.origin.url"]
    try:
        told = subprocess.run(ask, capture_output=True, text=True, check=False).stdout
    except OSError:  # no git
        return None
    return browsed(told.strip())


def browsed(remote: str) -> str | None:
    """``https://host/owner/name`` for what git calls a remote, without its password.

    None for a folder, and whatever else nobody but this machine finds.
    """
    of_git = r"(?:https?|ssh|git)://(?:[^@/]*@)?([\w.-]+)(?::\d+)?/(.+)"
    short = r"(?:[^@/:]+@)?([\w-]+(?:\.[\w-]+)+):(?!/)(.+)"  # git@host:owner/name.git
    found = re.fullmatch(of_git, remote) or re.fullmatch(short, remote)
    if not found:
        return None
    return f"https://{found[1]}/{found[2].removesuffix('/').removesuffix('.git')}"
