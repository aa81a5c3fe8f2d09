"""Sessions that are lost, and replies that fail."""

from __future__ import annotations

import pytest

from voxpipe.pipeline import SessionLost
from voxpipe.processors.realtime import Outcome
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.simulator import Failure, Line
from voxpipe.transports import MemoryPhone

from .call import Call, call
from .talk import GREETS, LONG, run_virtual, script

pytestmark = pytest.mark.usefixtures("either_loop")


def test_a_session_that_ends_in_mid_answer_is_lost() -> None:
    async def conversation() -> None:
        async with call(
            GREETS, options={"lifetime": 0.6}, reconnect=None
        ) as phone_call:
            reply = phone_call.model.say(LONG)
            with pytest.raises(SessionLost) as caught:
                await phone_call.pipeline.run(deadline=60)
        assert caught.value.code == 1001
        assert "60 minutes" in caught.value.reason
        assert "raised by the box 'realtime'" in caught.value.__notes__
        assert await reply.outcome() == Outcome("failed", reply.text, str(caught.value))
        assert await reply.turn.over() == "cut"

    run_virtual(conversation)


def test_a_session_that_ends_while_nobody_speaks_is_lost() -> None:
    async def conversation() -> None:
        phone = MemoryPhone(PCM_24K)
        options = {"lifetime": 3600.0}
        async with call(
            GREETS, phone=phone, options=options, reconnect=None
        ) as phone_call:
            pipeline = phone_call.pipeline
            with pytest.raises(SessionLost, match="closed with 1001"):
                await pipeline.run(deadline=4000)
            # Later wishes do not wait for ever either.
            outcome = await phone_call.model.say("Hello?").outcome()
            assert outcome.status == "failed"

    run_virtual(conversation)


def test_a_reply_that_fails_is_told_and_the_call_goes_on() -> None:
    async def plot(conversation: Call) -> None:
        first = await conversation.model.ask().outcome()
        second = await conversation.model.ask().outcome()
        assert (first.status, first.reason) == ("failed", "server_error")
        assert second.status == "completed"
        conversation.phone.hang_up()

    async def conversation() -> None:
        lines = script(Line(fails=Failure()), Line(say="Again."))
        async with call(lines) as phone_call:
            await phone_call.hold(plot)
        assert phone_call.faults == [
            "a reply is failed: server_error; ask again with `model.ask()`"
        ]
        failures = phone_call.model.failure_counts()
        assert failures == {"failed_replies": 1, "faults": 0}

    run_virtual(conversation)
