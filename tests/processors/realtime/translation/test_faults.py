"""The interpreter meets every fault of the simulator: lost, reported, or going on."""

from __future__ import annotations

import pytest

from voxpipe.pipeline import Pipeline, SessionLost
from voxpipe.pipeline.testing import Source, no_leaks
from voxpipe.processors.realtime import Translate
from voxpipe.simulator.script.faults import (
    Close,
    Duplicate,
    Expired,
    Malformed,
    Reorder,
    ScriptFault,
    Slow,
    Stall,
)

from ..call import speech
from ..loops import Backend, run_virtually
from .desk import GOOD_EVENING, TALK, Heard, both_loops, frames, interpreter

AUDIO, WORDS = "session.output_audio.delta", "session.output_transcript.delta"


async def interpreted(fault: ScriptFault) -> tuple[Translate, Heard]:
    """One phrase, and all that becomes of it."""
    script = TALK.model_copy(update={"faults": (fault,)})
    async with no_leaks(), interpreter(script) as session:
        translate = Translate(session)
        heard = Heard(translate)
        source = Source(frames(speech(1.0)), pace="real time")
        await Pipeline(source.output >> translate.hears, *heard.routes).run()
    return translate, heard


@both_loops
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Close(code=1011, at=AUDIO, after=1), 1011),
        (Close(code=1000, at=WORDS), 1000),  # polite, and still not asked for
        (Close(code=1012, at="session.close"), 1012),
        (Close(code=1001, at="session.closed"), 1001),
        (Expired(at=AUDIO), 1001),
    ],
)
def test_an_end_that_nobody_asked_for_is_a_lost_session(
    backend: Backend, fault: ScriptFault, code: int
) -> None:
    with pytest.raises(SessionLost) as lost:
        run_virtually(backend, interpreted, fault)
    assert lost.value.code == code


@both_loops
@pytest.mark.parametrize(
    ("fault", "reported"),
    [
        (Malformed(at=WORDS), 1),
        (Duplicate(at=AUDIO, after=1), 1),
        (Slow(at=AUDIO, seconds=1.0), 0),
        (Stall(at=AUDIO, seconds=5.0), 0),
    ],
)
def test_what_does_not_end_the_session_loses_no_audio(
    backend: Backend, fault: ScriptFault, reported: int
) -> None:
    translate, heard = run_virtually(backend, interpreted, fault)
    assert heard.says.data == GOOD_EVENING
    assert translate.fault_count == reported


@both_loops
def test_events_out_of_order_are_said_as_they_come(backend: Backend) -> None:
    translate, heard = run_virtually(backend, interpreted, Reorder(at=AUDIO))
    assert len(heard.says.data) == len(GOOD_EVENING)
    assert translate.fault_count == 0


@both_loops
def test_a_service_that_stalls_for_good_is_given_up_at_the_end(
    backend: Backend,
) -> None:
    fault = Stall(at=AUDIO, seconds=600.0)
    translate, heard = run_virtually(backend, interpreted, fault)
    assert heard.says.data == b""
    assert translate.fault_count == 1  # session.closed is late
