"""Replies by pattern, by tool result and by instructions, at the service's ports."""

from __future__ import annotations

import json
from typing import Any

import pytest

from voxpipe.simulator import (
    CallTool,
    Failure,
    Line,
    Script,
    ScriptError,
    Timing,
    When,
    load_script,
    parse_script,
)

from .bench import Bench, Json, hum, silence

TOOL: Json = {"type": "function", "name": "opening_hours", "parameters": {}}
HOURS = When(text=r"\bopen\b", calls=[CallTool(name="opening_hours")])
CLOSED = When(result="opening_hours", text="closed", say="Sorry, we are closed.")
ANY = When(result="opening_hours", say="We are open {result}.")


def text_bench(script: Script) -> Bench:
    bench = Bench(script)
    bench.update(output_modalities=["text"], tools=[TOOL])
    return bench


def said(bench: Bench, **response: Any) -> str:
    """What the next reply says, or the name of what it calls."""
    events = bench.respond(**response)
    done = next(each for each in events if each["type"] == "response.done")
    item = done["response"]["output"][0]
    return str(item["name"] if "name" in item else item["content"][0]["text"])


def answer(bench: Bench, output: str) -> None:
    call = [e for e in bench.events if e["type"].endswith("arguments.done")][-1]
    item = {
        "type": "function_call_output",
        "call_id": call["call_id"],
        "output": output,
    }
    bench.send("conversation.item.create", item=item)


def test_a_pattern_in_typed_text_answers_before_the_turns() -> None:
    bench = text_bench(Script(when=[HOURS], replies=[Line(say="First turn.")]))
    bench.type_in("Are you OPEN on Sunday?")
    assert said(bench) == "opening_hours"
    bench.type_in("Something else.")
    assert said(bench) == "First turn."  # which the rule has not used up


def test_a_tool_result_chooses_the_reply_by_tool_and_by_what_it_gave() -> None:
    for output, words in [
        ("closed all day", "Sorry, we are closed."),
        ("from six", "We are open from six."),
    ]:
        bench = text_bench(Script(when=[HOURS, CLOSED, ANY]))
        bench.type_in("Are you open?")
        assert said(bench) == "opening_hours"
        answer(bench, output)
        assert said(bench) == words


def test_a_rule_about_words_does_not_answer_a_result_again() -> None:
    bench = text_bench(Script(when=[HOURS], replies=[Line(say="By turn.")]))
    bench.type_in("Are you open?")
    said(bench)
    answer(bench, "open always")
    assert said(bench) == "By turn."


def test_spoken_words_of_the_script_are_matched_and_have_their_turn() -> None:
    script = Script(
        when=[When(text="menu", say="Lasagne.")],
        replies=[Line(heard="What is on the menu?"), Line(say="Second.")],
        timing=Timing(first_audio_ms=0),
    )
    bench = Bench(script)
    bench.append(hum(600) + silence(600))
    events = bench.until("response.done")
    output = events[-1]["response"]["output"]
    assert output[0]["content"][0]["transcript"] == "Lasagne."
    bench.run(1)
    bench.type_in("And now?")
    assert said(bench, output_modalities=["text"]) == "Second."


def test_a_rule_answers_as_often_as_it_says() -> None:
    once = When(text="hello", say="Welcome.", times=1)
    bench = text_bench(Script(when=[once], replies=[Line(say="Again?")]))
    answers: list[str] = []
    for _ in range(2):
        bench.type_in("Hello")
        answers.append(said(bench))
    assert answers == ["Welcome.", "Again?"]


def test_a_reply_by_rule_that_nobody_heard_is_given_again() -> None:
    once = When(text="hello", say="Welcome.", times=1, wait_ms=5000)
    bench = text_bench(Script(when=[once], replies=[Line(say="By turn.")]))
    bench.type_in("Hello")
    bench.send("response.create")
    bench.append(hum(600) + silence(600))  # the caller goes on speaking
    bench.run(20)
    done = [e["response"] for e in bench.events if e["type"] == "response.done"]
    assert [each["status"] for each in done] == ["cancelled", "completed"]
    assert done[1]["output"][0]["content"][0]["text"] == "Welcome."


