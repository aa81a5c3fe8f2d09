"""A registration holds as long as the line is there, whatever the trunk answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from sipmessage import Request, Response

from voxpipe.transports.sip.protocol.digest import Challenger
from voxpipe.transports.sip.protocol.messages import response
from voxpipe.transports.sip.protocol.trunk import Trunk

from .network import ALICE, BOB, Network, Phone

Answers = Callable[[Request, int], Response]


class Registrar:
    """A trunk that answers each REGISTER as it is told."""

    def __init__(self, answers: Answers, *, expires: int = 300) -> None:
        self.network = Network()
        self.asked: list[tuple[float, int | None, int]] = []  # when, expires, CSeq
        trunk = Trunk("127.0.0.2", username="alice", password="x", expires=expires)
        self.alice: Phone = self.network.phone(ALICE, trunk=(trunk, BOB))
        self._answers = answers
        self._taken = 0

    def run(self, seconds: float) -> None:
        end = self.network.now + seconds
        while self.network.now < end:
            self.network.run(min(0.2, end - self.network.now))
            came = self.network.others.get(BOB, [])
            for request in came[self._taken :]:
                assert isinstance(request, Request)
                now = self.network.now
                self.asked.append((now, request.expires, request.cseq.sequence))
                answer = self._answers(request, len(self.asked))
                self.network.send(bytes(answer), BOB, ALICE)
            self._taken = len(came)


def _ok(request: Request, expires: int | None = None) -> Response:
    answer = response(request, 200)
    answer.contact = request.contact
    answer.expires = request.expires if expires is None else expires
    return answer


def test_it_is_renewed_before_it_is_over() -> None:
    trunk = Registrar(lambda request, _: _ok(request, 100))
    trunk.run(300)
    moments = [when for when, _, _ in trunk.asked]
    gaps = [round(b - a) for a, b in pairwise(moments)]
    assert gaps == [75, 75, 75]
    assert trunk.alice.registered == [(True, "registered for 100 s")]  # told once


def test_what_is_too_brief_is_made_as_long_as_the_trunk_wants() -> None:
    def answers(request: Request, _: int) -> Response:
        if (request.expires or 0) < 1800:
            refusal = response(request, 423)
            refusal.min_expires = 1800
            return refusal
        return _ok(request)

    trunk = Registrar(answers)
    trunk.run(5)
    assert [expires for _, expires, _ in trunk.asked] == [300, 1800]
    assert trunk.alice.registered == [(True, "registered for 1800 s")]


def test_a_trunk_that_always_wants_longer_is_not_asked_all_the_time() -> None:
    def answers(request: Request, _: int) -> Response:
        refusal = response(request, 423)
        refusal.min_expires = (request.expires or 0) + 1
        return refusal

    trunk = Registrar(answers)
    trunk.run(600)
    assert len(trunk.asked) < 30
    assert not trunk.alice.registered[0][0]


def test_a_challenge_is_answered_and_a_wrong_password_not_tried_for_ever() -> None:
    for password, works in (("x", True), ("y", False)):
        door = Challenger("trunk", {"alice": password})

        def answers(request: Request, _: int, door: Challenger = door) -> Response:
            header = request.headers.get("Authorization")
            if door.check(header, "REGISTER", 1.0) == "known":
                return _ok(request)
            refusal = response(request, 401)
            refusal.headers.setlist("WWW-Authenticate", door.challenges(1.0))
            return refusal

        trunk = Registrar(answers)
        trunk.run(600)
        numbers = [number for _, _, number in trunk.asked]
        assert numbers == sorted(set(numbers))  # each has one of its own
        assert trunk.alice.registered[0][0] is works
        if not works:
            assert len(trunk.asked) < 30
            assert "username and password" in trunk.alice.registered[0][1]


@settings(max_examples=30)
@given(st.lists(st.sampled_from([200, 403, 408, 480, 500, 503]), max_size=8))
def test_after_any_trouble_it_holds_again(codes: list[int]) -> None:
    def answers(request: Request, number: int) -> Response:
        code = codes[number - 1] if number <= len(codes) else 200
        return _ok(request) if code == 200 else response(request, code)

    trunk = Registrar(answers, expires=60)
    trunk.run(1_500)
    registration = trunk.alice.agent.registration
    assert registration is not None
    assert registration.holds
    told = [what for holds, what in trunk.alice.registered if not holds]
    waits = [int(re.findall(r"again in (\d+) s", what)[0]) for what in told]
    assert all(wait <= 300 for wait in waits)


def test_nobody_there_is_told_and_tried_again() -> None:
    def nowhere(_: bytes, number: int) -> Sequence[float]:
        return []

    network = Network(nowhere)
    trunk = Trunk("127.0.0.2", username="alice", password="x")
    alice = network.phone(ALICE, trunk=(trunk, BOB))
    network.run(200)
    assert all("no answer" in what for _, what in alice.registered)
    assert 3 <= len(alice.registered) <= 6


def test_the_trunk_is_told_when_the_line_goes() -> None:
    trunk = Registrar(lambda request, _: _ok(request))
    trunk.run(5)
    gone: list[bool] = []
    registration = trunk.alice.agent.registration
    assert registration is not None
    registration.give_back(trunk.network.now, lambda: gone.append(True))
    trunk.run(5)
    assert gone == [True]
    assert trunk.asked[-1][1] == 0
    trunk.run(600)
    assert len(trunk.asked) == 2
