"""The transcriber at its ports, on both loops, in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Pipeline,
    SessionLost,
    Transcript,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source, no_leaks
from voxpipe.processors.audio import Decode
from voxpipe.processors.realtime import (
    Connection,
    SemanticVad,
    Service,
    Transcribe,
    TranscriptionSession,
    open_transcription,
)
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.connect import Address
from voxpipe.processors.vad import Vad
from voxpipe.simulator import (
    Line,
    Script,
    Simulator,
    Timing,
    ToneVoice,
    connect_in_memory,
)

from ..call import ULAW, speech
from ..loops import BACKENDS, Backend, Steps, run_virtually

WORDS = ("Good evening.", "Is there a table for two?")
TALK = Script(replies=tuple(Line(heard=words) for words in WORDS))
STREAMS = "gpt-realtime-whisper"
both_loops = pytest.mark.parametrize("backend", BACKENDS)


def transcriber(
    script: Script = TALK, *, lifetime: float = 3600.0, **options: Any
) -> AbstractAsyncContextManager[TranscriptionSession]:
    """A session with the simulated one."""

    def connect(_: Address) -> AbstractAsyncContextManager[Connection]:
        return connect_in_memory(
            script, ToneVoice(), kind="transcription", seed=1, lifetime=lifetime
        )

    return open_transcription(
        service=Service(api_key="sk-x"), connect=connect, **options
    )


def frames(*pieces: float, format: AudioFormat = PCM_24K) -> list[AudioFrame]:
    """Speech and silence in turn, in seconds, as a telephone sends it."""
    step = format.bytes_in(0.02)
    audio = b"".join(
        format.silence(seconds) if number % 2 else speech(seconds, format)
        for number, seconds in enumerate(pieces)
    )
    return [
        AudioFrame(data=audio[at : at + step], start=at / step * 0.02, format=format)
        for at in range(0, len(audio), step)
    ]


class Heard:
    """Reads all that a transcriber tells."""

    def __init__(self, box: Transcribe) -> None:
        self.words, self.usage, self.events = Probe(), Probe(), Probe()
        self.routes = (
            box.transcripts >> self.words.input,
            box.usage >> self.usage.input,
            box.events >> self.events.input,
        )

    @property
    def final(self) -> list[str]:
        told: Sequence[Transcript] = self.words.frames
        return [each.text for each in told if each.final]


@both_loops
@pytest.mark.parametrize("turn_detection", ["server", SemanticVad(eagerness="high")])
def test_what_is_said_is_written_down_turn_by_turn(
    backend: Backend, turn_detection: Any
) -> None:
    async def conversation() -> None:
        async with no_leaks(), transcriber(turn_detection=turn_detection) as session:
            box = Transcribe(session)
            source = Source(frames(1.0, 4.0, 1.5), pace="real time")
            heard = Heard(box)
            await Pipeline(source.output >> box.hears, *heard.routes).run()
        assert heard.final == list(WORDS)  # the last one had not ended yet
        assert heard.words.frames[0].text == "Good"  # as it grows
        assert not heard.words.frames[0].final
        assert [entry.text for entry in box.history] == list(WORDS)
        costs = [usage.cost_usd for usage in heard.usage.frames]
        assert all(costs)
        assert box.bill.usd == pytest.approx(sum(costs))
        assert box.fault_count == 0

    run_virtually(backend, conversation)


@both_loops
def test_a_model_that_streams_is_told_where_turns_end_by_the_program(
    backend: Backend,
) -> None:
    async def conversation() -> None:
        async with transcriber(model=STREAMS) as session:
            box = Transcribe(session)
            source = Source(frames(1.0, 4.0, 0.5), pace="real time")
            heard = Heard(box)
            pipeline = Pipeline(source.output >> box.hears, *heard.routes)
            async with create_task_group() as tasks:
                tasks.start_soon(pipeline.run)
                await sleep(1.01)
                box.end_turn()
                await sleep(3)
                assert heard.final == [WORDS[0]]
        assert heard.final == list(WORDS)  # its end closes the turn that is open

    run_virtually(backend, conversation)


@both_loops
def test_a_vad_in_the_pipeline_tells_where_turns_end(backend: Backend) -> None:
    async def conversation() -> None:
        async with transcriber(model=STREAMS, turn_detection="local") as session:
            box = Transcribe(session)
            source = Source(frames(1.0, 2.0, 1.0, 1.0), pace="real time")
            heard = Heard(box)
            pipeline = Pipeline(source.output >> Vad() >> box.hears, *heard.routes)
            await pipeline.run()
        assert heard.final == list(WORDS)

    run_virtually(backend, conversation)


@both_loops
def test_telephone_audio_goes_straight_through_beside_its_vad(backend: Backend) -> None:
    async def conversation() -> None:
        async with transcriber(
            model=STREAMS, turn_detection="local", audio=ULAW
        ) as session:
            box = Transcribe(session)
            source = Source(frames(1.0, 2.0, 1.0, 1.0, format=ULAW), pace="real time")
            source.output.format = ULAW
            heard = Heard(box)
            await Pipeline(
                source.output >> box.hears,
                source.output >> Decode() >> Vad() >> box.speech,
                *heard.routes,
            ).run()
        assert heard.final == list(WORDS)

    run_virtually(backend, conversation)


@both_loops
def test_turns_have_one_owner(backend: Backend) -> None:
    async def conversation() -> None:
        source = Source([])
        async with transcriber(turn_detection="server") as session:
            box = Transcribe(session)
            with pytest.raises(WiringError, match="two owners"):
                Pipeline(source.output >> Vad() >> box.hears)
        async with transcriber(turn_detection="local") as session:
            box = Transcribe(session)
            with pytest.raises(WiringError, match="nobody marks speech"):
                Pipeline(source.output >> box.hears)

    run_virtually(backend, conversation)


@both_loops
def test_audio_of_a_telephone_can_be_taken_as_it_is(backend: Backend) -> None:
    async def conversation() -> None:
        source = Source([])
        source.output.format = ULAW
        async with transcriber() as session:
            with pytest.raises(WiringError, match=r"open_transcription\(audio=Audio"):
                Pipeline(source.output >> Transcribe(session).hears)

    run_virtually(backend, conversation)


@both_loops
def test_a_click_is_no_turn(backend: Backend) -> None:
    async def conversation() -> None:
        async with transcriber(model=STREAMS) as session:
            box = Transcribe(session)
            source, heard = Source(frames(0.06)), Heard(box)
            await Pipeline(source.output >> box.hears, *heard.routes).run()
        assert heard.words.frames == []
        assert box.fault_count == 0

    run_virtually(backend, conversation)


@both_loops
def test_silence_is_not_written_down_and_not_waited_for(backend: Backend) -> None:
    async def conversation() -> None:
        async with transcriber() as session:
            box = Transcribe(session)
            source, heard = Source([*frames(0, 3.0)]), Heard(box)
            began = current_time()
            await Pipeline(source.output >> box.hears, *heard.routes).run()
            assert current_time() - began < 3
        assert heard.final == []

    run_virtually(backend, conversation)


@both_loops
def test_words_that_cannot_be_written_down_are_counted(backend: Backend) -> None:
    async def conversation() -> None:
        script = Script(replies=(Line(unintelligible=True), Line(heard=WORDS[1])))
        async with transcriber(script) as session:
            box = Transcribe(session)
            source = Source(frames(1.0, 2.0, 1.0, 1.0), pace="real time")
            heard = Heard(box)
            await Pipeline(source.output >> box.hears, *heard.routes).run()
        assert heard.final == [WORDS[1]]
        assert box.fault_count == 1

    run_virtually(backend, conversation)


@both_loops
def test_the_hour_ends_the_session_and_the_run(backend: Backend) -> None:
    async def conversation() -> None:
        async with transcriber(lifetime=10) as session:
            box = Transcribe(session)
            source, heard = Source(frames(0, 60), pace="real time"), Heard(box)
            with pytest.raises(SessionLost) as lost:
                await Pipeline(source.output >> box.hears, *heard.routes).run()
            assert lost.value.code == 1001

    run_virtually(backend, conversation)


@both_loops
def test_it_can_be_left_at_any_step(backend: Backend) -> None:
    async def conversation(step: int) -> None:
        async with no_leaks(), transcriber() as session:
            box = Transcribe(session)
            source, heard = Source(frames(0.5)), Heard(box)
            pipeline = Pipeline(source.output >> box.hears, *heard.routes)
            async with create_task_group() as tasks:
                steps.reset(step, tasks.cancel_scope.cancel)
                await pipeline.run()
                tasks.cancel_scope.cancel()

    steps = Steps()
    for step in range(1, 900, 97):
        run_virtually(backend, conversation, step, steps=steps)


async def test_it_is_the_same_over_a_socket() -> None:
    script = TALK.model_copy(update={"timing": Timing(transcription_ms=0)})
    async with (
        no_leaks(),
        Simulator(script, ToneVoice()) as simulator,
        open_transcription(
            model=STREAMS, service=Service(base_url=simulator.url, api_key="sk-x")
        ) as session,
    ):
        box = Transcribe(session)
        source, heard = Source(frames(1.0)), Heard(box)
        await Pipeline(source.output >> box.hears, *heard.routes).run()
    assert heard.final == [WORDS[0]]
    assert box.fault_count == 0
