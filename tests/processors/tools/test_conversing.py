"""Tools at work in a conversation: seen by the caller, in virtual time."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import numpy as np
import pytest

from voxpipe.pipeline import (
    AudioFormat,
    Dtmf,
    Image,
    Output,
    Pipeline,
    Processor,
    ReplyWanted,
    ToolCall,
    ToolResult,
    ToolUpdate,
    Transcript,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source, run_virtual
from voxpipe.processors.realtime import Realtime, Service, open_session
from voxpipe.processors.tools import (
    ByVoice,
    Context,
    Filler,
    Progress,
    Proposal,
    Refused,
    Tool,
    ToolOutput,
    ToolRouter,
    tool,
)
from voxpipe.simulator import CallTool, Line, Script, Timing, ToneVoice, When
from voxpipe.simulator import connect_in_memory as simulated
from voxpipe.transports import MemoryPhone

PCM = AudioFormat("pcm16", 24_000)
QUICK = Timing(first_audio_ms=100, first_text_ms=50, rate_limits_ms=0, text_token_ms=1)
GO = Line(calls=[CallTool(name="work")])
ONE_MOMENT = Filler("One moment, please.", after=2.0)


class Keypad(Processor):
    """Tells of the keys that a caller presses."""

    output = Output[Dtmf]()

    def __init__(self) -> None:
        self.is_over = anyio.Event()

    async def run(self) -> None:
        await self.is_over.wait()

    async def press(self, code: str) -> None:
        for digit in code:
            await self.output.send(Dtmf(digit=digit))


class Conversation:
    """One caller who writes, hears, and interrupts.

    Attributes:
        model: that is called.
        results: what the tools gave and told, in order.
        words: of the transcripts of the agent.
    """

    def __init__(self, model: Realtime, tools: ToolRouter) -> None:
        self.model = model
        self.phone, self.keypad = MemoryPhone(PCM), Keypad()
        self.results, self.words, self.calls = Probe(), Probe(), Probe()
        self.pipeline = Pipeline(
            self.phone.heard >> model.hears,
            model.says >> self.phone.speaks,
            model.calls >> tools.calls,
            model.calls >> self.calls.input,
            model.interruptions >> tools.interruptions,
            model.transcripts >> tools.words,
            self.keypad.output >> tools.keys,
            tools.results >> model.results,
            tools.results >> self.results.input,
            model.transcripts >> self.words.input,
        )

    @property
    def said(self) -> list[str]:
        """What the agent said, message by message, as far as it was made."""
        final = {
            each.item_id: each
            for each in self.words.frames
            if isinstance(each, Transcript)
            and each.speaker == "agent"
            and (each.final or each.played)
        }
        return [each.text for each in final.values()]

    def answers(self) -> list[tuple[str, str | None]]:
        """The output and error of each result."""
        frames = self.results.frames
        return [(e.output, e.error) for e in frames if isinstance(e, ToolResult)]

    def updates(self) -> list[str]:
        """The kinds of what was told before the results."""
        frames = self.results.frames
        return [each.kind for each in frames if isinstance(each, ToolUpdate)]


Plot = Callable[[Conversation], Awaitable[object]]


def converse(
    made: list[Tool[..., Any]], script: Script, plot: Plot, **options: Any
) -> Conversation:
    """Hold a conversation, in which the caller writes "go" first."""

    async def hold() -> Conversation:
        tools = ToolRouter(made, **options)
        async with open_session(
            tools=tools.schemas,
            service=Service(api_key="sk-simulated"),
            connect=lambda address: simulated(script, ToneVoice(), seed=1),
        ) as session:
            conversation = Conversation(Realtime(session), tools)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(conversation.pipeline.run)
                conversation.model.send_text("go")
                await plot(conversation)
                conversation.phone.hang_up()
                conversation.keypad.is_over.set()
        return conversation

    return run_virtual(hold)


def waits(seconds: float) -> Plot:
    """The caller only listens."""

    async def plot(conversation: Conversation) -> None:
        await anyio.sleep(seconds)  # virtual

    return plot


def script(*replies: Line, rules: tuple[When, ...] = ()) -> Script:
    """What the model does."""
    return Script(replies=replies, when=rules, timing=QUICK)


def works_for(seconds: float, **options: Any) -> Tool[..., Any]:
    """A tool that takes its time."""

    @tool(timeout=600, **options)
    async def work() -> str:
        await anyio.sleep(seconds)  # virtual
        return "done"

    return work


# --- several calls


def test_several_calls_of_one_reply_are_answered_together_and_once() -> None:
    @tool
    async def other() -> str:
        await anyio.sleep(3)  # virtual
        return "also done"

    story = script(
        Line(
            calls=[CallTool(name="work"), CallTool(name="other"), CallTool(name="work")]
        ),
        Line(say="{results.work} and {results.other}."),
        Line(say="This is one too many."),
    )
    held = converse([works_for(1), other], story, waits(10))
    assert held.said == ["done and also done."]
    assert len(held.answers()) == 3


# --- while a tool works


def test_a_filler_is_said_when_nobody_has_spoken_for_a_while() -> None:
    story = script(GO, Line(say="It is {result}."))
    held = converse([works_for(6, filler=ONE_MOMENT)], story, waits(12))
    assert held.said == ["One moment, please.", "It is done."]


def test_a_tool_that_is_quick_needs_no_filler() -> None:
    story = script(GO, Line(say="It is {result}."))
    held = converse([works_for(1)], story, waits(12), filler=ONE_MOMENT)
    assert held.said == ["It is done."]
    assert held.updates() == ["filler"]


def test_a_filler_can_be_said_again_and_again() -> None:
    story = script(GO, Line(say="It is {result}."))
    filler = Filler("One moment, please.", after=2.0, every=5.0)
    held = converse([works_for(16)], story, waits(20), filler=filler)
    assert held.said == [*["One moment, please."] * 3, "It is done."]


def test_silence_is_counted_from_the_last_word_that_was_heard() -> None:
    talk = "I will look that up for you in our big old book of times, one by one."
    story = script(
        Line(say=talk, calls=[CallTool(name="work")]), Line(say="It is {result}.")
    )
    held = converse([works_for(5)], story, waits(15), filler=ONE_MOMENT)
    assert held.said == [talk, "It is done."]


def test_without_words_the_model_finds_its_own() -> None:
    rule = When(instructions="takes longer", say="Still looking.")
    story = script(GO, Line(say="It is {result}."), rules=(rule,))
    held = converse([works_for(6, filler=Filler())], story, waits(12))
    assert held.said == ["Still looking.", "It is done."]


def test_a_tool_tells_how_far_it_is() -> None:
    @tool(timeout=60)
    async def work(progress: Progress) -> str:
        progress("half of it is done")
        await anyio.sleep(5)  # virtual
        progress.say("Nearly there.")
        await anyio.sleep(5)  # virtual
        progress("all of it")  # too late to be said
        return "done"

    rule = When(instructions="half of it is done", say="Half is done.")
    never = When(instructions="all of it", say="This is one too many.")
    story = script(GO, Line(say="It is {result}."), rules=(rule, never))
    held = converse([work], story, waits(20))
    assert held.said == ["Half is done.", "Nearly there.", "It is done."]


# --- who speaks next


NEVER_SAID = Line(say="This is one too many.")


@pytest.mark.parametrize("reply", ["never", "if_silent"])
def test_a_farewell_is_said_once(reply: ReplyWanted) -> None:
    story = script(Line(say="Goodbye.", calls=[CallTool(name="work")]), NEVER_SAID)
    held = converse([works_for(1, reply=reply)], story, waits(10))
    assert held.said == ["Goodbye."]
    assert held.answers() == [("done", None)]


def test_a_model_that_has_called_in_silence_speaks_afterwards() -> None:
    story = script(GO, Line(say="Goodbye."), NEVER_SAID)
    held = converse([works_for(1, reply="if_silent")], story, waits(10))
    assert held.said == ["Goodbye."]


def test_a_note_that_is_taken_in_silence_leaves_it_silent() -> None:
    held = converse([works_for(1, reply="never")], script(GO, NEVER_SAID), waits(10))
    assert held.said == []


def test_one_result_can_want_another_reply_than_its_tool() -> None:
    @tool(reply="always")
    async def work() -> ToolOutput:
        return ToolOutput("done", reply="never")

    held = converse([work], script(GO, NEVER_SAID), waits(10))
    assert held.said == []
    assert held.answers() == [("done", None)]


def test_a_note_that_could_not_be_taken_is_always_told() -> None:
    @tool(reply="never")
    async def work() -> None:
        raise ValueError("full")

    held = converse([work], script(GO, Line(say="Sorry.")), waits(10))
    assert held.said == ["Sorry."]


def test_beside_a_note_another_tool_is_answered() -> None:
    @tool(reply="never")
    async def note() -> str:
        await anyio.sleep(3)  # virtual
        return "noted"

    both = Line(say="One moment.", calls=[CallTool(name="note"), CallTool(name="work")])
    story = script(both, Line(say="It is {results.work}."), NEVER_SAID)
    held = converse([works_for(1), note], story, waits(10))
    assert held.said == ["One moment.", "It is done."]


def test_what_is_said_while_a_tool_works_is_not_its_reply() -> None:
    story = script(GO, Line(say="Goodbye."))
    made = works_for(6, filler=ONE_MOMENT, reply="if_silent")
    held = converse([made], story, waits(12))
    assert held.said == ["One moment, please.", "Goodbye."]


@pytest.mark.parametrize(
    ("reply", "last"),
    [("always", ["It is done."]), ("if_silent", ["It is done."]), ("never", [])],
)
def test_a_result_too_late_for_the_reply_to_an_interruption_is_told_if_it_is_wanted(
    reply: ReplyWanted, last: list[str]
) -> None:
    story = script(GO, Line(say="It is {result}."), rules=(TIME,))
    made = works_for(8, filler=ONE_MOMENT, reply=reply)
    held = converse([made], story, _interrupts)
    assert held.said[1:] == ["It is noon.", *last]


def test_a_detached_result_is_told_if_it_is_wanted() -> None:
    made = works_for(8, filler=ONE_MOMENT, on_interruption="detach", reply="never")
    held = converse([made], script(GO, NEVER_SAID, rules=(TIME,)), _interrupts)
    assert held.said[1:] == ["It is noon."]


# --- pictures


def test_a_picture_is_shown_and_the_caller_has_not_shown_it() -> None:
    room = Image.of_array(np.zeros((2, 2), dtype=np.uint8))

    @tool
    async def look() -> dict[str, object]:
        return {"room": 7, "photo": room}

    story = script(
        Line(calls=[CallTool(name="look")]),
        Line(say="It is dark.", calls=[CallTool(name="look")]),
        Line(say="It is dark in {result}."),
    )
    held = converse([look], story, waits(10))
    assert held.said[0] == "It is dark."
    shown = [each for each in held.model.history if each.pictures]
    assert len(shown) == 2
    assert all("the caller has not sent this" in each.text for each in shown)
    # A picture is no turn of the caller's, who could have agreed in it to something.
    calls = [each for each in held.calls.frames if isinstance(each, ToolCall)]
    assert [each.caller_turns for each in calls] == [1, 1]


# --- interruptions


async def _interrupts(conversation: Conversation) -> None:
    await anyio.sleep(2.6)  # virtual: while the filler is heard
    conversation.model.interrupt()
    conversation.model.send_text("and what is the time?")
    await anyio.sleep(12)  # virtual


TIME = When(text="what is the time", say="It is noon.", times=1)


def test_a_tool_goes_on_when_the_caller_interrupts() -> None:
    story = script(GO, Line(say="It is {result}."), rules=(TIME,))
    held = converse([works_for(8, filler=ONE_MOMENT)], story, _interrupts)
    assert held.said[1:] == ["It is noon.", "It is done."]
    assert held.answers() == [("done", None)]


def test_a_tool_can_be_cancelled_when_the_caller_interrupts() -> None:
    made = works_for(8, filler=ONE_MOMENT, on_interruption="cancel")
    held = converse([made], script(GO, rules=(TIME,)), _interrupts)
    ((output, error),) = held.answers()
    assert error == "cancelled"
    assert "interrupted" in output


def test_a_detached_tool_holds_nobody_up_and_is_told_when_it_is_done() -> None:
    made = works_for(8, filler=ONE_MOMENT, on_interruption="detach")
    story = script(GO, Line(say="It is {result}."), rules=(TIME,))
    held = converse([made], story, _interrupts)
    assert held.updates() == ["filler", "detached"]
    assert held.said[1:] == ["It is noon.", "It is done."]
    assert held.answers() == [("done", None)]


# --- approvals


def test_a_human_may_take_minutes_to_approve() -> None:
    asked: list[Proposal] = []

    async def supervisor(proposal: Proposal) -> bool:
        asked.append(proposal)
        await anyio.sleep(300)  # virtual
        return True

    @tool(approval=supervisor)
    async def work(amount: int) -> str:
        return f"{amount} paid"

    story = script(
        Line(calls=[CallTool(name="work", arguments={"amount": 7})]),
        Line(say="{result}."),
    )
    held = converse([work], story, waits(310))
    assert held.said == ["7 paid."]
    assert [(each.tool, dict(each.arguments)) for each in asked] == [
        ("work", {"amount": 7})
    ]


def test_who_approves_is_not_asked_about_the_context() -> None:
    asked: list[Proposal] = []

    async def supervisor(proposal: Proposal) -> bool:
        asked.append(proposal)
        return True

    @tool(approval=supervisor)
    async def work(caller: Context[str], times: int) -> str:
        return f"{caller}: {times}"

    story = script(TWICE, Line(say="{result}"))
    held = converse([work], story, waits(5), context="Ada")
    assert held.answers() == [("Ada: 2", None)]
    assert [dict(each.arguments) for each in asked] == [{"times": 2}]


async def _no(proposal: Proposal) -> bool:
    return False


async def _never(proposal: Proposal) -> bool:
    await anyio.sleep_forever()
    return True


async def _not_today(proposal: Proposal) -> bool:
    raise Refused("not on a Sunday")


async def _is_broken(proposal: Proposal) -> bool:
    raise OSError("secret")


@pytest.mark.parametrize(
    ("approval", "why"),
    [
        (_no, "not approved"),
        (_not_today, "not on a Sunday"),
        (_is_broken, "could not be asked"),
        (_never, "within 600 s"),
    ],
)
def test_what_is_not_approved_is_not_done(
    approval: Callable[[Proposal], Awaitable[bool]], why: str
) -> None:
    done: list[str] = []

    @tool(approval=approval)
    async def work() -> None:
        done.append("work")

    story = script(GO, Line(say="Sorry."))
    held = converse([work], story, waits(620))
    ((output, error),) = held.answers()
    assert error == "refused"
    assert why in output
    assert "secret" not in output
    assert not done
    assert held.said == ["Sorry."]


def test_nobody_waits_for_an_approval_when_the_caller_has_gone() -> None:
    @tool(approval=_never)
    async def work() -> None: ...

    ((_, error),) = converse([work], script(GO), waits(5)).answers()
    assert error == "cancelled"


def decides(agreed: bool) -> Line:
    """The model says what the caller has answered."""
    return Line(
        calls=[
            CallTool(
                name="answer_approval",
                arguments={"request": "approval_1", "agreed": agreed},
            )
        ]
    )


def says(*answers: str) -> Plot:
    """What the caller answers, each time that they are asked."""

    async def plot(conversation: Conversation) -> None:
        for words in answers:
            await anyio.sleep(5)  # virtual
            conversation.model.send_text(words)
        await anyio.sleep(5)  # virtual

    return plot


_answers = says("Yes, please.")


@tool(approval=ByVoice("May I really do it?"))
async def work(times: int = 1) -> str:
    """Work."""
    return f"done {times} times"


TWICE = Line(calls=[CallTool(name="work", arguments={"times": 2})])


@pytest.mark.parametrize(("agreed", "last"), [(True, None), (False, "refused")])
def test_the_caller_is_asked_by_voice(agreed: bool, last: str | None) -> None:
    story = script(
        TWICE, Line(say="May I really do it?"), decides(agreed), Line(say="{result}")
    )
    held = converse([work], story, _answers)
    (question, first), (output, second) = held.answers()
    assert json.loads(question)["approval_needed"]["question"] == "May I really do it?"
    assert (first, second) == ("approval_needed", last)
    assert (output == "done 2 times") is agreed


def test_a_model_cannot_agree_in_the_callers_place() -> None:
    story = script(TWICE, decides(True), Line(say="May I really do it?"))
    held = converse([work], story, waits(5))
    assert [error for _, error in held.answers()] == ["approval_needed"] * 2


def test_an_agreement_is_good_for_one_call() -> None:
    story = script(TWICE, Line(say="May I?"), decides(True), decides(True), Line())
    held = converse([work], story, _answers)
    assert [e for _, e in held.answers()] == ["approval_needed", None, "refused"]


def test_a_question_for_approval_is_asked_whatever_the_tool_wants() -> None:
    @tool(approval=ByVoice("May I?"), reply="never")
    async def work() -> str:
        return "done"

    story = script(GO, Line(say="May I?"), decides(True), NEVER_SAID)
    held = converse([work], story, _answers)
    assert held.said == ["May I?"]
    assert [error for _, error in held.answers()] == ["approval_needed", None]


MAY_I = Line(say="May I really do it?")


@pytest.mark.parametrize(
    "answer", ["No!", "Hm.", "Are you sure?", "Nah, it's okay.", "Nein, okay?"]
)
def test_a_model_that_says_they_have_agreed_is_not_believed(answer: str) -> None:
    story = script(TWICE, MAY_I, decides(True), Line(say="Sorry."))
    held = converse([work], story, says(answer))
    (_, first), (output, second) = held.answers()
    assert first == "approval_needed"
    assert second in ("approval_needed", "refused")
    assert "done" not in output


def test_a_caller_who_asks_back_is_asked_again() -> None:
    story = script(TWICE, MAY_I, decides(True), MAY_I, decides(True), Line(say="Done."))
    held = converse([work], story, says("Are you sure?", "Yes."))
    errors = [error for _, error in held.answers()]
    assert errors == ["approval_needed", "approval_needed", None]


def test_a_caller_who_is_answered_and_agrees_then_is_asked_no_more() -> None:
    story = script(TWICE, MAY_I, Line(say="For you. May I?"), decides(True), Line())
    held = converse([work], story, says("What for?", "Oh. Yes."))
    assert [error for _, error in held.answers()] == ["approval_needed", None]


def test_a_caller_who_is_not_understood_three_times_is_offered_a_person() -> None:
    story = script(TWICE, *[MAY_I, decides(True)] * 3, Line(say="Sorry."))
    held = converse([work], story, says("Hm.", "Well.", "Hm."))
    output, error = held.answers()[-1]
    assert error == "refused"
    assert "person" in output


def test_a_caller_who_is_not_understood_can_key_in_a_code() -> None:
    codes: list[str] = []

    async def keys_in(conversation: Conversation) -> None:
        await says("Hm.")(conversation)
        output, _ = conversation.answers()[-1]
        code = re.search(r"pressing (\d \d \d) on", output)
        assert code is not None
        codes.append(code[1].replace(" ", ""))
        await conversation.keypad.press(f"7{codes[0]}")
        await says("I have.")(conversation)

    story = script(TWICE, MAY_I, decides(True), MAY_I, decides(True), Line(say="Done."))
    held = converse([work], story, keys_in)
    assert held.answers()[-1] == ("done 2 times", None)


def test_another_code_agrees_to_nothing() -> None:
    async def keys_in(conversation: Conversation) -> None:
        await says("Hm.")(conversation)
        await conversation.keypad.press("000")
        await says("I have.")(conversation)

    story = script(
        TWICE, MAY_I, decides(True), MAY_I, decides(True), Line(say="Sorry.")
    )
    held = converse([work], story, keys_in)
    assert held.answers()[-1][1] == "approval_needed"


async def test_who_asks_by_voice_has_to_hear_the_answers() -> None:
    calls = Source([ToolCall(call_id="1", name="work", arguments="{}")])
    router, probe = ToolRouter([work]), Probe()
    routes = [calls.output >> router.calls, router.results >> probe.input]
    with pytest.raises(WiringError, match=r"model\.transcripts >> "):
        await Pipeline(*routes).run()


def test_calls_say_how_often_the_caller_has_spoken() -> None:
    story = script(TWICE, Line(say="May I?"), decides(True), Line(say="{result}"))
    held = converse([work], story, _answers)
    calls = [each for each in held.calls.frames if isinstance(each, ToolCall)]
    assert [each.caller_turns for each in calls] == [1, 2]
