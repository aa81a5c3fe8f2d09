"""Every event that the official SDK knows goes through our client."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from anyio import create_task_group, sleep, sleep_forever
from anyio.lowlevel import checkpoint
from pydantic import ValidationError

from voxpipe.pipeline import Pipeline
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import Realtime, ServerEvent, Service, open_session
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.connect import Address
from voxpipe.processors.realtime.events.parse import AudioDelta, parse
from voxpipe.transports import MemoryPhone

from .bench import Bench
from .loops import BACKENDS, Backend, run_virtually
from .sdk_events import CLIENT, SERVER, TRANSLATION, WORD, Json, instances

AUDIO = "response.output_audio.delta"
# These tell of something that went wrong, so the program is told as well.
BAD_NEWS = {
    "error": "the service refused",
    "conversation.item.input_audio_transcription.failed": "the caller's words",
    "response.done": "a reply is ",
    "mcp_list_tools.failed": "the tools of an MCP server",
}
# And these of a pipeline in which nobody reads, and a service that does not listen.
NAMELESS = "it does not say what it is about"
OURS = (
    "a tool was called, and nobody",
    "a hosted tool needs approval, and nobody",
    "a reply was asked for, and the service",
    "the beginning of a reply was not told",  # the SDK's names are all one
    f"{AUDIO}: expected a known reply's",
)
EVENTS = {kind: list(instances(model)) for kind, model in SERVER.items()}


def named(event: Json, name: str) -> Json:
    """The event under a name of its own, where it has one."""
    return event | {"event_id": name} if "event_id" in event else event


def test_we_know_every_event_that_the_sdk_knows_and_no_other() -> None:
    assert {*ev.SERVER_EVENTS, AUDIO} == {*SERVER, *TRANSLATION}
    assert len(SERVER) == 46


@pytest.mark.parametrize("kind", [kind for kind in SERVER if kind != AUDIO])
def test_it_is_read_as_its_own_type_with_all_its_fields(kind: str) -> None:
    for event in EVENTS[kind]:
        read = parse(json.dumps(event))
        assert not isinstance(read, AudioDelta)
        assert type(read) is ev.SERVER_EVENTS[kind]
        kept = read.model_dump(exclude_unset=True)
        told = {name: value for name, value in event.items() if value is not None}
        assert not [name for name in told if kept[name] is None]
        # Whatever the SDK names and our type does not would be among these.
        assert set(read.model_extra or ()) <= {"obfuscation"}


@pytest.mark.parametrize("kind", SERVER)
@pytest.mark.parametrize("replying", [False, True])
def test_it_does_no_harm_to_a_conversation(kind: str, replying: bool) -> None:
    for event in EVENTS[kind]:
        _meet(event, replying)


def _meet(event: Json, replying: bool) -> None:
    bench = Bench()
    if replying:  # one of the name that all generated events have
        bench.created(WORD)
        bench.item(WORD, WORD)
        bench.sound(WORD, WORD, 0.5)
    bench.hears_text(json.dumps(named(event, "event_generated")))
    news = BAD_NEWS.get(event["type"], NAMELESS)
    unknown = NAMELESS if replying else OURS[-1]
    allowed = (news, unknown, f"{event['type']}: {NAMELESS}")
    assert not [each for each in bench.faults if not each.startswith(allowed)]
    has_name = all(body.get("id") for body in bodies(event))
    assert not has_name or not any(each.endswith(NAMELESS) for each in bench.faults)
    told = [frame.event.type for frame in bench.told("events")]
    assert (told[-1:] == [event["type"]]) is (event["type"] != AUDIO)
    bench.sent()


def bodies(event: Json) -> list[Json]:
    """What an event is about, whose names the SDK's types let out."""
    return [event[name] for name in ("item", "response") if name in event]


class AllOfThem:
    """A connection on which a service says all that it can say."""

    def __init__(self, events: list[Json]) -> None:
        self._events = [{"type": "session.created", "session": {"id": "sess_1"}}]
        self._events += [{"type": "session.updated", "session": {}}, *events]

    async def send(self, message: str) -> None:
        """Hear nothing."""

    async def receive(self) -> str:
        """The next event."""
        await checkpoint()
        if not self._events:
            await sleep_forever()
        return json.dumps(self._events.pop(0))


@pytest.mark.parametrize("backend", BACKENDS)
def test_all_of_them_reach_the_reader_of_a_running_model(backend: Backend) -> None:
    generated = [event for kind in SERVER for event in EVENTS[kind]]
    events = [named(event, f"event_{n}") for n, event in enumerate(generated)]
    unknown = {"type": "unheard.of", "event_id": "event_x", "depth": {"is": [1]}}
    events.append(unknown)

    @asynccontextmanager
    async def connect(_: Address) -> AsyncGenerator[AllOfThem]:
        yield AllOfThem(events)

    async def conversation() -> list[ServerEvent]:
        phone, probe, faults = MemoryPhone(PCM_24K), Probe(), Probe()
        async with open_session(
            service=Service(api_key="sk-test"), connect=connect
        ) as session:
            model = Realtime(session)
            pipeline = Pipeline(
                phone.heard >> model.hears,
                model.says >> phone.speaks,
                model.events >> probe.input,
                model.faults >> faults.input,
            )
            async with create_task_group() as tasks:
                tasks.start_soon(pipeline.run)
                await sleep(60)  # virtual; it takes no time to say it all
                phone.hang_up()
        messages = [fault.message for fault in faults.frames]
        nameless = (f"{kind}: {NAMELESS}" for kind in SERVER)
        known = (*BAD_NEWS.values(), *OURS, *nameless)
        assert not [message for message in messages if not message.startswith(known)]
        return probe.frames

    told = run_virtually(backend, conversation)
    assert [frame.event.type for frame in told] == [
        event["type"] for event in events if event["type"] != AUDIO
    ]
    assert told[-1].event.model_dump() == unknown


def test_what_people_said_is_in_no_repr() -> None:
    for kind, model in SERVER.items():
        if kind == AUDIO:
            continue
        for event in instances(model):
            secret = {
                name: "top secret" if name in _SAID else value
                for name, value in event.items()
            }
            shown = parse(json.dumps(secret))
            assert "secret" not in f"{shown!r} {shown}"


_SAID = {"delta", "transcript", "text", "arguments", "event", "part", "speaker"}


@pytest.mark.parametrize("kind", CLIENT)
def test_what_a_client_says_is_read_as_its_own_type(kind: str) -> None:
    for event in instances(CLIENT[kind]):
        order = ev.read_order(json.dumps(event))
        given = {name: value for name, value in event.items() if value is not None}
        assert order.to_wire() | given == order.to_wire()


def test_there_are_eleven_things_that_a_client_says() -> None:
    assert len(CLIENT) == 11
    with pytest.raises(ValidationError):
        ev.read_order('{"type": "response.dream"}')
