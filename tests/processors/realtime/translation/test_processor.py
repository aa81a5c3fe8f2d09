"""The interpreter at its ports, on both loops, in virtual time."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Pipeline,
    ReplyEnd,
    SessionLost,
    Transcript,
    Usage,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, no_leaks
from voxpipe.pipeline.testing import Script as Frames
from voxpipe.processors.audio import Decode, Resample
from voxpipe.processors.realtime import Address, Connection
from voxpipe.processors.realtime.settings import PCM_24K
from voxpipe.processors.realtime.translation import (
    Translate,
    TranslationSession,
    open_translation,
)
from voxpipe.simulator import Line, Script, ToneVoice, connect_in_memory
from voxpipe.transports import MemoryPhone

from ..call import speech  # noqa: TID252  # tests are no package
from ..loops import BACKENDS, Backend, Steps, run_virtually  # noqa: TID252
from .service import Service

TALK = Script(
    replies=(
        Line(heard="Guten Abend.", say="Good evening."),
        Line(heard="Wo ist der Bahnhof?", say="Where is the station?"),
    )
)
GOOD_EVENING = ToneVoice().speak("Good evening.", "interpreter", 1.0)
WRITER = "gpt-realtime-whisper"
both_loops = pytest.mark.parametrize("backend", BACKENDS)


def interpreter(
    script: Script = TALK, *, lifetime: float = 3600.0, **options: Any
) -> AbstractAsyncContextManager[TranslationSession]:
    """A session with the simulated one."""

    def connect(_: Address) -> AbstractAsyncContextManager[Connection]:
        return connect_in_memory(
            script, ToneVoice(), kind="translation", seed=1, lifetime=lifetime
        )

    return open_translation(language="en", api_key="sk-x", connect=connect, **options)


def served(service: Service) -> AbstractAsyncContextManager[TranslationSession]:
    return open_translation(language="en", api_key="sk-x", connect=service.connect)


def frames(audio: bytes, format: AudioFormat = PCM_24K) -> list[AudioFrame]:
    """As a telephone sends it: 20 ms each."""
    step = format.bytes_in(0.02)
    return [
        AudioFrame(data=audio[at : at + step], format=format)
        for at in range(0, len(audio), step)
    ]


def seconds_of(audio: bytes) -> float:
    return AudioFrame(data=audio, format=PCM_24K).duration


class Heard:
    """Reads all that an interpreter tells."""

    def __init__(self, box: Translate) -> None:
        self.says, self.words, self.usage = Probe(), Probe(), Probe()
        self.routes = (
            box.says >> self.says.input,
            box.transcripts >> self.words.input,
            box.usage >> self.usage.input,
        )

    def final(self, speaker: str) -> list[str]:
        told: Sequence[Transcript] = self.words.frames
        return [each.text for each in told if each.speaker == speaker and each.final]


@both_loops
def test_what_is_said_comes_out_in_another_language(backend: Backend) -> None:
    async def conversation() -> None:
        async with no_leaks(), interpreter(transcription=WRITER) as session:
            translate = Translate(session)
            source = Frames(frames(speech(1.0)), pace="real time")
            heard = Heard(translate)
            await Pipeline(source.output >> translate.hears, *heard.routes).run()
        assert heard.says.data == GOOD_EVENING
        assert heard.says.frames[-1] == ReplyEnd(turn=None)
        assert heard.final("user") == ["Guten Abend."]
        assert heard.final("agent") == ["Good evening."]
        starts = [f.start for f in heard.says.frames[:-1]]
        assert starts[0] == 0
        assert starts == sorted(starts)

    run_virtually(backend, conversation)


@both_loops
def test_a_listener_hears_it_at_the_pace_of_speech(backend: Backend) -> None:
    async def conversation() -> bytes:
        async with interpreter() as session:
            translate = Translate(session)
            phone = MemoryPhone(PCM_24K, background="silence")
            pipeline = Pipeline(
                phone.heard >> translate.hears, translate.says >> phone.speaks
            )
            heard = b""
            async with create_task_group() as tasks:
                tasks.start_soon(pipeline.run)
                await phone.play(speech(1.0))
                began = current_time()
                while len(heard) < len(GOOD_EVENING):
                    heard += (await phone.listen()).data
                assert current_time() - began >= seconds_of(GOOD_EVENING)
                phone.hang_up()
        return heard

    assert run_virtually(backend, conversation) == GOOD_EVENING


@both_loops
def test_a_phone_that_falls_silent_still_gets_its_translation(backend: Backend) -> None:
    async def conversation() -> None:
        service = Service()
        async with served(service) as session:
            translate = Translate(session)
            phone = MemoryPhone(PCM_24K)  # sends nothing while nobody speaks
            pipeline = Pipeline(
                phone.heard >> translate.hears, translate.says >> phone.speaks
            )
            async with create_task_group() as tasks:
                tasks.start_soon(pipeline.run)
                await phone.play(speech(0.4))
                await sleep(60)
                silence = seconds_sent(service) - 0.4
                assert 4 < silence < 6  # and no more: each minute costs
                service.speaks(0.2)
                await sleep(60)  # it goes on while words still come
                assert seconds_sent(service) - 0.4 - silence == 0
                await phone.play(speech(0.4))
                await sleep(60)
                assert seconds_sent(service) > 8
                tasks.cancel_scope.cancel()

    run_virtually(backend, conversation)


def seconds_sent(service: Service) -> float:
    sent = service.asked_for("session.input_audio_buffer.append")
    return sum(seconds_of(b64decode(each["audio"])) for each in sent)


@both_loops
def test_it_costs_by_the_minute_of_what_is_heard(backend: Backend) -> None:
    async def conversation() -> None:
        async with interpreter(region="eu") as session:
            translate = Translate(session)
            source = Frames(frames(bytes(PCM_24K.bytes_in(90))))
            heard = Heard(translate)
            await Pipeline(source.output >> translate.hears, *heard.routes).run()
        told: list[Usage] = heard.usage.frames
        assert [each.kind for each in told] == ["translation"] * 2
        costs = [each.cost_usd for each in told]
        # $0.034 a minute, and a tenth more where the data stay in the region.
        assert costs == pytest.approx([0.034 * 1.1, 0.017 * 1.1])
        assert translate.bill.usd == pytest.approx(1.5 * 0.034 * 1.1)

    run_virtually(backend, conversation)


@both_loops
def test_the_language_can_change_while_it_runs(backend: Backend) -> None:
    async def conversation() -> None:
        service = Service()
        async with served(service) as session:
            translate = Translate(session)
            phone = MemoryPhone(PCM_24K)
            pipeline = Pipeline(
                phone.heard >> translate.hears, translate.says >> phone.speaks
            )
            async with create_task_group() as tasks:
                tasks.start_soon(pipeline.run)
                await phone.play(speech(0.2))
                translate.update(language="fr")
                await phone.play(speech(0.2))
                tasks.cancel_scope.cancel()
        kinds = [each["type"] for each in service.asked]
        assert kinds.count("session.update") == 2
        assert kinds[-1] != "session.update"  # in order with the audio
        changed = service.asked_for("session.update")[1]["session"]
        assert changed == {"audio": {"output": {"language": "fr"}}}

    run_virtually(backend, conversation)


# --- ends


@both_loops
@pytest.mark.parametrize("end", ["goes", "closed"])
def test_an_end_that_nobody_asked_for_is_a_lost_session(
    backend: Backend, end: str
) -> None:
    async def conversation() -> None:
        service = Service()
        if end == "goes":
            service.goes()
        else:
            service.says("session.closed", event_id="event_1")
        async with no_leaks(), served(service) as session:
            translate, says = Translate(session), Probe()
            source = Frames(frames(speech(30)), pace="real time")
            pipeline = Pipeline(
                source.output >> translate.hears, translate.says >> says.input
            )
            with pytest.raises(SessionLost):
                await pipeline.run()

    run_virtually(backend, conversation)


@both_loops
def test_the_hour_ends_the_session_and_the_run(backend: Backend) -> None:
    async def conversation() -> None:
        async with interpreter(lifetime=20) as session:
            translate = Translate(session)
            heard = Heard(translate)
            source = Frames(frames(speech(60)), pace="real time")
            with pytest.raises(SessionLost) as lost:
                await Pipeline(source.output >> translate.hears, *heard.routes).run()
            assert lost.value.code == 1001
            assert translate.fault_count == 1  # session_expired, said before

    run_virtually(backend, conversation)


@both_loops
def test_words_that_come_after_the_speaker_has_gone_are_still_said(
    backend: Backend,
) -> None:
    async def conversation() -> None:
        service = Service()
        async with served(service) as session:
            translate = Translate(session)
            heard = Heard(translate)
            source = Frames(frames(speech(0.2)))
            pipeline = Pipeline(source.output >> translate.hears, *heard.routes)
            async with create_task_group() as tasks:
                tasks.start_soon(pipeline.run)
                for delta in ("I am", " late", " but here"):
                    await sleep(9)  # less than the service may be silent
                    service.says("session.output_transcript.delta", delta=delta)
                    service.speaks(0.2)
                service.says("session.closed")
        assert service.asked[-1] == {"type": "session.close"}
        assert heard.final("agent") == ["I am late but here"]
        assert len(heard.says.frames) == 4
        assert translate.fault_count == 0

    run_virtually(backend, conversation)


@both_loops
def test_a_service_that_never_closes_is_not_waited_for(backend: Backend) -> None:
    async def conversation() -> None:
        service = Service()
        async with served(service) as session:
            translate = Translate(session)
            heard = Heard(translate)
            source = Frames(frames(speech(0.2)))
            began = current_time()
            await Pipeline(source.output >> translate.hears, *heard.routes).run()
            assert current_time() - began == pytest.approx(10)
            assert translate.fault_count == 1

    run_virtually(backend, conversation)


@both_loops
def test_it_can_be_left_at_any_step(backend: Backend) -> None:
    async def conversation(step: int) -> None:
        async with no_leaks(), interpreter(transcription=WRITER) as session:
            translate = Translate(session)
            source = Frames(frames(speech(0.3)))
            heard = Heard(translate)
            pipeline = Pipeline(source.output >> translate.hears, *heard.routes)
            async with create_task_group() as tasks:
                steps.reset(step, tasks.cancel_scope.cancel)
                await pipeline.run()
                tasks.cancel_scope.cancel()

    steps = Steps()
    for step in range(1, 400, 29):
        run_virtually(backend, conversation, step, steps=steps)


# --- rubbish, and readers


@both_loops
def test_rubbish_is_counted_and_the_translation_goes_on(backend: Backend) -> None:
    async def conversation() -> None:
        service = Service()
        service.says_text("{")
        service.says("session.output_audio.delta", delta="no base64!")
        service.says("session.output_audio.delta", delta=7)
        service.speaks(0.2, sample_rate=16_000)
        service.says("error", error={"code": "invalid_value", "message": "x"})
        service.says("something.new", fields={})
        service.says("response.output_audio.delta", delta="AAAA", item_id="i")
        service.speaks(0.2, sample_rate=24_000, channels=1, format="pcm16")
        async with served(service) as session:
            translate = Translate(session)
            heard = Heard(translate)
            pipeline = Pipeline(Frames([]).output >> translate.hears, *heard.routes)
            async with create_task_group() as tasks:
                tasks.start_soon(pipeline.run)
                await sleep(1)
                service.says("session.closed")
        assert translate.fault_count == 6
        assert [type(f) for f in heard.says.frames] == [AudioFrame, ReplyEnd]

    run_virtually(backend, conversation)


@both_loops
def test_a_listener_two_minutes_behind_misses_the_oldest(backend: Backend) -> None:
    async def conversation() -> None:
        service = Service()
        for _ in range(140):
            service.speaks(1.0)
        async with served(service) as session:
            translate = Translate(session)
            phone = MemoryPhone(PCM_24K)
            source = Frames(frames(speech(0.2)))
            pipeline = Pipeline(
                source.output >> translate.hears, translate.says >> phone.speaks
            )
            async with create_task_group() as tasks:
                tasks.start_soon(pipeline.run)
                await sleep(1)
                assert 15 <= translate.missed <= 20
                assert translate.fault_count == 1  # said once
                tasks.cancel_scope.cancel()

    run_virtually(backend, conversation)


@both_loops
def test_subtitles_need_nobody_to_listen(backend: Backend) -> None:
    async def conversation() -> None:
        async with interpreter() as session:
            translate, words = Translate(session), Probe()
            source = Frames(frames(speech(1.0)))
            pipeline = Pipeline(
                source.output >> translate.hears, translate.transcripts >> words.input
            )
            await pipeline.run()
            assert words.frames[-1].text == "Good evening."

    run_virtually(backend, conversation)


@both_loops
def test_a_telephone_is_drawn_through_decode_and_resample(backend: Backend) -> None:
    ulaw = AudioFormat("ulaw", 8_000)

    async def conversation() -> None:
        async with interpreter() as session:
            translate, says = Translate(session), Probe()
            wrong = Frames([])
            wrong.output.format = ulaw
            with pytest.raises(WiringError, match="Resample"):
                await Pipeline(
                    wrong.output >> translate.hears, translate.says >> says.input
                ).run()
        async with interpreter() as session:
            translate, says = Translate(session), Probe()
            source = Frames(frames(speech(1.0, ulaw), ulaw))
            source.output.format = ulaw
            await Pipeline(
                source.output >> Decode() >> Resample(24_000) >> translate.hears,
                translate.says >> says.input,
            ).run()
            assert says.data == GOOD_EVENING

    run_virtually(backend, conversation)