STORY = When(text="story", say="Once upon a time.")
WEATHER = When(text="weather", say="It is sunny.")


@pytest.mark.parametrize("rules", [[WEATHER, STORY], [STORY, WEATHER]])
def test_a_cancelled_reply_gives_its_rule_only_to_one_about_the_same(
    rules: list[When],
) -> None:
    bench = text_bench(Script(when=rules))
    bench.type_in("Tell me a story.")
    bench.send("response.create")
    bench.send("response.cancel")
    bench.run(1)
    bench.type_in("No, tell me the weather.")
    assert said(bench) == "It is sunny."


def test_a_cancelled_replys_own_instructions_go_with_it() -> None:
    rules = [When(instructions="ask", say="Where to?", times=1)]
    bench = text_bench(Script(when=rules, replies=[Line(say="By turn.")]))
    bench.send("response.create", response={"instructions": "Ask where to go."})
    bench.send("response.cancel")
    bench.run(1)
    assert said(bench) == "By turn."
    assert said(bench, instructions="Ask again.") == "Where to?"  # it had not answered


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", r"(\w+\s?)+!$"])
def test_no_pattern_takes_for_ever(pattern: str) -> None:
    bench = text_bench(Script(when=[When(text=pattern, say="Found.")]))
    bench.type_in("a" * 3_000 + "?")
    assert said(bench) != "Found."  # Python's own engine would be at it for years


def test_no_instructions_take_for_ever() -> None:
    bench = text_bench(Script(replies=[Line(say="By turn.")]))
    assert said(bench, instructions="say \n" * 150_000) == "By turn."
    assert said(bench, instructions='Say "this" and “that”') == 'this" and “that'


def test_out_of_band_replies_are_chosen_by_their_instructions_only() -> None:
    rules = [
        When(text="angry", say="Wrong."),
        When(instructions="summar[iy]", say="A summary."),
    ]
    bench = text_bench(Script(when=rules, out_of_band=[Line(say="In order.")]))
    bench.type_in("I am angry.")
    aside = {"conversation": "none", "instructions": "Summarise it."}
    assert said(bench, **aside) == "A summary."
    assert said(bench, conversation="none") == "In order."


def test_a_reply_can_fail_after_what_it_has_said() -> None:
    bench = Bench(Script(replies=[Line(say="I was about to", fails=Failure())]))
    events = bench.respond()
    done = next(each for each in events if each["type"] == "response.done")["response"]
    assert done["status"] == "failed"
    assert done["output"][0]["status"] == "completed"
    assert done["output"][0]["content"][0]["transcript"] == "I was about to"
    assert "response.output_audio.delta" in [each["type"] for each in events]


def test_without_lines_a_tool_is_called_when_somebody_asks_and_its_result_told() -> (
    None
):
    bench = Bench(Script(then="call_tools"))
    book = TOOL | {"name": "book_table", "parameters": {"type": "object"}}
    bench.update(output_modalities=["text"], tools=[TOOL, book])
    for typed, called in [("Hello?", TOOL["name"]), ("A table, please.", "book_table")]:
        bench.type_in(typed)
        events = bench.respond()
        done = next(each for each in events if each["type"] == "response.done")
        message, call = done["response"]["output"]
        assert message["content"][0]["text"] == typed
        assert call["name"] == called
        answer(bench, "all is well")
        assert said(bench) == "The result is all is well."
        assert said(bench, tool_choice="none") == "The result is all is well."
    bench.type_in("And without tools?")
    assert said(bench, tool_choice="none") == "And without tools?"


