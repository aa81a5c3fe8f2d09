"""What was recorded, put on a board: cassettes, bench reports, recordings."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxpipe.pipeline import AudioFormat
from voxpipe.processors.audio.g711 import expansion
from voxpipe.simulator.cassettes.cassette import CassetteEntry, load_cassette
from voxpipe.simulator.cassettes.redaction import fill
from voxpipe.simulator.protocol.json_types import is_object, object_in
from voxpipe.transports.wav import read_wav

from .board import Board, Watched
from .errors import WatchError
from .judge import Judge

MAX_REPORT = 64 * 1024 * 1024  # bytes
_KINDS = "a cassette (.jsonl), a bench report (.json) or a recording (.wav)"


def open_files(board: Board, paths: list[Path]) -> None:
    """Put up what is in these files.

    Args:
        board: where it is seen.
        paths: of files, or of folders that a bench has written.

    Raises:
        WatchError: it is nothing that can be shown.
        CassetteError, WavError, OSError: it cannot be read.
    """
    for path in paths:
        _open(board, path / "report.json" if path.is_dir() else path)
    board.facts["over"] = {"kind": "over"}


def _open(board: Board, path: Path) -> None:
    match path.suffix.lower():
        case ".jsonl":
            _cassette(board, path)
        case ".json":
            _report(board, path)
        case ".wav":
            _recording(board, path)
        case _:
            raise WatchError(f"{path}: expected {_KINDS}, got something else")


def _cassette(board: Board, path: Path) -> None:
    entries = load_cassette(path).entries
    lines = path.read_text(encoding="utf-8").splitlines()
    session = Watched(path.name)
    judge = Judge(translates=_translates(entries))
    for entry in entries:
        # What of an event the player does not need, sound that was kept, is there.
        line: dict[str, Any] = json.loads(lines[entry.line - 1])
        event = line.get("event")
        message = entry.text if event is None else json.dumps(event)
        wrong = list[str]()
        if message is not None:
            whole = message if event is None else json.dumps(fill(event, _silence))
            wrong = judge.wrong(entry.sender, whole)
        board.note(
            session,
            entry.at,
            entry.sender,
            message,
            close=entry.close,
            wrong=wrong,
            audio_bytes=0 if event is not None else entry.audio_bytes,
        )


def _translates(entries: tuple[CassetteEntry, ...]) -> bool:
    for entry in entries:
        session = (entry.event or {}).get("session")
        if is_object(session) and "type" in session:
            return bool(session["type"] == "translation")
    return False


def _silence(size: int) -> str:
    """In the place of sound that was not kept, so that its event is whole."""
    return b64encode(bytes(size)).decode("ascii")


def _report(board: Board, path: Path) -> None:
    if path.stat().st_size > MAX_REPORT:
        raise WatchError(f"{path}: expected at most {MAX_REPORT} bytes, got more")
    report = object_in(path.read_bytes())
    if report is None or not isinstance(report.get("latency_ms"), dict):
        raise WatchError(
            f"{path}: expected a report of `voxpipe bench`, with latency_ms, got "
            "something else"
        )
    name = str(report.get("app") or path.name)
    shown = {key: each for key, each in report.items() if key != "samples"}
    board.facts[f"report {path}"] = {"kind": "report", "name": name, "report": shown}


def _recording(board: Board, path: Path) -> None:
    format, data = read_wav(path)
    samples = _samples(format, data).reshape(-1, format.channels)
    sides = [samples[:, side].tobytes() for side in range(min(2, format.channels))]
    board.facts[f"recording {path}"] = {
        "kind": "recording",
        "name": path.name,
        "rate": format.rate,
        "channels": [b64encode(side).decode("ascii") for side in sides],
    }


def _samples(format: AudioFormat, data: bytes) -> NDArray[np.int16]:
    if format.encoding == "pcm16":
        return np.frombuffer(data, "<i2")
    return expansion(format.encoding)[np.frombuffer(data, np.uint8)]
