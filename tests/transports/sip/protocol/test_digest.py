"""Digest authentication: as the RFCs' examples have it, and each answer once."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.sip.protocol import digest
from voxpipe.transports.sip.protocol.digest import (
    ALGORITHMS,
    NONCE_LIFE,
    Algorithm,
    Challenger,
    Credentials,
    parameters,
)
from voxpipe.transports.sip.protocol.errors import SipMessageError

URI = "sip:bob@example.com"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        (
            "SHA-256",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ],
)
def test_the_example_of_rfc_7616_comes_out(
    algorithm: Algorithm, response: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

    def not_random(_: int) -> str:
        return cnonce

    monkeypatch.setattr(secrets, "token_hex", not_random)
    challenge = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", '
        f"algorithm={algorithm}, "
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    mufasa = Credentials("Mufasa", "Circle of Life")
    header = mufasa.answer([challenge], "GET", "/dir/index.html")
    assert header is not None
    given = parameters(header)
    assert given["response"] == response
    assert (given["qop"], given["nc"]) == ("auth", "00000001")
    assert given["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def test_an_old_challenge_without_qop_is_answered_as_of_old() -> None:
    header = Credentials("alice", "x").answer(
        ['Digest realm="r", nonce="n"'], "REGISTER", "sip:r"
    )
    assert header is not None
    assert parameters(header).keys() == {
        *("username", "realm", "nonce", "uri", "algorithm", "response")
    }


def test_the_better_of_two_challenges_is_answered_and_none_that_is_unknown() -> None:
    alice = Credentials("alice", "x")
    weak, strong = 'Digest realm="r", nonce="n"', 'Digest realm="r", nonce="m", '
    header = alice.answer([weak, strong + "algorithm=SHA-256"], "BYE", URI)
    assert header is not None
    assert "algorithm=SHA-256" in header
    assert alice.answer([strong + "algorithm=AKAv1-MD5"], "BYE", URI) is None
    assert alice.answer(['Basic realm="r"', "rubbish"], "BYE", URI) is None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_right_password_is_known_once_for_each_count(algorithm: Algorithm) -> None:
    door = Challenger("voxpipe", {"alice": "sesame"}, [algorithm])
    alice, mallory = Credentials("alice", "sesame"), Credentials("alice", "barley")
    asked = door.challenges(100.0)
    good = alice.answer(asked, "INVITE", URI)
    assert door.check(mallory.answer(asked, "INVITE", URI), "INVITE", 101) == "unknown"
    assert door.check(good, "BYE", 101) == "unknown"  # of another method
    assert door.check(good, "INVITE", 101) == "known"
    assert door.check(good, "INVITE", 101) == "stale"  # a replay
    assert door.check(alice.answer(asked, "INVITE", URI), "INVITE", 102) == "known"
    later = 100 + NONCE_LIFE + 1
    late = alice.answer(asked, "INVITE", URI)
    assert door.check(late, "INVITE", later) == "stale"
    again = alice.answer(door.challenges(later, stale=True), "INVITE", URI)
    assert door.check(again, "INVITE", later) == "known"


def test_an_algorithm_that_was_not_offered_is_not_taken() -> None:
    strict = Challenger("voxpipe", {"alice": "x"}, ["SHA-256"])
    asked = strict.challenges(1.0)[0].replace("SHA-256", "MD5")
    answer = Credentials("alice", "x").answer([asked], "INVITE", URI)
    assert strict.check(answer, "INVITE", 1.0) == "unknown"


def test_a_nonce_that_was_made_elsewhere_is_not_known() -> None:
    users = {"alice": "x"}
    ours, other = Challenger("voxpipe", users), Challenger("voxpipe", users)
    answer = Credentials("alice", "x").answer(other.challenges(1.0), "INVITE", URI)
    assert ours.check(answer, "INVITE", 1.0) == "unknown"
    assert ours.check(None, "INVITE", 1.0) == "unknown"
    assert ours.check("Digest rubbish", "INVITE", 1.0) == "unknown"


def test_what_was_forgotten_for_want_of_room_is_no_good_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(digest, "MAX_NONCES", 3)
    door, alice = Challenger("voxpipe", {"alice": "x"}), Credentials("alice", "x")
    answers = [
        alice.answer(door.challenges(float(now)), "INVITE", URI) for now in range(10)
    ]
    assert [door.check(each, "INVITE", 10.0) for each in answers] == ["known"] * 10
    assert [door.check(each, "INVITE", 10.0) for each in answers] == ["stale"] * 10


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,9}", fullmatch=True),
        st.text('a"\\,= ', max_size=9),
        min_size=1,
        max_size=9,
    )
)
def test_what_is_quoted_comes_back_as_it_was(values: dict[str, str]) -> None:
    text = ", ".join(
        '{}="{}"'.format(name, value.replace("\\", "\\\\").replace('"', '\\"'))
        for name, value in values.items()
    )
    assert parameters(f"Digest {text}") == values


def test_a_broken_header_is_refused_at_once_however_long() -> None:
    for text in ('a="",' * 10_000 + "!", 'a="' * 10_000, "a" * 60_000, ""):
        with pytest.raises(SipMessageError):
            parameters("Digest " + text)
