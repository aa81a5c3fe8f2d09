"""What a session does is told line by line, and never in anybody's words."""

from __future__ import annotations

import logging
import re

import pytest
from anyio import create_task_group

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline, Text
from voxpipe.pipeline.testing import Probe, Source, run_virtual
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import Script, parse_script, simulated
from voxpipe.transports import MemoryPhone

from .bench import Bench

PCM_24K = AudioFormat("pcm16", 24_000)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was told of the one session."""
    records = [each for each in caplog.records if each.name == "voxpipe.simulator"]
    texts = [each.getMessage() for each in records]
    assert len({text.split()[0] for text in texts}) == 1
    return [re.sub(r"^session=\w{6} ", "", text) for text in texts]


@tool
async def opening_hours(day: str) -> dict[str, str]:
    """When it is open."""
    return {"hours": f"ten to six on {day}"}


def converse(script: Script, *texts: str) -> None:
    """Write these texts, one after the other, to a model with a tool."""

    async def main() -> None:
        tools = ToolRouter([opening_hours])
        opened = open_session(connect=simulated(script), tools=tools.schemas)
        async with opened as session:
            model = Realtime(session)
            await Pipeline(
                Source([Text(text=text) for text in texts]).output >> model.reads,
                model.says >> Probe().input,
                model.calls >> tools.calls,
                tools.results >> model.results,
            ).run()

    run_virtual(main)


def test_each_session_turn_reply_and_tool_call_has_its_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="voxpipe.simulator")
    script = parse_script(
        """
        replies:
          - say: One moment.
            calls: [{name: opening_hours, arguments: {day: Sunday}}]
          - say: "We are open {result.hours}."
        """
    )
    converse(script, "When are you open?")
    assert [re.sub(r"\d\.\d s of", "N s of", line) for line in lines(caplog)] == [
        "opened: gpt-realtime-2.1",
        "set up: turns by server_vad, voice alloy, 1 tool",
        "typed 4 words",
        "reply 1: line 1 of replies, by turn (2 words, a call of opening_hours)",
        "reply 1 is completed, N s of speech",
        "the tool opening_hours answers (33 characters)",
        "reply 2: line 2 of replies, by turn (8 words)",
        "reply 2 is completed, N s of speech",
        "closed",
    ]
    assert "Sunday" not in caplog.text


@pytest.mark.parametrize(
    ("yaml", "line"),
    [
        (
            "when: [{text: book, say: For when}]",
            "reply 1: rule 1 of when holds (text: 'book') (2 words)",
        ),
        (
            "when: [{text: book, calls: [{name: weigh}]}]",
            "reply 1: rule 1 of when holds (text: 'book'); the session declares no "
            "weigh (6 words)",
        ),
        (
            "replies: [{fails: {code: server_error}}]",
            "reply 1: line 1 of replies, by turn (a failure)",
        ),
        (
            "then: echo",
            "reply 1: the script has nothing for it, so an echo (4 words)",
        ),
        (
            "faults: [{do: rate_limited, after: 0}]",
            "reply 1: a fault of the script's (a failure)",
        ),
    ],
)
def test_a_reply_is_told_with_the_reason_for_it(
    yaml: str, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="voxpipe.simulator")
    converse(parse_script(yaml), "I want to book")
    found = [each for each in lines(caplog) if each.startswith("reply 1")]
    assert found[0].replace("3 words", "4 words") == line
    if "failure" in line:
        assert re.fullmatch("reply 1 is failed: (server_error|.*exceeded)", found[1])


def test_what_is_refused_is_told_once_and_not_what_was_in_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="voxpipe.simulator")
    bench = Bench()
    for _ in range(3):
        bench.refused("conversation.item.delete", item_id="secret")
    bench.refused("session.update", session={"type": "realtime", "voice\n": "secret"})
    bench.refused("secret")
    bench.raw("secret")
    assert lines(caplog)[1:] == [
        "refused conversation.item.delete: item_delete_invalid_item_id at 'item_id'",
        r"refused session.update: unknown_parameter at 'session.voice\n'",
        "refused an event: invalid_value at 'type'",
        "refused an event: invalid_json",
    ]
    assert "secret" not in caplog.text


def test_a_client_that_goes_on_sending_rubbish_does_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="voxpipe.simulator")
    bench = Bench()
    for number in range(200):
        bench.refused("session.update", session={"type": "realtime", f"x{number}": 1})
    assert len(lines(caplog)) == 51


def test_what_was_heard_is_told_in_seconds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="voxpipe.simulator")

    async def talk(phone: MemoryPhone) -> None:
        loud = b"\x10\x27\xf0\xd8" * 18_000  # 1.5 s
        await phone.say(AudioFrame(data=loud, format=PCM_24K))
        await phone.say(AudioFrame(data=PCM_24K.silence(1), format=PCM_24K))
        await phone.listen()
        phone.hang_up()

    async def main() -> None:
        phone = MemoryPhone(PCM_24K)
        async with open_session(connect=simulated()) as session:
            model = Realtime(session)
            pipeline = Pipeline(phone.heard >> model.hears, model.says >> phone.speaks)
            async with create_task_group() as tasks:
                tasks.start_soon(talk, phone)
                await pipeline.run()

    run_virtual(main)
    assert re.search(r" heard [12]\.\d s, ended by server_vad", caplog.text)
