"""Which host is shown which key, by whatever hand both were given."""

from __future__ import annotations

from typing import Any

import pytest

from voxpipe.processors.realtime import ConfigurationError, Service
from voxpipe.processors.realtime.connect.host import host_of
from voxpipe.processors.realtime.connect.keys import OPENAI_URL

OPENAI = OPENAI_URL
EU = "https://eu.api.openai.com/v1"
AZURE = "https://ada.openai.azure.com/openai/v1"
HERE = "http://127.0.0.1:8081/v1"
GATEWAY = "https://gateway.example.com/v1"
SAME = "https://gateway.example.com:443/v1"
BESIDE = "https://gateway.example.com:8443/v1"
OTHER = "https://other.example.com/v1"
OURS, AZURES, GIVEN = "sk-openai-0123", "azure-0123456789", "sk-given-0123"
KEYS = {"OPENAI_API_KEY": OURS, "AZURE_OPENAI_API_KEY": AZURES}


@pytest.fixture(autouse=True)
def _both_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASE_URL", "ORG_ID", "PROJECT_ID"):
        monkeypatch.delenv(f"OPENAI_{name}", raising=False)
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


# Which host; the program's key and URL; OPENAI_BASE_URL; what the host is shown.
TABLE: list[tuple[str, dict[str, Any], str | None, dict[str, str] | str]] = [
    ("api.openai.com", {}, None, bearer(OURS)),
    ("api.openai.com", {"base_url": OPENAI}, None, bearer(OURS)),
    ("api.openai.com", {"api_key": GIVEN}, None, bearer(GIVEN)),
    ("api.openai.com", {"api_key": GIVEN}, OPENAI, bearer(GIVEN)),
    ("api.openai.com", {"base_url": OPENAI}, HERE, bearer(OURS)),
    ("api.openai.com", {"base_url": OPENAI}, GATEWAY, "set OPENAI_BASE_URL beside"),
    ("api.openai.com", {"base_url": OPENAI}, AZURE, "set OPENAI_BASE_URL beside"),
    ("eu.api.openai.com", {"region": "eu"}, None, bearer(OURS)),
    ("eu.api.openai.com", {}, EU, bearer(OURS)),
    ("eu.api.openai.com", {"api_key": GIVEN}, EU, bearer(GIVEN)),
    ("eu.api.openai.com", {"base_url": EU}, OPENAI, bearer(OURS)),
    ("ada.openai.azure.com", {"base_url": AZURE}, None, {"api-key": AZURES}),
    ("ada.openai.azure.com", {}, AZURE, {"api-key": AZURES}),
    (
        "ada.openai.azure.com",
        {"base_url": AZURE, "api_key": GIVEN},
        None,
        {"api-key": GIVEN},
    ),
    ("ada.openai.azure.com", {"api_key": GIVEN}, AZURE, "pass both, Service"),
    ("127.0.0.1:8081", {"base_url": HERE}, None, bearer(OURS)),
    ("127.0.0.1:8081", {}, HERE, bearer(OURS)),
    ("127.0.0.1:8081", {"api_key": GIVEN}, HERE, bearer(GIVEN)),
    ("127.0.0.1:8081", {"base_url": HERE}, GATEWAY, bearer(OURS)),
    ("gateway.example.com", {}, GATEWAY, bearer(OURS)),
    (
        "gateway.example.com",
        {"base_url": GATEWAY, "api_key": GIVEN},
        None,
        bearer(GIVEN),
    ),
    (
        "gateway.example.com",
        {"base_url": GATEWAY, "api_key": GIVEN},
        OTHER,
        bearer(GIVEN),
    ),
    ("gateway.example.com", {"base_url": GATEWAY}, GATEWAY, bearer(OURS)),
    ("gateway.example.com:443", {"base_url": SAME}, GATEWAY, bearer(OURS)),
    ("gateway.example.com", {"base_url": GATEWAY}, SAME, bearer(OURS)),
    ("gateway.example.com:8443", {"base_url": BESIDE}, GATEWAY, "is for gateway"),
    ("gateway.example.com", {"base_url": GATEWAY}, None, "is for gateway.example.com"),
    ("gateway.example.com", {"base_url": GATEWAY}, OTHER, "is for gateway.example.com"),
    ("gateway.example.com", {"base_url": GATEWAY}, OPENAI, "is for gateway.example"),
    ("gateway.example.com", {"base_url": GATEWAY}, HERE, "is for gateway.example.com"),
    ("gateway.example.com", {"api_key": GIVEN}, GATEWAY, "OPENAI_BASE_URL names"),
]


@pytest.mark.parametrize(("name", "service", "environment", "shown"), TABLE)
def test_a_host_is_shown_a_key_that_is_meant_for_it_or_none(
    name: str,
    service: dict[str, Any],
    environment: str | None,
    shown: dict[str, str] | str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if environment is not None:
        monkeypatch.setenv("OPENAI_BASE_URL", environment)
    asked = Service(**service)
    if isinstance(shown, str):
        with pytest.raises(ConfigurationError, match=shown) as refused:
            host_of(asked)
        for key in (OURS, AZURES, GIVEN):
            assert key not in str(refused.value)
        return
    host = host_of(asked)
    assert host.websocket(model="m").headers() == shown
    assert host.rest("/realtime/calls").headers() == shown
    assert host.netloc == name


@pytest.mark.parametrize(
    "name",
    [
        "ada.openai.azure.com",
        "ada.services.ai.azure.com",
        "ada.cognitiveservices.azure.com",
        "ada.openai.azure.us",
        "ada.cognitiveservices.azure.us",
        "ada.openai.azure.cn",
        "ADA.OpenAI.Azure.COM",
        "ada.openai.azure.com.",
        "swedencentral.api.cognitive.microsoft.com",
        "ada.openai.azure.com:443",
    ],
)
def test_azure_gets_azures_key_in_every_cloud(name: str) -> None:
    host = host_of(Service(base_url=f"https://{name}/openai/v1"))
    assert host.is_azure
    assert host.websocket().headers() == {"api-key": AZURES}


@pytest.mark.parametrize(
    "name",
    [
        "openai.azure.com.example.com",
        "api.openai.com.example.com",
        "fakeapi.openai.com",
        "api-openai.com",
        "a.b.api.openai.com",
        "openai.com",
        "ada.westeurope.cloudapp.azure.com",
        "ada.azurewebsites.net",
        "openai.azure.com",
        "localhost.example.com",
    ],
)
def test_what_only_looks_like_an_issuer_gets_nothing(name: str) -> None:
    for path in ("/v1", "/openai/v1"):
        with pytest.raises(ConfigurationError, match=f"is for {name}"):
            host_of(Service(base_url=f"https://{name}{path}"))


def test_who_pays_is_told_where_the_key_may_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    assert "OpenAI-Organization" in host_of(Service()).websocket().headers()
    for url in (AZURE, GATEWAY):
        told = host_of(Service(base_url=url, api_key=GIVEN)).websocket().headers()
        assert "OpenAI-Organization" not in told
    monkeypatch.setenv("OPENAI_BASE_URL", GATEWAY)
    assert "OpenAI-Organization" in host_of(Service()).websocket().headers()
