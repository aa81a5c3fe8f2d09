"""A call, in which the first four paths are gone."""

from __future__ import annotations

import json
import time

from benchmarks.calls.events import Answer, Event, delta_texts, encode

from .recorder import Trace
from .stage import Stage

# 200 ms each, of mu-law: what a sink is ahead, so that it takes each one at once.
_DELTAS = delta_texts([b"\x7f" * 1_600] * 8, "ulaw")
_HEARD = 0.05  # seconds of a reply until it is interrupted; less than a delta


def talk(stage: Stage, rounds: int) -> list[tuple[Trace, ...]]:
    """The four paths in each round; nothing is warm in the first one."""
    traces: list[tuple[Trace, ...]] = []
    for number in range(rounds):
        heard = hear(stage)
        reply = Answer(f"reply_{number}", "ulaw", _DELTAS, previous=None, metadata=None)
        delta = listen(stage, reply)
        traces.append((heard, delta, interrupt(stage, reply), call_tool(stage, number)))
    return traces


def hear(stage: Stage) -> Trace:
    """The caller says something."""
    append = "input_audio_buffer.append"
    with stage.windows.open(b'"event":"media"', append.encode()) as window:
        stage.carrier.tick()
    stage.model.expect_event(append)
    stage.settle()
    return window.trace


def listen(stage: Stage, reply: Answer) -> Trace:
    """The model speaks: its second delta, for the first one wakes the sink up."""
    model = stage.model
    model.say(*reply.created(), *reply.opening())
    model.say(*_next(reply))
    stage.settle()
    words, delta = _next(reply)
    model.say(words)
    stage.settle()
    written = b'"event":"media"'
    with stage.windows.open(b"response.output_audio.delta", written) as window:
        model.say(delta)
    stage.settle()
    # The task that writes to the carrier is the sink's.
    return window.trace.before_task(window.ended_by)


def interrupt(stage: Stage, reply: Answer) -> Trace:
    """The caller speaks while all queues are full of a reply.

    The service has cancelled it by then, as it does when it decides on turns: what it
    has to be told is how much was heard.
    """
    model = stage.model
    while rest := _next(reply):
        model.say(*rest)
    time.sleep(_HEARD)
    stage.settle()
    ends = (b"conversation.item.truncate", b'"event":"clear"')
    with stage.windows.open(b"input_audio_buffer.speech_started", *ends) as window:
        model.tell(
            "input_audio_buffer.speech_started",
            audio_start_ms=0,
            item_id=f"user_{reply.item_id}",
        )
    model.tell(
        "conversation.item.truncated",
        item_id=reply.item_id,
        content_index=0,
        audio_end_ms=1,
    )
    model.say(*reply.closing("cancelled", "turn_detected"))
    model.tell(
        "input_audio_buffer.speech_stopped",
        audio_end_ms=1_000,
        item_id=f"user_{reply.item_id}",
    )
    stage.settle()
    return window.trace


def call_tool(stage: Stage, number: int) -> Trace:
    """The model calls a tool, and its reply is over before the tool has answered."""
    model = stage.model
    call_id, response = f"call_{number}", f"tool_{number}"
    reply = Answer(response, "ulaw", (), previous=None, metadata=None)
    item: Event = {
        "id": f"item_call_{number}",
        "object": "realtime.item",
        "type": "function_call",
        "status": "completed",
        "call_id": call_id,
        "name": "opening_hours",
        "arguments": json.dumps({"day": "Monday"}),
    }
    begun = item | {"status": "in_progress", "arguments": ""}
    place = {"response_id": f"resp_{response}", "output_index": 0}
    model.say(
        *reply.created(),
        encode("response.output_item.added", **place, item=begun),
        encode("conversation.item.added", previous_item_id=None, item=begun),
        encode("conversation.item.done", previous_item_id=None, item=item),
    )
    stage.settle()
    ends = (b'"function_call_output"', b'"response.create"')
    with stage.windows.open(b"response.output_item.done", *ends) as window:
        model.say(
            encode("response.output_item.done", **place, item=item),
            *reply.closing("completed", None),
        )
    asked = model.expect_event("response.create")
    output = {
        "id": f"item_output_{number}",
        "object": "realtime.item",
        "type": "function_call_output",
        "status": "completed",
        "call_id": call_id,
        "output": "",
    }
    metadata = asked.get("response", {}).get("metadata")
    last = Answer(f"last_{number}", "ulaw", (), previous=None, metadata=metadata)
    model.say(
        encode("conversation.item.added", previous_item_id=None, item=output),
        encode("conversation.item.done", previous_item_id=None, item=output),
        *last.created(),
        *last.closing("completed", None),
    )
    stage.settle()
    return window.trace


def _next(reply: Answer) -> list[bytes]:
    """A word and its audio; nothing when all is said."""
    return [message for message, _ in reply.next_delta()]
