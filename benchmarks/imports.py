"""What importing the core costs, beside the two libraries that it stands on.

Fresh interpreters take turns. Each times its own import, so that starting Python is in
neither figure; each has one run before, which leaves its bytecode compiled.

Newer anyio loads its parts when they are asked for, so ``import anyio`` alone is less
than a program pays that uses it. The promise is held against it nevertheless; what a
task group and a stream cost on top stands beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys

from .report import CannotMeasure, Options, Report, main

ROUNDS = 30

PROGRAM = """
from time import perf_counter
began = perf_counter()
{imports}
print(perf_counter() - began)
"""


ALONE = "import anyio, numpy"
IN_USE = ALONE + "\nanyio.create_task_group, anyio.create_memory_object_stream"
OURS = "import voxpipe.pipeline"


def milliseconds(imports: str) -> float:
    """How long a fresh interpreter takes for ``imports``."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(imports=imports)],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": ""},  # as installed, and as numpy
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise CannotMeasure(f"{imports!r} failed:\n{run.stderr}")
    return float(run.stdout) * 1000


def measure(report: Report, options: Options) -> None:
    series: dict[str, list[float]] = {ALONE: [], IN_USE: [], OURS: []}
    for program in series:
        milliseconds(program)
    for _ in range(options.scaled(ROUNDS)):
        for program, times in series.items():
            times.append(milliseconds(program))
    alone, in_use, ours = series.values()
    report.add("anyio_numpy_ms", alone, "import anyio, numpy", "ms")
    report.add("in_use_ms", in_use, "the same, and a task group and a stream", "ms")
    report.add("voxpipe_ms", ours, "import voxpipe.pipeline", "ms")
    ratios = [our / their for our, their in zip(ours, alone, strict=True)]
    middle = report.add("ratio", ratios, "voxpipe.pipeline / anyio and numpy", "×")
    report.promise("import of voxpipe.pipeline", middle, "at most", 1.2, "times")
    ratios = [our / their for our, their in zip(ours, in_use, strict=True)]
    report.add("ratio_in_use", ratios, "voxpipe.pipeline / the two in use", "×")


if __name__ == "__main__":
    main("imports", measure)
