"""Files are put on the same board as what is live."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path

import pytest

from voxpipe.console.example import example_wav
from voxpipe.console.main import main
from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.realtime import open_session
from voxpipe.simulator import Line, Script, simulated
from voxpipe.simulator.cassettes import recording
from voxpipe.simulator.cassettes.redaction import Keep
from voxpipe.watch.board import Board
from voxpipe.watch.errors import WatchError
from voxpipe.watch.opened import open_files


async def _greet(path: Path, keep: Keep) -> None:
    connect = recording(
        path, simulated(Script(replies=[Line(say="Hello.")])), keep=keep
    )
    async with open_session(connect=connect) as session:
        await session.connection.send('{"type": "response.create"}')
        while "response.done" not in await session.connection.receive():
            pass


@pytest.mark.parametrize("keep", ["words", "all"])
def test_a_cassette_is_seen_as_it_was_and_is_right(tmp_path: Path, keep: Keep) -> None:
    path = tmp_path / "call.jsonl"
    run_virtual(_greet, path, keep)
    board = Board("files")
    open_files(board, [path])
    records = board.since(0, 1_000)
    shown = [json.loads(each.shown()) for each in records]
    kinds = [each["event"]["type"] for each in shown if "event" in each]
    assert kinds[0] == "session.created"
    assert kinds[-1] == "response.done"
    assert shown[-1]["close"] == {"code": 1000, "reason": ""}
    assert not [each.wrong for each in records if each.wrong]
    assert shown[-2]["usd"] > 0
    (delta, *_) = [
        each["event"]["delta"]
        for each in shown
        if each.get("event", {}).get("type") == "response.output_audio.delta"
    ]
    if keep == "all":
        assert len(b64decode(delta)) > 1_000
    else:
        assert delta["audio_bytes"] > 1_000


def test_sound_of_the_caller_that_was_kept_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    event = {"type": "input_audio_buffer.append", "audio": "AAAA"}
    lines = [{"voxpipe_cassette": 1}, {"at": 0.1, "from": "client", "event": event}]
    path.write_text("\n".join(map(json.dumps, lines)))
    board = Board("files")
    open_files(board, [path])
    assert json.loads(board.since(0, 1)[0].shown())["event"] == event


def test_what_is_wrong_in_a_cassette_is_said(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    event = {"type": "response.crate"}
    lines = [{"voxpipe_cassette": 1}, {"at": 0.1, "from": "client", "event": event}]
    path.write_text("\n".join(map(json.dumps, lines)))
    board = Board("files")
    open_files(board, [path])
    assert "response.create" in board.since(0, 1)[0].wrong[0]


def test_a_bench_report_and_a_recording_are_facts(tmp_path: Path) -> None:
    report = {"app": "mine", "latency_ms": {"total": {"p50": 5}}, "samples": {"x": 1}}
    (tmp_path / "report.json").write_text(json.dumps(report))
    board = Board("files")
    open_files(board, [tmp_path, Path(example_wav())])
    told, heard, over = board.facts.values()
    assert (told["name"], "samples" in told["report"]) == ("mine", False)
    assert heard["rate"] == 16_000
    assert len(heard["channels"]) == 1
    assert over == {"kind": "over"}


@pytest.mark.parametrize(
    ("name", "text"), [("a.txt", ""), ("a.json", "[]"), ("a.json", '{"app": "x"}')]
)
def test_what_cannot_be_shown_is_said_to_be_so(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(WatchError, match="expected a"):
        open_files(Board("files"), [tmp_path / name])


def test_a_file_that_is_not_there_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["watch", "absent.jsonl"]) == 1
    assert main(["watch"]) == 1
    shown = capsys.readouterr().err
    assert "cannot read the cassette absent.jsonl" in shown
    assert "expected files to open, or --proxy" in shown
