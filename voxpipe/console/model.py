"""Where the model is: for this process, by what the command line says."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from voxpipe.processors.realtime import ConfigurationError, Service
from voxpipe.processors.realtime.connect.host import host_of
from voxpipe.simulator import Simulator

from .process import environment
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


@asynccontextmanager
async def model_found(
    app: str, *, realtime_url: str | None, simulator: bool
) -> AsyncGenerator[str]:
    """Let `open_session` find the model; yields what to say of it.

    Raises:
        ConfigurationError: no model can be reached with what was given.
    """
    if simulator:
        async with Simulator(WITHOUT_SCRIPT) as simulated:
            url = simulated.url
            with environment(OPENAI_BASE_URL=url, OPENAI_API_KEY=SIMULATED_KEY):
                yield f"simulated, at {url}"
        return
    has_key = bool(os.environ.get("OPENAI_API_KEY", "").strip())
    if not has_key and app == DEFAULT_APP:
        raise ConfigurationError(
            "no API key: set OPENAI_API_KEY, or give --simulator, which needs none"
        )
    service = Service(base_url=realtime_url)
    if not has_key:  # it is the app that brings one, and says for which host
        there = realtime_url or os.environ.get("OPENAI_BASE_URL")
        service = Service(base_url=there, api_key="unknown")
    host = host_of(service)
    set_url = environment(OPENAI_BASE_URL=realtime_url) if realtime_url else None
    with set_url or nullcontext():
        yield host.netloc + (
            "" if has_key else ", without a key: the app must bring one"
        )