def test_rules_are_written_in_yaml_too() -> None:
    script = parse_script(
        """
when:
  - text: \\bopen\\b
    calls: [{name: opening_hours, arguments: {day: No, time: 12:30, on: 2026-11-30}}]
  - result: opening_hours
    say: [Well., "From {result}."]
"""
    )
    assert script.when[0].calls[0].arguments == {
        "day": "No",
        "time": "12:30",
        "on": "2026-11-30",
    }  # as they stand there, not as YAML 1.1 would have them
    json.dumps(script.when[0].calls[0].arguments)
    assert script.when[1].messages == ("Well.", "From {result}.")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("when: [{say: Hi}]", "a rule needs a condition: text (a pattern)"),
        (
            "when:\n  - text: '('\n    say: Hi",
            "line 2, when.0.text: this is no regular",
        ),
        ("when: [{text: '(?=a)b', say: Hi}]", "look-around"),
        ("when: [{text: a, times: 0}]", "greater than or equal to 1"),
        ("when: [{txt: a}]", "did you mean text?"),
        ("then: echo\nthen: repeat", "line 2: this is not YAML: 'then' is given twice"),
        ("replies:\n- say: true", "line 2, replies.0.say: Input should be a valid"),
        ("replies: [{say: 7}]", "it is int here: put it in quotes"),
        ("replies: [{heard: q.wav}]", "load the script from a file"),
        ("#" + "x" * (1 << 20), "expected at most 1048576 characters"),
    ],
)
def test_a_wrong_rule_is_told_by_line_field_and_cure(text: str, words: str) -> None:
    with pytest.raises(ScriptError) as wrong:
        parse_script(text)
    assert words in str(wrong.value)


def test_words_stand_beside_their_recording(tmp_path: Any) -> None:
    (tmp_path / "question.txt").write_text("Are you\nopen?\n")
    path = tmp_path / "script.yaml"
    path.write_text("replies: [{heard: question.wav, say: Yes.}]")
    assert load_script(path).replies[0].heard == "Are you open?"
    (tmp_path / "question.txt").unlink()
    with pytest.raises(ScriptError, match=r"cannot read the script .*question\.txt"):
        load_script(path)


@pytest.mark.parametrize("heard", ["../secret.wav", "/etc/secret.wav", "link.wav"])
def test_no_words_are_read_from_outside_of_the_scripts_folder(
    heard: str, tmp_path: Any
) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    path = folder / "script.yaml"
    path.write_text(f"replies: [{{heard: {heard}}}]")
    with pytest.raises(ScriptError, match="is not in the script's folder"):
        load_script(path)


TWO = (Line(calls=[CallTool(name="opening_hours")]), Line(say="Come at nine o'clock."))


def told(bench: Bench, *items: Json) -> None:
    """A client tells what was said in a session before this one."""
    for item in items:
        bench.send("conversation.item.create", item=item)


def spoken(words: str) -> Json:
    content = [{"type": "output_text", "text": words}]
    return {"type": "message", "role": "assistant", "content": content}


CALL: Json = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "opening_hours",
    "arguments": "{}",
}
OUTPUT: Json = {"type": "function_call_output", "call_id": "call_1", "output": "nine"}


@pytest.mark.parametrize(
    ("items", "goes_on", "words"),
    [
        ([], True, "opening_hours"),
        ([CALL, OUTPUT], True, "Come at nine o'clock."),
        ([CALL, OUTPUT], False, "opening_hours"),
        ([CALL, OUTPUT, spoken("Come at")], True, "nine o'clock."),
        ([CALL, OUTPUT, spoken("Come at")], False, "opening_hours"),
        ([CALL, OUTPUT, spoken("Come at"), spoken("nine o'clock.")], True, "nine"),
    ],
)
def test_a_script_goes_on_behind_what_a_session_is_told(
    items: list[Json], goes_on: bool, words: str
) -> None:
    bench = text_bench(Script(replies=TWO, goes_on=goes_on))
    told(bench, *items)
    assert words in said(bench)
