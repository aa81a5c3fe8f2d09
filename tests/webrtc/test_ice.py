"""How peers are told to be reached."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from voxpipe.webrtc import Ice, IceServer

TURN = "turn:turn.example.com:3478?transport=udp"


def test_servers_are_known_by_their_urls_and_show_no_credential() -> None:
    server = IceServer(TURN, "ada", SecretStr("swordfish"))
    ice = Ice(servers=[IceServer("stun:stun.example.com:3478"), server])
    assert "swordfish" not in repr(ice)


@pytest.mark.parametrize(
    "url", ["", "stun.example.com", "http://x", "stun:a b", "turn:x?transport=sctp"]
)
def test_what_is_no_server_is_refused_with_how_one_looks(url: str) -> None:
    with pytest.raises(ValueError, match="expected stun:host:port"):
        IceServer(url, "ada", SecretStr("x"))


def test_turn_asks_for_a_name_and_a_credential() -> None:
    with pytest.raises(ValueError, match="username and a credential"):
        IceServer(TURN)


def test_one_address_is_no_list() -> None:
    with pytest.raises(ValueError, match=r"\['127.0.0.1'\]"):
        Ice(addresses="127.0.0.1")
