"""The interpreter at its ports, on both loops, in virtual time."""

from __future__ import annotations

from base64 import b64decode

import pytest
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Pipeline,
    ReplyEnd,
    Usage,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source, no_leaks
from voxpipe.processors.audio import Decode, Resample
from voxpipe.processors.realtime import Service
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.translation import (
    Translate,
    open_translation,
)
from voxpipe.simulator import Simulator, ToneVoice
from voxpipe.transports import MemoryPhone

from ..call import speech
from ..loops import Backend, run_virtually
from .desk import (
    GOOD_EVENING,
    TALK,
    WRITER,
    Heard,
    both_loops,
    frames,
    interpreter,
    seconds_of,
    served,
)
from .service import FakeService


@both_loops
def test_what_is_said_comes_out_in_another_language(backend: Backend) -> None:
    async def conversation() -> None:
        async with no_leaks(), interpreter(transcription=WRITER) as session:
            translate = Translate(session)
            source = Source(frames(speech(1.0)), pace="real time")
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
        service = FakeService()
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


def seconds_sent(service: FakeService) -> float:
    sent = service.asked_for("session.input_audio_buffer.append")
    return sum(seconds_of(b64decode(each["audio"])) for each in sent)


@both_loops
def test_it_costs_by_the_minute_of_what_is_heard(backend: Backend) -> None:
    async def conversation() -> None:
        async with interpreter(service=Service(region="eu")) as session:
            translate = Translate(session)
            source = Source(frames(bytes(PCM_24K.bytes_in(90))))
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
        service = FakeService()
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


# --- rubbish, and readers


@both_loops
def test_rubbish_is_counted_and_the_translation_goes_on(backend: Backend) -> None:
    async def conversation() -> None:
        service = FakeService()
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
            pipeline = Pipeline(Source([]).output >> translate.hears, *heard.routes)
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
        service = FakeService()
        for _ in range(140):
            service.speaks(1.0)
        async with served(service) as session:
            translate = Translate(session)
            phone = MemoryPhone(PCM_24K)
            source = Source(frames(speech(0.2)))
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
            source = Source(frames(speech(1.0)))
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
            wrong = Source([])
            wrong.output.format = ulaw
            with pytest.raises(WiringError, match="Resample"):
                await Pipeline(
                    wrong.output >> translate.hears, translate.says >> says.input
                ).run()
        async with interpreter() as session:
            translate, says = Translate(session), Probe()
            source = Source(frames(speech(1.0, ulaw), ulaw))
            source.output.format = ulaw
            await Pipeline(
                source.output >> Decode() >> Resample(24_000) >> translate.hears,
                translate.says >> says.input,
            ).run()
            assert says.data == GOOD_EVENING

    run_virtually(backend, conversation)


async def test_it_is_the_same_over_a_socket() -> None:
    async with (
        no_leaks(),
        Simulator(TALK, ToneVoice()) as simulator,
        open_translation(
            language="en",
            transcription=WRITER,
            service=Service(base_url=simulator.url, api_key="sk-x"),
        ) as session,
    ):
        translate = Translate(session)
        source = Source(frames(speech(1.0)))
        heard = Heard(translate)
        await Pipeline(source.output >> translate.hears, *heard.routes).run()
    assert heard.says.data == GOOD_EVENING
    assert heard.final("user") == ["Guten Abend."]
    assert heard.final("agent") == ["Good evening."]
    assert translate.fault_count == 0
