"""Wirings that type checkers must accept. Never run: the checkers are the test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_type

from anyio.abc import ObjectStream, SocketStream
from anyio.streams.tls import TLSStream

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Dtmf,
    Filter,
    Input,
    OpenRoute,
    Output,
    Pipeline,
    PlayoutInput,
    Processor,
    ReplyFrame,
    Route,
    Text,
    ToolCall,
    Transform,
)
from voxpipe.processors.realtime import Realtime, ServerVad, Settings, Update
from voxpipe.processors.realtime.money import Budget
from voxpipe.transports import StreamPhone

ULAW = AudioFormat("ulaw", 8_000)


class Phone(Processor):
    heard = Output[AudioFrame]()
    speaks = PlayoutInput[ReplyFrame]()
    played = Output[AudioFrame]()


class Model(Processor):
    hears = Input[AudioFrame | Text]()
    says = Output[ReplyFrame]()
    calls = Output[ToolCall]()


class Echo(Processor):
    input = Input[AudioFrame]()
    output = Output[AudioFrame]()

    async def run(self) -> None:
        async for frame in self.input:
            assert_type(frame, AudioFrame)
            await self.output.send(frame)
        assert_type(await self.input.receive(), AudioFrame)
        assert_type(self.input.receive_nowait(), AudioFrame | None)


class Dialled(Processor):
    keys = Input[Dtmf]()


class Volume(Filter[AudioFrame]):
    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        yield frame


class Speller(Transform[AudioFrame, Text]):
    def feed(self, frame: AudioFrame) -> Iterable[Text]:
        yield Text(text="a")


def a_filter_keeps_the_type_of_its_route(model: Model) -> None:
    assert_type(model.says >> Volume(), OpenRoute[ReplyFrame])


def a_transform_changes_it(phone: Phone) -> None:
    assert_type(phone.heard >> Speller(), OpenRoute[Text])


def a_narrow_stream_enters_a_wide_input(phone: Phone, model: Model) -> None:
    assert_type(phone.heard >> model.hears, Route)
    assert_type(phone.heard >> Volume() >> Speller() >> model.hears, Route)


def a_stage_stands_in_the_middle(phone: Phone, model: Model) -> None:
    assert_type(phone.heard >> Echo(), OpenRoute[AudioFrame])
    assert_type(phone.heard >> Echo() >> Volume() >> model.hears, Route)


def whole_pipelines(phone: Phone, model: Model) -> Pipeline:
    return Pipeline(
        phone.heard >> Volume() >> model.hears,
        model.says >> Volume() >> phone.speaks,
    )


def a_session_is_changed_in_typed_fields(model: Realtime) -> None:
    update = model.update(
        output="text", turn_detection=ServerVad(idle_ms=6_000), noise_reduction=None
    )
    assert_type(update, Update)
    assert_type(model.settings, Settings)


def what_it_costs_and_the_keys_of_a_telephone_have_ports(model: Realtime) -> None:
    assert_type(model.usage >> Budget(usd=1).charges, Route)
    assert_type(model.pressed >> Dialled().keys, Route)


def any_byte_stream_is_a_line(
    sockets: SocketStream, tls: TLSStream, objects: ObjectStream[bytes]
) -> None:
    assert_type(StreamPhone(sockets, ULAW), StreamPhone)
    assert_type(StreamPhone(tls, ULAW), StreamPhone)
    assert_type(StreamPhone(objects, ULAW), StreamPhone)
