"""What the agent says and presses, at the ear of a carrier with its own clock."""

from __future__ import annotations

from base64 import b64encode

import pytest
from anyio import sleep

from voxpipe.pipeline import (
    AudioFrame,
    Pipeline,
    Turn,
)
from voxpipe.pipeline.testing import run_virtual
from voxpipe.transports.telephony.tones import tone
from voxpipe.transports.telephony.twilio import TwilioCall

from .carrier import (
    CONNECTED,
    FORMAT,
    Agent,
    Carrier,
    Evening,
    message,
    nearly,
    reply,
    said,
    silent,
    start,
)

# --- what the agent says


def test_a_reply_leaves_in_whole_deltas_as_the_text_that_it_came_as() -> None:
    turn = Turn()
    texts = [b64encode(bytes([n]) * 2_000).decode() for n in range(8)]
    frames = [
        AudioFrame.from_base64(text, FORMAT, start=n * 0.25, turn=turn)
        for n, text in enumerate(texts)
    ]
    evening = Evening(Agent(frames))
    media = [value for _, value in evening.carrier.events("media")]
    assert [value["media"]["payload"] for value in media] == texts
    assert {value["streamSid"] for value in media} == {"MZ" + "5" * 32}
    assert evening.lasted == nearly(2.0)


def test_no_more_is_sent_ahead_than_the_lead_and_one_frame() -> None:
    evening = Evening(Agent(said(Turn(), 1.5)))
    assert evening.at("media") == nearly([0, 0.05, 0.3, 0.55, 0.8, 1.05])


