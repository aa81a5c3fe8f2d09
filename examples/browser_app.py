"""A web app of one's own that people talk to, with tokens for those who have logged in.

    APP_SECRET=… OPENAI_API_KEY=… uvicorn examples.browser_app:app

serves the page that talks at http://127.0.0.1:8000/talk/, in a Starlette of yours (a
FastAPI mounts it likewise). Nobody talks without a token, wherever they are: ``/login``
stands for whatever knows your users, and sends them to the page with a token behind the
``#``, which no server and no log ever sees. It is good for a minute, and for one call.

With ``APP_SECRET`` in all processes (``openssl rand -hex 32``) any of them takes it.
Browsers give a microphone to pages of this machine, and to others over HTTPS only.

The test below logs in, talks, loses its connection, comes back and goes on:
`pytest examples/browser_app.py`. Its page is fifty lines of Python; in a page of your
own it is ``import { connect } from "./talk/voxpipe.js"``, see docs/browser.md.
"""

from __future__ import annotations

import json
import os
import secrets
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from voxpipe.pipeline import Pipeline
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.simulator import Line, Script, ToneVoice, simulated
from voxpipe.transports.browser import BrowserEndpoints, Tokens
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import App, Call, Switchboard


async def answer(call: Call, **session_options: Any) -> None:
    """Talk to one person; the page shows words, latency and money by itself."""
    name = call.parameters["name"]  # as the token has it
    async with open_session(
        instructions=f"You talk to {name}.", audio=call.format, **session_options
    ) as session:
        model = Realtime(session)
        model.say(f"Hello {name}, how can I help?")
        await Pipeline(
            call.heard >> model.hears,
            model.says >> call.speaks,
            model.usage >> call.charges,
        ).run()


def application(answer: App, secret: str) -> Starlette:
    """The web app: who has logged in gets a token, and with it a call."""
    tokens = Tokens(secret)
    board = Switchboard(answer, limit=20)

    async def login(request: Request) -> RedirectResponse:
        name = request.query_params.get("name", "")  # yours asks for a password
        token = tokens.mint(name=name[:50] or "stranger")
        return RedirectResponse(f"/talk/#token={token}", status_code=303)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        yield
        await board.drain(30)  # seconds that calls have to finish

    endpoints = BrowserEndpoints(board, check=tokens.check)
    return Starlette(
        routes=[Route("/login", login), Mount("/talk", endpoints)], lifespan=lifespan
    )


app = application(answer, os.environ.get("APP_SECRET") or secrets.token_hex())


# --- its test: a page without a browser; the script has the answers

VOICE = ToneVoice()
SCRIPT = Script(replies=[Line(heard="What is new?", say="Nothing much, and you?")])


@asynccontextmanager
async def page(url: str, **hello: str) -> AsyncGenerator[ClientConnection]:
    """The socket of a page that has said hello."""
    protocol = Subprotocol("voxpipe.1")
    async with connect(f"{url}/talk/browser", subprotocols=[protocol]) as socket:
        await socket.send(json.dumps({"type": "hello", **hello}))
        yield socket


async def until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """Play what is said, and tell so, until a message of this kind comes."""
    async for message in socket:
        if isinstance(message, bytes):
            reply, before = struct.unpack_from("<II", message)
            ms = (before + len(message[8:]) // 2) / 24  # at 24,000 samples a second
            played = {"type": "played", "reply": reply, "ms": ms}
            await socket.send(json.dumps(played))
        elif (told := json.loads(message))["type"] == kind:
            return dict(told)
    raise AssertionError(f"the connection has ended, and no {kind} has come")


async def ask(socket: ClientConnection, words: str) -> None:
    """Say something, as fast as it can be sent, and fall silent."""
    speech = VOICE.speak(words, "alloy", 1.0) + bytes(24_000)
    for at in range(0, len(speech), 1_920):  # 40 ms
        await socket.send(struct.pack("<I", at // 2) + speech[at : at + 1_920])


async def talk(url: str, token: str) -> list[str]:
    """One call over two connections; what the agent said."""
    said = list[str]()
    async with page(url, token=token) as socket:
        seat = (await until(socket, "ready"))["seat"]
        await until(socket, "end_of_reply")
        socket.transport.abort()  # the train has gone into a tunnel
    async with page(url, seat=seat) as socket:
        assert (await until(socket, "ready"))["resumed"]
        await ask(socket, "What is new?")
        while len(said) < 2:
            caption = await until(socket, "caption")
            if caption["final"] and caption["speaker"] == "agent":
                said.append(caption["text"])
        await socket.send(json.dumps({"type": "bye"}))
        assert (await until(socket, "ended"))["by"] == "caller"
    return said


async def visit() -> None:
    """Log in, talk, and try to talk again with the same token."""
    simulation = partial(answer, connect=simulated(SCRIPT, VOICE))
    with anyio.fail_after(30):
        async with Server(application(simulation, secrets.token_hex())) as server:
            url = server.url.replace("http", "ws")
            login = anyio.connect_tcp("127.0.0.1", server.port)
            async with await login as http:
                await http.send(
                    b"GET /login?name=Ada HTTP/1.1\r\nHost: localhost\r\n\r\n"
                )
                head = (await http.receive()).decode()
            token = head.partition("#token=")[2].split()[0]
            greeting, reply = await talk(url, token)
            assert greeting == "Hello Ada, how can I help?"
            assert reply == "Nothing much, and you?"
            async with page(url, token=token) as socket:
                assert (await until(socket, "refused"))["why"] == "token"


def test_who_has_logged_in_talks_and_comes_back_after_a_lost_connection() -> None:
    """In real time: some ten seconds."""
    anyio.run(visit)
