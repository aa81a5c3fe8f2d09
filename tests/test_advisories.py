"""No version that voxpipe allows, or is built with, has a fault that is known of.

An audit asks a server, which tests do not. This table is what was known on 30 November
2026; before each release, audit the locks anew (`pip-audit -r .ci/dev.lock`).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from .test_locks import EXTRAS, NEEDED, pins

# The first version without it, and what it is about.
ADVISORIES = {
    "anyio": ("4.14.2", "CVE-2026-63374, CVE-2026-64847"),
    "cryptography": ("50.0.0", "CVE-2026-69247; 48.0.1: GHSA-537c-gmf6-5ccf"),
    "h11": ("0.16.0", "CVE-2025-43859: chunks that smuggle a request"),
    "h2": ("4.4.1", "PYSEC-2026-3628"),
    "idna": ("3.7", "CVE-2024-3651: names that take long"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "mcp": ("1.23.0", "CVE-2025-66416: DNS rebinding"),
    "numpy": ("1.22.0", "CVE-2021-41496"),
    "pydantic": ("2.4.0", "CVE-2024-3772: addresses that take long"),
    "pyjwt": ("2.13.0", "CVE-2026-48522 and four more"),
    "python-multipart": ("0.0.31", "CVE-2026-53540"),
    "pyyaml": ("5.4", "CVE-2020-14343: what is loaded is run"),
    "requests": ("2.32.4", "CVE-2024-47081: passwords of .netrc"),
    "starlette": ("1.3.1", "CVE-2026-54283"),
    "websockets": ("9.1", "CVE-2021-33880"),
}
LOCKS = sorted((Path(__file__).parent.parent / ".ci").glob("*.lock"))
ALLOWED = [*NEEDED, *(each for extra in EXTRAS.values() for each in extra)]


def allows_a_fault(asked: str) -> bool:
    """Whether the oldest version that a requirement allows has one."""
    requirement = Requirement(asked)
    good, _ = ADVISORIES.get(canonicalize_name(requirement.name), ("0", ""))
    floors = [each.version for each in requirement.specifier if each.operator == ">="]
    return not any(Version(floor) >= Version(good) for floor in floors)


def faulty(text: str) -> list[str]:
    """What stands in a lock and has one."""
    return [
        f"{name}=={version}: {ADVISORIES[name][1]}"
        for name, versions in pins(text).items()
        for version in versions
        if name in ADVISORIES and Version(version) < Version(ADVISORIES[name][0])
    ]


def test_no_dependency_may_be_as_old_as_a_known_fault() -> None:
    assert not [each for each in ALLOWED if allows_a_fault(each)]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_nothing_that_is_locked_has_a_known_fault(lock: Path) -> None:
    assert not faulty(lock.read_text("utf-8"))


def test_whoever_uses_a_library_below_another_says_how_old_it_may_be() -> None:
    # aiortc asks for a cryptography that is older than the table has it.
    for extra in ("telnyx", "webrtc"):
        names = {Requirement(each).name for each in EXTRAS[extra]}
        assert "cryptography" in names


def test_a_fault_is_noticed_wherever_it_comes_back() -> None:
    assert allows_a_fault("cryptography>=48.0.1")
    assert allows_a_fault("PyYAML<7")
    assert not allows_a_fault("soxr>=1.0")
    pin = "h11==0.14.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"
    assert faulty(pin) == ["h11==0.14.0: " + ADVISORIES["h11"][1]]
    assert len(LOCKS) == 4
