"""All of them, one after the other: ``python -m benchmarks``, or ``make bench``.

Each runs in a process of its own, as it does by itself. Arguments are handed on.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

NAMES = ("chain", "hop", "barge_in", "imports")


def run(name: str) -> dict[str, Any] | None:
    """Run one, showing what it says; its last line, or ``None`` if it has none."""
    print(f"\n{name}", flush=True)
    last = ""
    command = [sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for last in process.stdout:
            if not last.startswith("{"):
                print(last, end="", flush=True)
    if process.returncode and not last.startswith("{"):
        return None
    outcome: dict[str, Any] = json.loads(last)
    return outcome


def verdict(outcome: dict[str, Any] | None) -> str:
    """What became of its promises, in one line."""
    if outcome is None:
        return "could not measure"
    promises: list[dict[str, Any]] = outcome["promises"]
    missed = [str(each["what"]) for each in promises if each["kept"] is False]
    unknown = [str(each["what"]) for each in promises if each["kept"] is None]
    parts = ["MISSED: " + ", ".join(missed)] if missed else []
    if unknown:
        parts.append("not measured: " + ", ".join(unknown))
    return "; ".join(parts) or "kept"


def main() -> None:
    """Run all, then say what was kept in one line each and as one JSON object."""
    outcomes = {name: run(name) for name in NAMES}
    print()
    for name, outcome in outcomes.items():
        print(f"{name:<10} {verdict(outcome)}")
    print(json.dumps(outcomes))
    if None in outcomes.values():
        sys.exit(1)
    if "--check" in sys.argv and not all(o["kept"] for o in outcomes.values() if o):
        sys.exit(1)


if __name__ == "__main__":
    main()
