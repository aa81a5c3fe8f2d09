"""What holds people's words is for its owner alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from voxpipe.pipeline import AudioFormat
from voxpipe.pipeline.runtime.private import private_file, private_folder
from voxpipe.transports import WavSink


@pytest.fixture(autouse=True)
def _open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    with private_file(tmp_path / "a") as file:
        file.write(b"a")
    assert mode(tmp_path / "a") == 0o600


def test_a_file_that_was_there_is_made_anew_and_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"before")
    (tmp_path / "a").chmod(0o640)
    private_file(tmp_path / "a").close()
    assert (tmp_path / "a").read_bytes() == b""
    assert mode(tmp_path / "a") == 0o640


def test_all_folders_that_are_made_are_their_owners_and_no_other(
    tmp_path: Path,
) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    private_folder(tmp_path / "there" / "a" / "b")
    private_folder(tmp_path / "there" / "a" / "b")
    made = [tmp_path / "there" / "a", tmp_path / "there" / "a" / "b"]
    assert [mode(each) for each in made] == [0o700, 0o700]
    assert mode(tmp_path / "there") == 0o755


def test_a_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(FileExistsError):
        private_folder(tmp_path / "a")


def test_what_a_sink_was_told_is_for_its_owner_alone(tmp_path: Path) -> None:
    WavSink(tmp_path / "a.wav", AudioFormat("pcm16", 8_000))
    assert mode(tmp_path / "a.wav") == 0o600