@pytest.mark.parametrize("frame", [0.02, 0.25])
def test_marks_make_what_was_heard_a_measurement(frame: float) -> None:
    turn, carrier = Turn(), Carrier(latency=0.15)
    seen: dict[float, tuple[float, str]] = {}

    async def look(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(0.1)
        seen[0.1] = turn.played, turn.basis
        await sleep(0.9)
        seen[1.0] = turn.played, turn.basis

    Evening(Agent(said(turn, 2.0, frame)), look, carrier)
    assert seen[0.1][1] == "estimated"
    assert seen[1.0] == (nearly(0.85), "measured")
    assert (turn.state, turn.played, turn.basis) == ("played", nearly(2.0), "measured")


def test_marks_that_get_lost_do_no_harm() -> None:
    turn, carrier = Turn(), Carrier()
    carrier.loses = "every mark"
    evening = Evening(Agent(said(turn, 2.0)), None, carrier)
    assert evening.lasted == nearly(2.0)
    assert (turn.state, turn.basis) == ("played", "estimated")


def test_a_cut_clears_in_the_same_moment_and_nothing_of_it_is_sent_again() -> None:
    turn = Turn()

    async def interrupt(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(1.0)
        turn.cut()

    evening = Evening(Agent(said(turn, 5.0), stays=2.0), interrupt)
    assert evening.at("clear") == nearly([1.0])
    assert max(evening.at("media")) < 1.0
    assert (turn.played, turn.basis) == (nearly(1.0), "measured")
    assert len(evening.carrier.sounded) == 8_000
    assert evening.played.data == evening.carrier.sounded
    assert max(evening.at("mark")) < 1.0


def test_marks_that_come_back_because_of_a_clear_confirm_nothing() -> None:
    cut, after, carrier = Turn("cut"), Turn("after"), Carrier()
    carrier.loses = "marks that were played"

    async def interrupt(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(0.5)
        cut.cut()
        await sleep(0.3)
        assert (after.played, after.basis) == (nearly(0.3), "estimated")
        carrier.loses = "no mark"
        await sleep(0.3)
        assert (after.played, after.basis) == (nearly(0.6), "measured")

    agent = Agent([*said(cut, 5.0), *said(after, 2.0)])
    evening = Evening(agent, interrupt, carrier)
    assert evening.at("clear") == nearly([0.5])
    assert (after.state, after.basis) == ("played", "measured")


def test_a_hold_clears_and_what_was_not_heard_is_sent_again() -> None:
    turn = Turn()

    async def cough(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(0.6)
        turn.hold()
        await sleep(1.0)
        turn.resume()

    evening = Evening(Agent(said(turn, 2.0)), cough)
    whole = b"".join(frame.data for frame in reply(turn, 2.0))
    assert evening.at("clear") == nearly([0.6])
    assert not [at for at in evening.at("media") if 0.6 <= at < 1.6]
    assert evening.carrier.sounded == evening.played.data == whole
    assert evening.lasted == nearly(3.0)
    assert (turn.state, turn.played) == ("played", nearly(2.0))
    assert evening.call.replies == 1


def test_after_a_hold_the_marks_of_what_was_cleared_confirm_nothing() -> None:
    turn, carrier = Turn(), Carrier(delay=0.1)
    carrier.loses = "marks that were played"

    async def cough(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(0.6)
        turn.hold()
        await sleep(0.05)
        turn.resume()
        await sleep(0.15)  # they have come
        assert (turn.played, turn.basis) == (nearly(0.75), "estimated")

    evening = Evening(Agent(said(turn, 2.0)), cough, carrier)
    assert evening.at("clear") == nearly([0.6])
    assert evening.lasted == nearly(2.05)


def test_replies_are_counted_that_were_sent_at_least_in_part() -> None:
    first, second, third = Turn(), Turn(), Turn()
    third.cut()
    turnless = AudioFrame(data=bytes(160), format=FORMAT)
    agent = Agent([*said(first, 0.5), turnless, *said(second, 0.1), *reply(third, 1.0)])
    assert Evening(agent).call.replies == 2


def test_a_reply_is_counted_whatever_its_latency_marks_say() -> None:
    turn = Turn()
    turn.timings.first_written = 0.5
    assert Evening(Agent(said(turn, 0.5))).call.replies == 1


def test_it_knows_when_it_last_spoke_and_heard_something() -> None:
    async def once(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(2.0)
        carrier.post(message("x"))

    evening = Evening(Agent(said(Turn(), 1.0), stays=3.0), once)
    assert evening.call.heard_at - evening.began == nearly(2.0)
    assert evening.call.spoke_at - evening.began == nearly(0.8)  # sent at 0.55
    assert evening.call.sending_since is None


# --- keys that the agent presses


def test_keys_sound_before_what_waits_and_in_their_order() -> None:
    turn = Turn()

    async def press(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(0.5)
        call.press("1,#")

    evening = Evening(Agent(said(turn, 2.0)), press)
    sounded = [tone(key, FORMAT).data for key in "1,#"]
    audio = evening.carrier.audio
    at = audio.index(sounded[0])
    assert audio[at:].startswith(b"".join(sounded))
    assert at <= 0.75 * 8_000  # what was sent before them: the lead and one frame
    assert evening.lasted == nearly(2.0 + 0.9)
    assert turn.state == "played"


def test_keys_may_be_pressed_before_anything_is_said_or_runs() -> None:
    async def dial() -> Carrier:
        carrier = Carrier()
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier) as call:
            call.press("42")
            await Pipeline(Agent(said(Turn(), 1.0)).output >> call.speaks).run()
        return carrier

    carrier = run_virtual(dial)
    sounded = b"".join(tone(key, FORMAT).data for key in "42")
    assert carrier.audio.startswith(sounded)
    assert len(carrier.audio) == len(sounded) + 8_000


def test_a_key_that_no_telephone_has_is_refused_and_none_of_them_sounds() -> None:
    async def press(call: TwilioCall, carrier: Carrier) -> None:
        with pytest.raises(ValueError, match="keys are 0-9"):
            call.press("12x")

    assert Evening(silent(1.0), press).carrier.audio == b""


def test_no_more_keys_can_wait_than_anybody_would_press() -> None:
    async def press(call: TwilioCall, carrier: Carrier) -> None:
        for _ in range(16):
            call.press("12345678")
        with pytest.raises(ValueError, match="at most 128 keys can wait"):
            call.press("1")
        await sleep(1.0)
        call.press("1234")  # some have sounded meanwhile

    evening = Evening(silent(1.0), press)
    assert evening.lasted == nearly(132 * 0.2)
