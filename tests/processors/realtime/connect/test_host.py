"""Which host is asked, and as whom."""

from __future__ import annotations

from typing import Any

import pytest
from openai import OpenAI

from voxpipe.processors.realtime import (
    ConfigurationError,
    SemanticVad,
    Service,
    open_session,
)
from voxpipe.processors.realtime.connect import HostWarning
from voxpipe.processors.realtime.connect.host import REGIONS, Host, host_of
from voxpipe.simulator import Script, simulated

from ..server import Line, serving

KEY = "sk-canary-0123456789"
AZURE = "https://ada.openai.azure.com/openai/v1"
TOKEN = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0.c2ln"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "BASE_URL", "ORG_ID", "PROJECT_ID"):
        monkeypatch.delenv(f"OPENAI_{name}", raising=False)
    monkeypatch.delenv("AZURE_OPENAI_API_KEY", raising=False)


def host(**options: Any) -> Host:
    asked: dict[str, Any] = {"api_key": KEY, **options}
    return host_of(Service(**asked))


def test_a_region_is_a_host_of_openais() -> None:
    assert set(REGIONS) == {"us", "eu"}
    address = host(region="eu").websocket(model="gpt-realtime-2.1")
    assert address.url == "wss://eu.api.openai.com/v1/realtime?model=gpt-realtime-2.1"
    assert host(region="us", base_url=REGIONS["us"] + "/").netloc == "us.api.openai.com"
    with pytest.raises(ConfigurationError, match="one of us, eu, not 'au'"):
        host(region="au")


def test_a_region_and_another_host_contradict_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigurationError, match="base_url= names another"):
        host(region="eu", base_url="https://proxy.example.com/v1")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://us.api.openai.com/v1")
    with pytest.raises(ConfigurationError, match="OPENAI_BASE_URL names another"):
        host(region="eu")


def test_rest_is_at_the_same_place() -> None:
    here = host(base_url="ws://127.0.0.1:80/v1?version=1")
    assert here.rest("/realtime/calls").url == (
        "http://127.0.0.1:80/v1/realtime/calls?version=1"
    )
    assert host().rest("/responses").url == "https://api.openai.com/v1/responses"


def test_who_asks_is_said_as_the_official_client_says_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    official = OpenAI(api_key=KEY, organization="org-1", project="proj_1")
    ours = host(organization="org-1", project="proj_1", safety_identifier="5e884")
    expected = official.auth_headers | {
        "OpenAI-Organization": official.default_headers["OpenAI-Organization"],
        "OpenAI-Project": official.default_headers["OpenAI-Project"],
    }
    assert ours.websocket().headers() == expected | {
        "OpenAI-Safety-Identifier": "5e884"
    }
    monkeypatch.setenv("OPENAI_ORG_ID", "org-2")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj_2\n")
    told = host().rest("/responses").headers()
    assert told["OpenAI-Organization"] == "org-2"
    assert told["OpenAI-Project"] == "proj_2"


def test_what_no_header_can_hold_is_refused_unseen() -> None:
    with pytest.raises(ConfigurationError, match="OpenAI-Project holds") as caught:
        host(project="secret\r\nHost: x")
    assert "secret" not in str(caught.value)


def test_azure_is_known_by_its_name_and_takes_keys_in_its_own_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The environment's are of OpenAI, and none of Microsoft's business.
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    with pytest.raises(ConfigurationError, match="set AZURE_OPENAI_API_KEY"):
        host_of(Service(base_url=AZURE))
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    azure = host_of(Service(base_url=AZURE + "/"))
    assert azure.is_azure
    assert not host().is_azure
    address = azure.websocket(model="my-deployment")
    assert address.url == (
        "wss://ada.openai.azure.com/openai/v1/realtime?model=my-deployment"
    )
    assert address.headers() == azure.rest("").headers() == {"api-key": KEY}


def test_a_token_of_entras_is_a_bearer() -> None:
    told = host(base_url=AZURE, api_key=TOKEN).websocket().headers()
    assert told == {"Authorization": f"Bearer {TOKEN}"}
    assert host(api_key=TOKEN).websocket().headers() == told


@pytest.mark.parametrize(
    "url",
    [
        "https://ada.openai.azure.com",
        "https://ada.openai.azure.com/openai",
        "https://ada.services.ai.azure.com/openai/realtime",
    ],
)
def test_an_azure_url_of_the_old_shape_is_refused_with_the_new_one(url: str) -> None:
    with pytest.raises(ConfigurationError, match="/openai/v1, with the name"):
        host(base_url=url)


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_what_is_set_to_a_blank_is_not_set(
    blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, blank)
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")
    address = host_of(Service()).websocket()
    assert address.host == "api.openai.com"
    assert address.headers() == {"Authorization": f"Bearer {KEY}"}
    assert host_of(Service(region="eu")).netloc == "eu.api.openai.com"


@pytest.mark.parametrize(
    "name", ["api_key", "base_url", "organization", "project", "safety_identifier"]
)
@pytest.mark.parametrize("value", [12, KEY.encode(), [KEY]])
def test_what_is_no_text_is_refused_by_the_name_of_its_argument(
    name: str, value: Any
) -> None:
    kind = type(value).__name__
    with pytest.raises(
        ConfigurationError, match=rf"Service\({name}=…\) takes a text, .*type {kind}$"
    ):
        Service(**{name: value})


def test_nothing_that_opens_a_host_is_shown() -> None:
    opened = host(
        base_url=f"https://x/v1?api-key={KEY}", safety_identifier="5e884", project="p"
    )
    assert KEY not in repr(opened)
    assert "5e884" not in repr(opened) + repr(opened.websocket(model="m"))


def on_azure(**options: Any) -> Any:
    """A session with a deployment of Azure's, as far as the host matters."""
    return open_session(
        service=Service(base_url=AZURE), connect=simulated(Script()), **options
    )


async def test_turns_that_azure_never_ends_are_warned_about() -> None:
    for turn_detection in ("semantic", SemanticVad(eagerness="high")):
        with pytest.warns(HostWarning, match='use turn_detection="server"') as told:
            async with on_azure(turn_detection=turn_detection):
                pass
        assert told[0].filename == __file__


async def test_what_openai_retires_is_not_azures_to_warn_about() -> None:
    async with on_azure(model="gpt-realtime", transcription="whisper-1") as session:
        assert session.host == "ada.openai.azure.com"


async def test_all_of_it_is_sent_with_the_upgrade() -> None:
    seen: list[dict[str, str]] = []

    async def talk(line: Line) -> None:
        await line.ready()
        assert line.request is not None
        seen.append(dict(line.request.headers.raw_items()))
        await line.gone()

    async with (
        serving(talk) as url,
        open_session(
            service=Service(
                base_url=url,
                api_key=KEY,
                organization="org-1",
                project="proj_1",
                safety_identifier="5e884",
            )
        ),
    ):
        pass
    expected = {
        "Authorization": f"Bearer {KEY}",
        "OpenAI-Organization": "org-1",
        "OpenAI-Project": "proj_1",
        "OpenAI-Safety-Identifier": "5e884",
    }
    assert expected.items() <= seen[0].items()
