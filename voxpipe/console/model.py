"""Where the model is: for this process, by what the command line says."""

from __future__ import annotations

import argparse
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from voxpipe.processors.realtime import ConfigurationError, Service
from voxpipe.processors.realtime.connect.host import host_of
from voxpipe.simulator import Simulator, find_voice

from .simulate import WITHOUT_SCRIPT

DEFAULT_APP = "voxpipe.console.assistant:answer"
SIMULATED_KEY = "sk-simulated"


def add_model(parser: Any) -> None:
    """Add the arguments that say where the model is."""
    model = parser.add_mutually_exclusive_group()
    model.add_argument(
        "--realtime-url",
        metavar="URL",
        help="where the model is, such as https://host/v1",
    )
    model.add_argument(
        "--simulator", action="store_true", help="start a simulated model inside"
    )


@dataclass(frozen=True, slots=True)
class Model:
    """Where the model is.

    Attributes:
        simulator: to be opened before it is `found`, where it is a simulated one.
        url: of another; ``None`` for what the environment has.
        line: what to say of that.
    """

    simulator: Simulator | None = None
    url: str | None = None
    line: str = ""

    @contextmanager
    def found(self) -> Generator[str]:
        """Let `open_session` find it; gives what to say of it."""
        url, line, key = self.url, self.line, None
        if self.simulator is not None:
            url, key = self.simulator.url, SIMULATED_KEY
            line = f"simulated, at {url}"
        with environment(OPENAI_BASE_URL=url, OPENAI_API_KEY=key):
            yield line


def model_of(arguments: argparse.Namespace) -> Model:
    """The model that is asked for.

    Args:
        arguments: of a command line with those of `add_model`, and an ``app``.

    Raises:
        ConfigurationError: no model can be reached with what was given.
    """
    if arguments.simulator:
        return Model(Simulator(WITHOUT_SCRIPT, find_voice()))
    url: str | None = arguments.realtime_url
    has_key = bool(os.environ.get("OPENAI_API_KEY", "").strip())
    if not has_key and arguments.app == DEFAULT_APP:
        raise ConfigurationError(
            "no API key: set OPENAI_API_KEY, or give --simulator, which needs none"
        )
    service = Service(base_url=url)
    if not has_key:  # it is the app that brings one, and says for which host
        there = url or os.environ.get("OPENAI_BASE_URL")
        service = Service(base_url=there, api_key="unknown")
    line = host_of(service).netloc
    if not has_key:
        line += ", without a key: the app must bring one"
    return Model(url=url, line=line)


@contextmanager
def environment(**values: str | None) -> Generator[None]:
    """Set variables of this process's environment, as they were again afterwards.

    Args:
        values: by their names; ``None`` leaves one as it is.
    """
    given = {name: value for name, value in values.items() if value is not None}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
