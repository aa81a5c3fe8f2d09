"""What a user agent answers to single requests, of whatever making."""

from __future__ import annotations

import pytest
from sipmessage import Request, Response

from voxpipe.transports.sip.protocol.leg import Incoming, Over
from voxpipe.transports.sip.protocol.messages import Peer, response, with_body

from .network import BOB, Network, Phone

CAROL = Peer("127.0.0.9", 5060)
OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\n"
    "m=audio 9000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)


class Carol:
    """Somebody who writes her messages by hand."""

    def __init__(self, *, answers: bool = True) -> None:
        self.network = Network()
        self.bob: Phone = self.network.phone(BOB, answers=answers)
        self._seen = 0

    def ask(
        self,
        method: str,
        *headers: str,
        body: str = "",
        number: int = 1,
        branch: str = "",
        to: str = "<sip:bob@127.0.0.2>",
        contact: str = "<sip:carol@127.0.0.9>",
    ) -> list[Response]:
        branch = branch or f"z9hG4bK{method}{number}"
        lines = [
            f"{method} sip:bob@127.0.0.2 SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.9;branch={branch}",
            "From: <sip:carol@127.0.0.9>;tag=carol",
            f"To: {to}",
            "Call-ID: one@127.0.0.9",
            f"CSeq: {number} {method}",
            f"Contact: {contact}",
            *(["Content-Type: application/sdp"] if body else []),
            *headers,
        ]
        text = "\r\n".join([*lines, "", body])
        self.network.send(text.encode(), CAROL, BOB)
        self.network.run(0.3)
        return self.news()

    def answer(self, code: int, *, body: str = "") -> None:
        """Answer the last request that has come to her."""
        got = self.network.others[CAROL]
        asked = [each for each in got if isinstance(each, Request)][-1]
        assert asked.method == "INVITE"
        assert asked.headers["Session-Expires"] == "120;refresher=uac"
        made = response(asked, code)
        if code == 200:
            made.headers.set("Session-Expires", "120;refresher=uac")
        with_body(made, body.encode())
        self.network.send(bytes(made), CAROL, BOB)

    def news(self) -> list[Response]:
        got = self.network.others.get(CAROL, [])
        news, self._seen = got[self._seen :], len(got)
        return [each for each in news if isinstance(each, Response)]


def _codes(answers: list[Response]) -> list[int]:
    return [each.code for each in answers]


def test_options_say_what_we_can() -> None:
    (answer,) = Carol().ask("OPTIONS")
    assert answer.code == 200
    assert "INVITE" in answer.headers["Allow"]
    assert answer.headers["Accept"] == "application/sdp"


@pytest.mark.parametrize("method", ["REGISTER", "SUBSCRIBE", "MESSAGE", "PRACK"])
def test_what_we_do_not_know_is_refused_with_what_we_do(method: str) -> None:
    (answer,) = Carol().ask(method)
    assert answer.code == 405
    assert answer.headers["Allow"] == "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE"


@pytest.mark.parametrize("method", ["BYE", "CANCEL", "UPDATE"])
def test_of_a_call_that_is_not_there_nothing_can_be_asked(method: str) -> None:
    (answer,) = Carol().ask(method, to="<sip:bob@127.0.0.2>;tag=none")
    assert answer.code == 481


def test_reliable_ringing_is_refused_politely() -> None:
    (answer,) = Carol().ask("INVITE", "Require: 100rel", body=OFFER)
    assert (answer.code, answer.unsupported) == (420, ["100rel"])


def test_a_session_that_would_be_too_short_is_refused_with_the_least() -> None:
    (answer,) = Carol().ask("INVITE", "Session-Expires: 60", body=OFFER)
    assert (answer.code, answer.headers["Min-SE"]) == (422, "90")


def test_what_is_no_voice_that_we_speak_is_not_acceptable() -> None:
    opus = OFFER.replace("AVP 0 8 101", "AVP 96") + "a=rtpmap:96 opus/48000/2\r\n"
    assert _codes(Carol().ask("INVITE", body=opus)) == [488]
    assert _codes(Carol().ask("INVITE", body="rubbish")) == [400]


