"""What continuous integration installs has hashes, and is what pyproject.toml asks."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PIN = re.compile(
    r"^(\S+)==(\S+?)(?: ; (.+?))? \\\n((?:    --hash=sha256:\w{64}.*\n)+)", re.M
)
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
NEEDED: list[str] = PROJECT["project"]["dependencies"]


def grouped(name: str) -> Iterator[str]:
    for each in PROJECT["dependency-groups"][name]:
        yield from [each] if isinstance(each, str) else grouped(each["include-group"])


def lines(path: str) -> list[str]:
    text = (ROOT / path).read_text("utf-8")
    return [each for each in text.splitlines() if each and not each.startswith("#")]


ASKED = {
    "dev": [
        *NEEDED,
        *(each for extra in EXTRAS.values() for each in extra),
        *grouped("dev"),
        *lines(".ci/agents.txt"),
    ],
    "clients": lines("tests/clients/requirements.txt"),
    "core": [*NEEDED, *EXTRAS["trio"], *EXTRAS["fast"], "hypothesis", "pytest"],
    "lowest": [
        each.replace(">=", "==", 1)
        for each in (*NEEDED, *EXTRAS["trio"], *EXTRAS["fast"])
    ],
}


def pins(text: str) -> dict[str, list[str]]:
    """The versions of each package; there are two where Pythons differ."""
    found: dict[str, list[str]] = {}
    for name, version, _, _ in PIN.findall(text):
        found.setdefault(canonicalize_name(name.partition("[")[0]), []).append(version)
    return found


def complaints(asked: list[str], text: str) -> list[str]:
    """What is asked for and not there, or there in a version that does not do."""
    there = pins(text)
    return [
        str(each)
        for each in map(Requirement, asked)
        if not (versions := there.get(canonicalize_name(each.name)))
        or not all(each.specifier.contains(version) for version in versions)
    ]


@pytest.mark.parametrize("name", ASKED)
def test_a_lock_has_all_that_is_asked_for(name: str) -> None:
    text = (ROOT / f".ci/{name}.lock").read_text("utf-8")
    cure = "pyproject.toml asks for what the lock has not: run `make lock`"
    assert complaints(ASKED[name], text) == [], cure


@pytest.mark.parametrize("name", ASKED)
def test_every_line_of_a_lock_is_a_package_with_its_hashes(name: str) -> None:
    text = (ROOT / f".ci/{name}.lock").read_text("utf-8")
    rest = [each for each in PIN.sub("", text).splitlines() if each[:1] != "#"]
    assert len(pins(text)) > 20
    assert rest == []


def test_another_version_is_noticed_and_a_package_too_few() -> None:
    text = f"one==1.2 \\\n    --hash=sha256:{'0' * 64}\n"
    assert complaints(["one>=1", "One==1.2"], text) == []
    assert complaints(["one>=2", "two"], text) == ["one>=2", "two"]
    assert pins("one==1.2\n") == {}


def test_an_environment_that_is_borrowed_is_not_installed_into(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    (mine / ".ci").mkdir(parents=True)
    theirs.mkdir()
    shutil.copy(ROOT / ".ci" / "setup", mine / ".ci")
    (mine / ".venv").symlink_to(theirs)
    done = subprocess.run(
        ["sh", mine / ".ci" / "setup", "dev"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"setup: .venv is a link to {theirs}: it is used as it is\n"
    assert not list(theirs.iterdir())
