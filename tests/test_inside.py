"""What `docs/inside.md` says of the code is so."""

from __future__ import annotations

import re
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import pytest

from voxpipe.processors.realtime.protocol.response import NEXT

from .test_project import REALTIME_ROOMS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "inside.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|")
]
BOUNDS = [row for row in ROWS if len(row) == 4 and ".py:" in row[3]]


def test_the_phases_of_a_response_are_those_of_the_code() -> None:
    told = {
        row[0].strip("`"): tuple(re.findall(r"`(\w+)`", row[1]))
        for row in ROWS
        if len(row) == 3 and row[0].strip("`") in NEXT
    }
    assert told == dict(NEXT)


@pytest.mark.parametrize("row", BOUNDS, ids=lambda row: row[0])
def test_a_bound_is_what_the_code_says(row: list[str]) -> None:
    _, bound, _, where = row
    path, name = where.strip("`").split(".py:")
    module = import_module(path.replace("/", "."))
    assert attrgetter(name)(module) == float(bound)


def test_every_file_that_a_life_passes_is_there() -> None:
    files = re.findall(r"`(voxpipe/[\w/]+\.py)", PAGE)
    assert len(files) > 40
    assert not [file for file in files if not (ROOT / file).is_file()]


def test_every_room_of_the_model_is_told() -> None:
    folder = ROOT / "voxpipe" / "processors" / "realtime"
    rooms = {room for room in REALTIME_ROOMS if (folder / room).is_dir()}
    assert rooms == set(re.findall(r"`(\w+)/`", PAGE))
