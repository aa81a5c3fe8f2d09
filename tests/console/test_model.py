"""Where the model of a command is: what it says, and what it leaves behind."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

from voxpipe.console.main import command_line
from voxpipe.console.model import Model, environment, model_of
from voxpipe.pipeline import ConfigurationError
from voxpipe.simulator import Simulator, ToneVoice


def asked(*arguments: str) -> Model:
    return model_of(command_line(["serve"]).parse_args(["serve", *arguments]))


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_another_model_is_found_in_its_block_and_named_by_its_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    with asked("--realtime-url", "https://eu.api.openai.com/v1").found() as line:
        assert os.environ["OPENAI_BASE_URL"] == "https://eu.api.openai.com/v1"
    assert "OPENAI_BASE_URL" not in os.environ
    assert line == "eu.api.openai.com"


def test_without_a_key_the_app_must_bring_one_and_ours_has_none() -> None:
    with asked("my_agent:answer").found() as line:
        assert line == "api.openai.com, without a key: the app must bring one"
    with pytest.raises(ConfigurationError, match="set OPENAI_API_KEY"):
        asked()


async def test_a_simulated_one_is_found_with_its_key() -> None:
    async with Simulator(None, ToneVoice()) as simulator:
        with Model(simulator).found() as line:
            assert os.environ["OPENAI_BASE_URL"] == simulator.url
            assert os.environ["OPENAI_API_KEY"] == "sk-simulated"
            assert line == f"simulated, at {simulator.url}"
    assert "OPENAI_API_KEY" not in os.environ


def test_variables_are_as_before_after_their_scope(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VOXPIPE_OLD", "before")
    with suppress(LookupError), environment(VOXPIPE_OLD="now", VOXPIPE_NEW="now"):
        assert (os.environ["VOXPIPE_OLD"], os.environ["VOXPIPE_NEW"]) == ("now", "now")
        raise LookupError
    assert os.environ["VOXPIPE_OLD"] == "before"
    assert "VOXPIPE_NEW" not in os.environ