def test_a_body_that_is_shorter_than_it_says_makes_no_message() -> None:
    carol = Carol()
    assert not carol.ask("INVITE", "Content-Length: 5")
    assert "expected a body of 5 bytes" in carol.bob.reports[0]


def test_a_call_without_an_offer_is_offered_something_and_its_ack_answers() -> None:
    carol = Carol()
    trying, ringing, taken = carol.ask("INVITE")
    assert (trying.code, ringing.code, taken.code) == (100, 180, 200)
    assert b"m=audio 4060 RTP/AVP 0 8 101" in taken.body
    assert not carol.bob.talks
    to = taken.headers["To"]
    carol.ask("ACK", body=OFFER.replace(" 0 8 ", " 8 "), to=to, branch="z9hG4bKack")
    assert carol.bob.talks == ["PCMA 127.0.0.9:9000 101 sendrecv"]


def test_an_answer_that_answers_nothing_ends_the_call() -> None:
    carol = Carol()
    *_, taken = carol.ask("INVITE")
    carol.ask("ACK", body="", to=taken.headers["To"], branch="z9hG4bKack")
    assert carol.bob.ends == ["agent"]
    assert any(line.startswith("2 BYE") for line in carol.network.log)


def test_the_same_call_by_another_way_is_a_loop() -> None:
    carol = Carol()
    carol.ask("INVITE", body=OFFER)
    again = carol.ask("INVITE", body=OFFER, branch="z9hG4bKother")
    assert 482 in _codes(again)
    assert len(carol.bob.of(Incoming)) == 1


def test_a_call_that_we_placed_and_that_comes_back_is_a_loop() -> None:
    network = Network()
    bob = network.phone(BOB)
    bob.call(BOB)
    network.run()
    assert bob.failures == ["CallFailed 482"]
    assert network.phones[BOB].agent.is_idle


def test_a_cancelled_call_is_over_and_its_caller_told() -> None:
    carol = Carol(answers=False)
    carol.ask("INVITE", body=OFFER)
    answers = carol.ask("CANCEL", branch="z9hG4bKINVITE1")
    assert sorted(_codes(answers)) == [200, 487]
    assert carol.bob.ends == ["caller"]


def test_nobody_else_can_cancel_a_call_or_answer_for_the_called() -> None:
    mallory = Peer("127.0.0.66", 5060)
    carol = Carol(answers=False)
    carol.ask("INVITE", body=OFFER)
    cancel = _written("CANCEL", "z9hG4bKINVITE1")
    carol.network.send(cancel, mallory, BOB)
    carol.network.run(1)
    (refusal,) = carol.network.others[mallory]
    assert isinstance(refusal, Response)
    assert refusal.code == 481
    assert not carol.bob.ends
    carol.bob.call(CAROL)
    carol.network.run(0.1)
    invite = carol.network.others[CAROL][-1]
    assert isinstance(invite, Request)
    carol.network.send(bytes(response(invite, 486)), mallory, BOB)
    carol.network.run(1)
    assert not carol.bob.failures
    carol.network.send(bytes(response(invite, 486)), CAROL, BOB)
    carol.network.run(1)
    assert carol.bob.failures == ["LineBusy 486"]


def _written(method: str, branch: str) -> bytes:
    return (
        f"{method} sip:bob@127.0.0.2 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.9;branch={branch};rport\r\n"
        "From: <sip:carol@127.0.0.9>;tag=carol\r\nTo: <sip:bob@127.0.0.2>\r\n"
        f"Call-ID: one@127.0.0.9\r\nCSeq: 1 {method}\r\n\r\n"
    ).encode()


def test_a_cancel_that_comes_too_late_changes_nothing() -> None:
    carol = Carol()
    carol.ask("INVITE", body=OFFER)
    assert 200 in _codes(carol.ask("CANCEL", branch="z9hG4bKINVITE1"))
    assert not carol.bob.of(Over)


def test_a_request_that_is_out_of_order_is_refused() -> None:
    carol, to = _in_a_call()
    assert _codes(carol.ask("UPDATE", to=to, number=5)) == [200]
    (answer,) = carol.ask("BYE", to=to, number=4)
    assert answer.code == 500
    assert not carol.bob.ends
    assert _codes(carol.ask("BYE", to=to, number=6)) == [200]
    assert carol.bob.ends == ["caller"]


