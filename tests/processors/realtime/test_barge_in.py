"""Who is heard while a simulated model speaks, in virtual time."""

from __future__ import annotations

from anyio import sleep

from voxpipe.processors.vad import BargeIn, Vad
from voxpipe.simulator import Line, Script

from .call import QUICK, Call, session
from .loops import BACKENDS, run_virtually

LONG = "This is a rather long answer that nobody wants to hear to its end, is it not?"
SCRIPT = Script(replies=(Line(heard="Yes.", say="Good."),) * 2, timing=QUICK)


async def a_backchannel_a_yes_and_an_interruption() -> None:
    async def plot(conversation: Call) -> None:
        model = conversation.model
        assert not model.is_speaking()
        reply = model.say(LONG)
        await sleep(1.0)
        assert model.is_speaking()
        await conversation.speak(0.2)
        await sleep(1.0)
        assert reply.turn.state == "playing"
        reply.turn.hold()
        assert not model.is_speaking()
        reply.turn.resume()
        await conversation.speak(1.0)
        assert reply.turn.is_cut
        await sleep(3.0)
        assert ("agent", "Good.") in conversation.said
        assert not model.is_speaking()
        await conversation.speak(0.2)  # the same sound, with nobody to interrupt
        await sleep(3.0)
        conversation.phone.hang_up()

    async with session(SCRIPT, turn_detection="local") as model:
        barge_in = BargeIn(model.is_speaking, minimum=0.5)
        conversation = Call(model, vad=Vad(barge_in=barge_in))
        await conversation.hold(plot)
    assert len(conversation.interruptions) == 1
    assert conversation.said.count(("agent", "Good.")) == 2


def test_a_backchannel_does_not_interrupt_and_a_short_yes_is_answered() -> None:
    for backend in BACKENDS:
        run_virtually(backend, a_backchannel_a_yes_and_an_interruption)
