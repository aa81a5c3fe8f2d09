"""What importing the core costs, beside the two libraries that it stands on.

Fresh interpreters take turns. Each times its own import, so that starting Python is in
neither figure; each has one run before, which leaves its bytecode compiled.

The core loads numpy when somebody asks for samples, and anyio loads its own parts when
they are used, so an import alone is not what a program pays. Both are given again with
numpy, a task group and a stream in use.
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


USE = "\nanyio.create_task_group, anyio.create_memory_object_stream"
BASE, OURS = "import anyio, numpy", "import voxpipe.pipeline"
BASE_IN_USE, OURS_IN_USE = BASE + USE, OURS + ", anyio, numpy" + USE


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
    programs = (BASE, OURS, BASE_IN_USE, OURS_IN_USE)
    series: dict[str, list[float]] = {program: [] for program in programs}
    for program in programs:
        milliseconds(program)
    for _ in range(options.scaled(ROUNDS)):
        for program in programs:
            series[program].append(milliseconds(program))
    base, ours, base_in_use, ours_in_use = series.values()
    report.add("base_ms", base, "import anyio, numpy", "ms")
    report.add("voxpipe_ms", ours, "import voxpipe.pipeline", "ms")
    ratios = [our / their for our, their in zip(ours, base, strict=True)]
    middle = report.add("ratio", ratios, "voxpipe.pipeline / anyio and numpy", "×")
    report.promise("import of voxpipe.pipeline", middle, "at most", 1.2, "times")
    report.add("base_in_use_ms", base_in_use, "anyio and numpy, in use", "ms")
    report.add("voxpipe_in_use_ms", ours_in_use, "voxpipe.pipeline, in use", "ms")
    ratios = [our / their for our, their in zip(ours_in_use, base_in_use, strict=True)]
    report.add("ratio_in_use", ratios, "in use: voxpipe.pipeline / the two", "×")


if __name__ == "__main__":
    main("imports", measure)
