"""Importing the core is cheap and does nothing."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib import import_module
from types import ModuleType

import pytest

import voxpipe
import voxpipe.pipeline
import voxpipe.pipeline.testing


def modules_after(statement: str) -> set[str]:
    """What a fresh interpreter has loaded after a statement."""
    program = f"{statement}\nimport sys\nprint(*sys.modules, sep='\\n')"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_the_core_loads_nothing_that_it_may_not_need() -> None:
    # What anyio itself loads is its own: 4.14.0 loads asyncio, which it need not.
    loaded = modules_after("import voxpipe.pipeline") - modules_after("import anyio")
    assert loaded.isdisjoint(
        {
            "asyncio",  # anyio loads the loop that is used
            "trio",
            "numpy",  # whoever asks for samples
            "pydantic",
            "websockets",
            "soxr",
            "yaml",
            "logging",
            "voxpipe.pipeline.testing",
            "voxpipe.processors",
            "voxpipe.transports",
            "voxpipe.simulator",
            "voxpipe.console",
        }
    )


def test_the_core_loads_nothing_of_third_parties_but_anyio() -> None:
    extra = modules_after("import voxpipe.pipeline") - modules_after(
        "import anyio, dataclasses, anyio.abc; anyio.Event"  # which it loads late
    )
    foreign = {name.split(".")[0] for name in extra} - set(sys.stdlib_module_names)
    assert foreign <= {"voxpipe", "anyio", "sniffio"}


def test_the_testing_kit_needs_no_trio_before_virtual_time_is_asked_for() -> None:
    assert "trio" not in modules_after("import voxpipe.pipeline.testing")


@pytest.mark.parametrize("module", [voxpipe.pipeline, voxpipe.pipeline.testing])
def test_names_are_sorted_and_there(module: ModuleType) -> None:
    names: list[str] = vars(module)["__all__"]
    assert names == sorted(names)
    assert all(hasattr(module, name) for name in names)


def test_the_first_door_costs_nothing_until_something_is_asked_for() -> None:
    loaded = modules_after("import voxpipe")
    assert {name for name in loaded if name.startswith("voxpipe.")} == set()
    assert loaded.isdisjoint({"anyio", "numpy", "pydantic"})


def test_the_first_door_has_what_the_first_pages_use() -> None:
    names: list[str] = vars(voxpipe)["__all__"]
    assert names == sorted(names)
    assert len(names) == 17
    for name in names:
        found = getattr(voxpipe, name)
        assert found.__name__ == name
        assert name in dir(voxpipe)
    with pytest.raises(
        AttributeError, match=r"no Nothing: .* AudioFormat, Budget, Call"
    ):
        _ = getattr(voxpipe, "Noth" + "ing")


def is_door(name: str) -> bool:
    """Whether it says what it gives; what an extra is for may not be there."""
    try:
        return hasattr(import_module(name), "__all__")
    except ImportError as error:
        if "pip install 'voxpipe[" not in str(error):
            raise
        return False


DOORS = [
    package.name
    for package in pkgutil.walk_packages(voxpipe.__path__, "voxpipe.", is_door)
    if package.ispkg and is_door(package.name)
]


@pytest.mark.parametrize("door", DOORS)
def test_completion_shows_what_a_door_gives_and_nothing_behind_it(door: str) -> None:
    module = import_module(door)
    assert dir(module) == sorted(vars(module)["__all__"])