def test_what_a_terminal_would_obey_never_comes_to_a_log() -> None:
    carol = Carol()
    assert not carol.ask("INVITE", "Subject: \x1b[2J", body=OFFER)
    assert "control" in carol.bob.reports[0]
    assert "\x1b" not in "".join(carol.bob.reports)


@pytest.mark.parametrize(
    ("contact", "header"),
    [
        ("<sip:carol@203.0.113.66:53>", "Subject: none"),
        ("<sip:carol@127.0.0.9>", "Record-Route: <sip:203.0.113.66:53;lr>"),
        ("<sip:carol@127.0.0.9:99999>", "Subject: none"),
    ],
)
def test_nobody_can_have_us_send_where_they_do_not_come_from(
    contact: str, header: str
) -> None:
    carol = Carol()
    assert _codes(carol.ask("INVITE", header, body=OFFER, contact=contact))[-1] == 200
    tag = carol.news() or carol.network.others[CAROL]
    answer = [each for each in tag if isinstance(each, Response)][-1]
    carol.ask("ACK", to=answer.headers["To"], contact=contact)
    carol.bob.legs[0].hang_up(carol.network.now)
    carol.network.run(1)
    assert list(carol.network.others) == [CAROL]
    asked = [e for e in carol.network.others[CAROL] if isinstance(e, Request)]
    assert asked[-1].method == "BYE"


def test_an_update_moves_the_voice_or_leaves_it() -> None:
    carol, to = _in_a_call()
    moved = OFFER.replace("9000", "9002")
    (answer,) = carol.ask("UPDATE", to=to, number=2, body=moved)
    assert b"a=sendrecv" in answer.body
    (answer,) = carol.ask("UPDATE", to=to, number=3, body=moved.replace("0 8", "9 18"))
    assert answer.code == 488
    held = moved.replace("c=IN IP4 127.0.0.9", "c=IN IP4 0.0.0.0")
    carol.ask("UPDATE", to=to, number=4, body=held)
    assert carol.bob.talks[1:] == [
        "PCMU 127.0.0.9:9002 101 sendrecv",
        "PCMU 0.0.0.0:9002 101 recvonly",
    ]
    assert not carol.bob.ends


def test_a_session_timer_is_answered_and_ends_a_call_that_nobody_refreshes() -> None:
    timer = ("Supported: timer", "Session-Expires: 120")
    carol, to = _in_a_call(*timer)
    carol.network.run(70)
    (answer,) = carol.ask("UPDATE", *timer, to=to, number=2)
    assert answer.headers["Session-Expires"] == "120;refresher=uac"
    assert answer.require == ["timer"]
    carol.network.run(87)
    assert not carol.bob.ends
    carol.network.run(2)  # 88 s after: 32 before it is over
    assert carol.bob.ends == ["lost"]


def test_who_cannot_refresh_is_asked_by_us() -> None:
    carol, _ = _in_a_call("Session-Expires: 120")
    carol.network.run(61)
    assert any(line.startswith("2 INVITE") for line in carol.network.log)


def test_our_refresh_goes_on_while_it_is_answered_and_then_ends_the_call() -> None:
    carol, _ = _in_a_call("Session-Expires: 120")
    for after, code in ((65, 200), (65, 491), (5, 200), (65, 481)):
        carol.network.run(after)
        carol.answer(code, body=OFFER if code == 200 else "")
        carol.network.run(1)
        assert carol.bob.ends == (["lost"] if code == 481 else [])
    lines = [line.split()[1] for line in carol.network.log if line[0] == "2"]
    assert lines.count("ACK") == 4  # to each of them, also those that refuse
    assert lines[-1] == "BYE"


def _in_a_call(*headers: str) -> tuple[Carol, str]:
    carol = Carol()
    *_, taken = carol.ask("INVITE", *headers, body=OFFER)
    assert taken.code == 200
    to = taken.headers["To"]
    carol.ask("ACK", to=to, branch="z9hG4bKack")
    return carol, to
