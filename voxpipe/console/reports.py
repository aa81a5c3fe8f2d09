"""A report of each call in a folder: the demo's, without words or sound.

There are times, counts, and names of tools: no word, no number, no argument. Nobody
but the user whose process this is can read them, and old ones make room for new ones.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from anyio import (
    WouldBlock,
    create_memory_object_stream,
    create_task_group,
    to_thread,
)
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from voxpipe.monitoring import CallSeen, Exporter

from .demo.report import (
    InterruptionRecord,
    Report,
    SpanRecord,
    ToolCallRecord,
    TurnRecord,
    to_json,
)
from .demo.timeline import timeline_svg

MOST = 1_000  # reports
MOST_BYTES = 256 * 1024 * 1024  # of all of them
MAX_WAITING = 256  # calls whose reports are not written yet
_NAME = re.compile(r"[0-9]{8}T[0-9]{9}Z-\w{1,8}\.(json|svg)")

logger = logging.getLogger("voxpipe.calls")


class Reports(Exporter):
    """Writes them, in a thread.

    Args:
        folder: is made if it is not there.
        most: how many there may be; then the oldest are deleted.
        most_bytes: how large all of them may be; likewise.

    Raises:
        OSError: the folder cannot be made, or written to.
    """

    needs_speech = True

    def __init__(
        self, folder: Path, *, most: int = MOST, most_bytes: int = MOST_BYTES
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(f"{folder} cannot be written to")
        self._folder = folder
        self._most, self._most_bytes = most, most_bytes
        self._waiting: MemoryObjectSendStream[CallSeen] | None = None

    def ended(self, call: CallSeen) -> None:
        """As `Exporter.ended`."""
        try:
            if self._waiting is not None:
                self._waiting.send_nowait(call)
        except WouldBlock:
            logger.warning("call=%s no report: the disk is too slow", call.id[-8:])

    @asynccontextmanager
    async def written(self) -> AsyncGenerator[None]:
        """Write as long as the block runs, and then the rest."""
        self._waiting, calls = create_memory_object_stream[CallSeen](MAX_WAITING)
        async with create_task_group() as tasks, calls:
            with self._waiting:
                tasks.start_soon(self._write_all, calls.clone())
                yield

    async def _write_all(self, calls: MemoryObjectReceiveStream[CallSeen]) -> None:
        with calls:
            async for call in calls:
                try:
                    await to_thread.run_sync(self._write, call)
                except OSError as error:
                    logger.warning("call=%s no report: %s", call.id[-8:], error)

    # --- in a thread

    def _write(self, call: CallSeen) -> None:
        now = datetime.now(UTC)
        name = re.sub(r"\W", "_", call.id[-8:]) or "_"
        stem = f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}Z-{name}"
        report = report_of(call)
        told = {
            "app": call.app,
            "line": call.line,
            "end": call.end,
            "underruns": call.underruns,
            "drops": call.drops,
            "failures": dict(call.failures),
            **to_json(report),
        }
        self._save(f"{stem}.json", json.dumps(told, indent=2) + "\n")
        self._save(f"{stem}.svg", timeline_svg(report, [], []))
        self._make_room()

    def _save(self, name: str, text: str) -> None:
        path = self._folder / name
        mode = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with open(os.open(path, mode, 0o600), "w", encoding="utf-8") as file:
            file.write(text)

    def _make_room(self) -> None:
        ours = [each for each in os.scandir(self._folder) if _NAME.fullmatch(each.name)]
        ours.sort(key=lambda each: each.name, reverse=True)
        stems, size = set[str](), 0
        for each in ours:
            stems.add(each.name.rpartition(".")[0])
            size += each.stat().st_size
            if len(stems) > self._most or size > self._most_bytes:
                os.unlink(each.path)


def report_of(call: CallSeen) -> Report:
    """What is known of a call, as the demo tells it."""
    began = call.began
    turns = [
        TurnRecord(
            index=number,
            reply_id=turn.reply_id,
            timings=turn.timings.since(began),
        )
        for number, turn in enumerate(call.turns, 1)
    ]
    tools = [
        ToolCallRecord(
            name=tool.name,
            call_id=tool.call_id,
            arguments="",
            output="",
            started=tool.over - tool.seconds - began,
            seconds=tool.seconds,
            error=tool.error,
        )
        for tool in call.tools
    ]
    cuts = [
        InterruptionRecord(
            reply_id=turn.reply_id,
            at=turn.over - began,
            generated_ms=round(turn.generated * 1000, 1),
            played_ms=round(turn.played * 1000, 1),
            basis=turn.basis,
        )
        for turn in call.turns
        if turn.is_cut
    ]
    return Report(
        model=call.model,
        seconds=(began if call.over is None else call.over) - began,
        turns=tuple(turns),
        tool_calls=tuple(tools),
        interruptions=tuple(cuts),
        usage=dict(call.tokens),
        cost_usd=call.cost_usd,
        spans=tuple(sorted(_spans(call), key=lambda span: span.start)),
    )


def _spans(call: CallSeen) -> Iterator[SpanRecord]:
    began = call.began
    for start, end in call.speech:
        yield SpanRecord(speaker="caller", start=start - began, end=end - began)
    for turn in call.turns:
        begin = turn.timings.since(began).first_played
        if begin is None:
            continue
        until = begin + turn.played
        yield SpanRecord(speaker="agent", start=begin, end=until)
        if turn.played < turn.generated:
            lost = until + turn.generated - turn.played
            yield SpanRecord(speaker="agent", start=until, end=lost, kind="unplayed")
