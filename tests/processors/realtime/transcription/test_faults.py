"""The transcriber meets every fault of the simulator, and tells what a minute costs."""

from __future__ import annotations

import pytest
from anyio import current_time

from voxpipe.pipeline import Pipeline, SessionLost
from voxpipe.pipeline.testing import Source, no_leaks
from voxpipe.processors.realtime import Transcribe
from voxpipe.processors.realtime.events.parse import TRANSCRIPTION
from voxpipe.simulator.script.faults import (
    Close,
    Duplicate,
    Expired,
    Malformed,
    ScriptFault,
    Stall,
)

from ..loops import Backend, run_virtually
from .test_processor import (
    STREAMS,
    TALK,
    WORDS,
    Heard,
    both_loops,
    frames,
    transcriber,
)

COMPLETED = f"{TRANSCRIPTION}.completed"


async def written(fault: ScriptFault) -> tuple[Transcribe, Heard, float]:
    """Two turns, what becomes of them, and how long that takes."""
    script = TALK.model_copy(update={"faults": (fault,)})
    began = current_time()
    async with no_leaks(), transcriber(script) as session:
        box = Transcribe(session)
        heard = Heard(box)
        source = Source(frames(1.0, 2.0, 1.0, 2.0), pace="real time")
        await Pipeline(source.output >> box.hears, *heard.routes).run()
    return box, heard, current_time() - began


@both_loops
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Close(code=1011, at="input_audio_buffer.speech_started"), 1011),
        (Close(code=1000, at=COMPLETED), 1000),
        (Expired(at=COMPLETED), 1001),
    ],
)
def test_an_end_that_nobody_asked_for_is_a_lost_session(
    backend: Backend, fault: ScriptFault, code: int
) -> None:
    with pytest.raises(SessionLost) as lost:
        run_virtually(backend, written, fault)
    assert lost.value.code == code


@both_loops
def test_a_transcript_that_comes_twice_is_told_and_paid_once(backend: Backend) -> None:
    box, heard, _ = run_virtually(backend, written, Duplicate(at=COMPLETED))
    assert heard.final == list(WORDS)
    assert len(heard.usage.frames) == 2
    assert box.fault_count == 1


@both_loops
def test_a_transcript_that_cannot_be_read_is_reported(backend: Backend) -> None:
    box, heard, _ = run_virtually(backend, written, Malformed(at=COMPLETED))
    assert heard.final == [WORDS[1]]
    assert box.fault_count == 1


@both_loops
def test_a_service_that_stalls_is_waited_for_ten_seconds_at_most(
    backend: Backend,
) -> None:
    stall = Stall(at="input_audio_buffer.speech_started")
    _, heard, seconds = run_virtually(backend, written, stall)
    assert heard.final == []
    assert seconds <= 6 + 10.1


@both_loops
@pytest.mark.parametrize(
    ("model", "minute"), [("gpt-transcribe", 0.006), (STREAMS, 0.017)]
)
def test_a_minute_costs_what_the_price_list_says(
    backend: Backend, model: str, minute: float
) -> None:
    async def conversation() -> float:
        async with transcriber(model=model, turn_detection="manual") as session:
            box = Transcribe(session)
            heard = Heard(box)
            source = Source(frames(60.0))
            await Pipeline(source.output >> box.hears, *heard.routes).run()
        (usage,) = heard.usage.frames
        assert usage.cost_usd == box.bill.usd
        return box.bill.usd

    assert run_virtually(backend, conversation) == pytest.approx(minute)
