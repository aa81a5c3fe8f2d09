"""What stands before /realtime, as people paste it."""

from __future__ import annotations

import pytest

from voxpipe.processors.realtime import ConfigurationError, Service
from voxpipe.processors.realtime.connect.base_url import read_base_url
from voxpipe.processors.realtime.connect.host import INSECURE, host_of

KEY = "sk-canary-0123456789"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", INSECURE):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("pasted", "told"),
    [
        (
            f"wss://api.openai.com/v1/realtime?model=gpt-realtime&key={KEY}",
            "wss://api.openai.com/v1, with the model as model=",
        ),
        ("https://gw.example.com/v1/realtime/", "https://gw.example.com/v1,"),
        ("https://gw.example.com/team/realtime", "https://gw.example.com/team,"),
        (
            "https://api.openai.com/v1/realtime/client_secrets",
            "https://api.openai.com/v1,",
        ),
        ("https://gw.example.com/v1?model=m", "https://gw.example.com/v1,"),
        ("http://127.0.0.1:8081/v1/realtime/calls/rtc_1", "http://127.0.0.1:8081/v1,"),
    ],
)
def test_a_pasted_url_of_a_session_is_told_what_to_cut_off(
    pasted: str, told: str
) -> None:
    with pytest.raises(ConfigurationError, match="stands before /realtime") as refused:
        host_of(Service(base_url=pasted, api_key="sk-mine"))
    assert told in str(refused.value)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["https://gw/realtime/v1", "https://gw/realtime-eu/v1", "https://gw/a/v1/ "]
)
def test_a_gateway_may_call_its_paths_as_it_likes(url: str) -> None:
    path = read_base_url(url, insecure=False).path
    assert path == url.strip().removeprefix("https://gw").rstrip("/")


PLAIN = "http://litellm:4000/v1"


def test_a_private_network_goes_without_tls_if_somebody_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigurationError, match="in the clear to litellm") as refused:
        host_of(Service(base_url=PLAIN, api_key=KEY))
    assert "Service(insecure=True)" in str(refused.value)
    assert f"{INSECURE}=1" in str(refused.value)
    said = host_of(Service(base_url=PLAIN, api_key=KEY, insecure=True))
    assert said.websocket(model="m").url == "ws://litellm:4000/v1/realtime?model=m"
    assert said.rest("/realtime/calls").url == "http://litellm:4000/v1/realtime/calls"
    monkeypatch.setenv("OPENAI_BASE_URL", PLAIN)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv(INSECURE, "1")
    assert host_of(Service()).websocket().headers() == {
        "Authorization": f"Bearer {KEY}"
    }
    for no in ("0", "", "no"):
        monkeypatch.setenv(INSECURE, no)
        with pytest.raises(ConfigurationError, match="in the clear"):
            host_of(Service())


def test_a_key_for_a_private_network_must_be_given_for_it_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(ConfigurationError, match="is for litellm:4000"):
        host_of(Service(base_url=PLAIN, insecure=True))


@pytest.mark.parametrize("name", ["api.openai.com", "ada.openai.azure.com"])
def test_those_who_speak_tls_are_never_asked_without(name: str) -> None:
    url = f"http://{name}/openai/v1"
    with pytest.raises(ConfigurationError, match=r"in the clear .*: use https://$"):
        host_of(Service(base_url=url, api_key=KEY, insecure=True))
