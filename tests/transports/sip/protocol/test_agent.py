"""Two user agents call each other, over a network that loses, doubles and disorders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.sip.protocol.ask import Ask
from voxpipe.transports.sip.protocol.leg import Incoming
from voxpipe.transports.sip.protocol.messages import with_body
from voxpipe.transports.sip.protocol.placed import Taken
from voxpipe.transports.sip.protocol.trunk import Access, Trunk

from .network import ALICE, BOB, Network, Phone, clean


def _pair(network: Network, *, answers: bool = True) -> tuple[Phone, Phone]:
    return network.phone(ALICE), network.phone(BOB, answers=answers)


def test_a_call_is_placed_answered_and_ended_by_who_called() -> None:
    network = Network()
    alice, bob = _pair(network)
    alice.call(BOB)
    network.run(5)
    assert [each.split(" ", 2)[:2] for each in network.log] == [
        ["1", "INVITE"],
        ["2", "SIP/2.0"],
        ["2", "SIP/2.0"],
        ["2", "SIP/2.0"],
        ["1", "ACK"],
    ]
    assert bob.talks == ["PCMU 127.0.0.1:6000 101 sendrecv"]
    (taken,) = alice.of(Taken)
    assert isinstance(taken, Taken)
    assert (taken.media.host, taken.media.port) == ("127.0.0.2", 4060)
    alice.legs[0].hang_up(network.now)
    network.run()
    assert (alice.ends, bob.ends) == (["agent"], ["caller"])
    assert alice.reports == bob.reports == []
    assert _is_idle(alice, bob)


def test_the_called_may_hang_up_too_even_before_it_is_confirmed() -> None:
    network = Network()
    alice, bob = _pair(network)
    alice.call(BOB)
    network.run(0.03)
    bob.legs[0].hang_up(network.now)
    bob.flush()
    assert not [line for line in network.log if "BYE" in line]
    network.run()
    assert (alice.ends, bob.ends) == (["caller"], ["agent"])
    assert _is_idle(alice, bob)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (486, "LineBusy 486"),
        (603, "LineBusy 603"),
        (480, "NotAnswered 480"),
        (503, "CallFailed 503"),
    ],
)
def test_who_is_not_answered_is_told_why(code: int, error: str) -> None:
    network = Network()
    alice, bob = _pair(network, answers=False)
    alice.call(BOB)
    network.run(1)
    bob.legs[0].refuse(code, network.now)
    network.run()
    assert alice.failures == [error]
    assert _is_idle(alice, bob)


def test_a_call_that_nobody_takes_is_cancelled() -> None:
    network = Network()
    alice, bob = _pair(network, answers=False)
    alice.call(BOB, ring_for=10)
    network.run()
    assert alice.failures == ["NotAnswered 408"]
    assert bob.ends == ["caller"]
    assert [line for line in network.log if "CANCEL" in line or "487" in line] == [
        "1 CANCEL sip:bob@127.0.0.2:5060 SIP/2.0",
        "2 SIP/2.0 487 Request Terminated",
    ]
    assert _is_idle(alice, bob)


def test_a_call_to_nobody_is_given_up_when_it_was_to_ring_no_longer() -> None:
    network = Network()
    alice = network.phone(ALICE)
    alice.call(BOB, ring_for=10)
    network.run(9.9)
    assert not alice.failures
    network.run(0.2)
    assert alice.failures == ["NotAnswered 408"]
    network.run()
    assert alice.failures == ["NotAnswered 408"]
    assert _is_idle(alice)


def test_who_answers_a_call_that_was_given_up_unheard_is_hung_up_on() -> None:
    network = Network(lambda _, number: [0.02] if number > 4 else [15.0])
    alice, bob = _pair(network)
    alice.call(BOB, ring_for=10)
    network.run(10.1)
    assert alice.failures == ["NotAnswered 408"]
    assert not bob.legs
    network.run()
    assert alice.failures == ["NotAnswered 408"]
    assert bob.ends == ["caller"]
    assert _is_idle(alice, bob)


def test_a_call_to_nobody_ends_after_32_seconds() -> None:
    network = Network()
    alice = network.phone(ALICE)
    alice.call(BOB)
    network.run(31.9)
    assert not alice.failures
    network.run(0.2)
    assert alice.failures == ["CallFailed 408"]
    assert len(network.log) == 7  # at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s


def test_an_answer_that_is_never_confirmed_ends_the_call() -> None:
    def no_ack(data: bytes, _: int) -> Sequence[float]:
        return [] if data.startswith(b"ACK") else [0.02]

    network = Network(no_ack)
    alice, bob = _pair(network)
    alice.call(BOB)
    network.run()
    assert bob.ends == ["lost"]
    assert alice.ends == ["caller"]  # by Bob's BYE
    assert _is_idle(alice, bob)


@given(
    lost=st.sets(st.integers(0, 40), max_size=12),
    doubled=st.sets(st.integers(0, 40), max_size=12),
    delays=st.lists(st.floats(0.001, 1.5), min_size=1, max_size=20),
    who=st.sampled_from(["caller", "called", "both"]),
    after=st.floats(0, 20),
)
def test_whatever_the_network_loses_both_sides_come_to_an_end(
    lost: set[int], doubled: set[int], delays: list[float], who: str, after: float
) -> None:
    def fate(_: bytes, number: int) -> Sequence[float]:
        delay = delays[number % len(delays)]
        if number in lost:
            return []
        return [delay, 2 * delay] if number in doubled else [delay]

    network = Network(fate)
    alice, bob = _pair(network)
    alice.call(BOB)
    network.run(after)
    for phone in [*([alice] * (who != "called")), *([bob] * (who != "caller"))]:
        for leg in phone.legs:
            leg.hang_up(network.now)
    network.run(100)
    for phone in (alice, bob):
        for leg in phone.legs:
            leg.hang_up(network.now)
    network.run()
    assert len(bob.of(Incoming)) <= 1  # never two of one
    assert len(alice.of(Taken)) + len(alice.failures) == 1
    assert all(leg.state == "ended" for leg in [*alice.legs, *bob.legs])
    assert len(alice.ends) == len(alice.legs)
    assert len(bob.ends) == len(bob.legs)
    assert _is_idle(alice, bob)


# --- what is asked in a call


def test_a_hold_and_a_move_are_told_once_each() -> None:
    network = Network()
    alice, bob = _pair(network)
    alice.call(BOB)
    network.run(5)
    for change in (b"a=sendonly", b"a=inactive", b"a=sendrecv"):
        _reinvite(network, alice, b"a=sendrecv", change)
    _reinvite(network, alice, b" 6000 ", b" 6002 ")
    _reinvite(network, alice, b" 6000 ", b" 6002 ")
    assert bob.talks == [
        "PCMU 127.0.0.1:6000 101 sendrecv",
        "PCMU 127.0.0.1:6000 101 recvonly",
        "PCMU 127.0.0.1:6000 101 inactive",
        "PCMU 127.0.0.1:6000 101 sendrecv",
        "PCMU 127.0.0.1:6002 101 sendrecv",
    ]
    assert not bob.reports
    assert not bob.ends


def _reinvite(network: Network, phone: Phone, old: bytes, new: bytes) -> None:
    """Offer something else, by hand: our own agent never does."""
    leg = phone.legs[0]
    assert leg.description is not None
    request = leg.dialog.request("INVITE")
    request.contact = [phone.agent.contact]
    with_body(request, leg.description.offer("PCMU").replace(old, new))
    codes: list[int] = []

    def answered(answer: object, now: float) -> None:
        code = getattr(answer, "code", 408)
        codes.append(code)
        if 200 <= code < 300:
            leg.acknowledge(request.cseq.sequence)

    Ask(phone.agent, request, leg.dialog.peer, network.now, answered)
    network.run(5)
    assert codes == [200]


# --- who may call


def test_who_knows_the_password_may_call_and_nobody_else() -> None:
    network = Network()
    bob = network.phone(BOB, users={"alice": "open sesame"})
    trunk = Trunk("127.0.0.2", username="alice", password="open sesame", register=False)
    alice = network.phone(ALICE, trunk=(trunk, BOB))
    wrong = replace(trunk, password="open barley")
    mallory_at = replace(ALICE, host="127.0.0.3")
    mallory = network.phone(mallory_at, trunk=(wrong, BOB))
    alice.call(BOB)
    mallory.call(BOB)
    network.run(5)
    assert len(bob.of(Incoming)) == 1
    assert len(alice.of(Taken)) == 1
    assert mallory.failures == ["CallFailed 401"]
    assert bob.reports == ["a request with a wrong name or password: refused"]
    assert "sesame" not in "".join(network.log)


def test_our_password_is_proved_to_the_trunk_and_to_nobody_else() -> None:
    network = Network()
    trunk = Trunk("127.0.0.2", username="alice", password="sesame", register=False)
    alice = network.phone(ALICE, trunk=(trunk, BOB))
    curious_at = replace(BOB, host="127.0.0.3")
    curious = network.phone(curious_at, users={"alice": "sesame"})
    alice.call(curious_at)
    network.run()
    assert alice.failures == ["CallFailed 401"]
    assert not curious.reports  # of an answer that was wrong: there was none


def test_a_request_that_is_sent_once_more_by_others_is_not_a_second_call() -> None:
    network = Network()
    sent: list[bytes] = []

    def keep(data: bytes, _: int) -> Sequence[float]:
        sent.append(data)
        return [0.02]

    network.fate = keep
    bob = network.phone(BOB, users={"alice": "open sesame"})
    trunk = Trunk("127.0.0.2", username="alice", password="open sesame", register=False)
    alice = network.phone(ALICE, trunk=(trunk, BOB))
    alice.call(BOB)
    network.run(5)
    alice.legs[0].hang_up(network.now)
    network.run()
    network.fate = clean
    recorded, sent = sent, []
    for data in recorded:  # hours later
        network.send(data, ALICE, BOB)
    network.run()
    assert len(bob.of(Incoming)) == 1
    assert _is_idle(bob)


def test_a_line_that_others_reach_wants_to_know_who_may_call() -> None:
    with pytest.raises(ConfigurationError, match="anybody could call") as error:
        Access("192.0.2.1")
    for cure in ("trunk=", "allow=[", "users={"):
        assert cure in str(error.value)
    with pytest.raises(ConfigurationError, match=r"such as '192\.0\.2\.7'"):
        Access("192.0.2.1", allow=["sip.example.com"])
    Access("192.0.2.1", allow=["192.0.2.7"])
    Access("192.0.2.1", users={"alice": "secret"})
    Access("127.0.0.1")


def test_a_stranger_is_refused_and_nothing_of_it_is_kept() -> None:
    network = Network()
    bob = network.phone(BOB, allow=["192.0.2.7"])
    alice_at = replace(ALICE, host="192.0.2.8")
    alice = network.phone(alice_at, allow=["127.0.0.2"])
    alice.call(BOB)
    network.run(1)
    assert alice.failures == ["CallFailed 403"]
    assert _is_idle(bob)
    assert "allow=" in bob.reports[0]


def _is_idle(*phones: Phone) -> bool:
    return all(phone.agent.is_idle for phone in phones)
