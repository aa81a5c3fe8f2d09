"""Headless Chromium by its DevTools protocol: no more than the page's tests need.

Nothing here waits for a time: `Tab.until` waits for a condition, in the page.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

CURE = "chromium is not installed. The cure: sudo apt-get install chromium"
TIMEOUT = 20  # seconds for any one step, on a busy machine
_FLAGS = (
    "--headless",
    "--window-size=1280,800",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-port=0",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
# Waits in the page: its answer is an event, and not one question after the other.
_UNTIL = """new Promise((resolve) => {
  const look = () => {
    const found = (() => %s)();
    if (found) resolve(found); else setTimeout(look, 5);
  };
  look();
})"""


def installed() -> bool:
    """Whether there is a Chromium."""
    return shutil.which("chromium") is not None


class ChromiumError(Exception):
    """It did not do what it was told, and why."""


@dataclass(slots=True)
class Seen:
    """What a tab has done, as far as nobody should see it.

    Attributes:
        complaints: of its console, and exceptions that nobody caught.
        requests: addresses that it has asked for.
    """

    complaints: list[str] = field(default_factory=list[str])
    requests: list[str] = field(default_factory=list[str])


class Tab:
    """A page that is open."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self.session = session
        self.seen = Seen()

    async def tell(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol, and its result."""
        return await self._browser.tell(method, parameters, self.session)

    async def open(self, url: str, *, first: str = "") -> None:
        """Go there; ``first`` is run before any script of the page."""
        for domain in ("Page", "Runtime", "Log", "Network", "DOM", "Accessibility"):
            await self.tell(f"{domain}.enable")
        if first:
            await self.tell("Page.addScriptToEvaluateOnNewDocument", source=first)
        await self.tell("Page.navigate", url=url)
        await self.until(
            f"location.href.startsWith({url!r}) && document.readyState === 'complete'"
        )

    async def run(self, expression: str) -> Any:
        """What the expression, or its promise, gives; plain data."""
        told = await self.tell(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in told:
            raise ChromiumError(f"{expression}: {_thrown(told['exceptionDetails'])}")
        return told["result"].get("value")

    async def until(self, condition: str) -> Any:
        """Wait until it is true; gives what it is then."""
        try:
            with anyio.fail_after(TIMEOUT):
                return await self.run(_UNTIL % condition)
        except TimeoutError:
            page = await self.run("document.body.innerText")
            raise ChromiumError(
                f"never came true: {condition}\n{page}\n{self.seen}"
            ) from None

    async def click(self, name: str, role: str = "button") -> None:
        """As a person does who finds it by its accessible name."""
        await self.tell("Page.bringToFront")  # a tab behind another has no layout
        document = (await self.tell("DOM.getDocument"))["root"]["backendNodeId"]
        found = await self.tell(
            "Accessibility.queryAXTree",
            backendNodeId=document,
            accessibleName=name,
            role=role,
        )
        nodes = [each for each in found["nodes"] if not each["ignored"]]
        if len(nodes) != 1:
            raise ChromiumError(f"there are {len(nodes)} of {role} {name!r}, not 1")
        node = nodes[0]["backendDOMNodeId"]
        await self.tell("DOM.scrollIntoViewIfNeeded", backendNodeId=node)
        quad = (await self.tell("DOM.getContentQuads", backendNodeId=node))["quads"][0]
        x, y = sum(quad[0::2]) / 4, sum(quad[1::2]) / 4
        for kind in ("mousePressed", "mouseReleased"):
            await self.tell(
                "Input.dispatchMouseEvent",
                type=kind,
                x=x,
                y=y,
                button="left",
                clickCount=1,
            )

    async def type(self, text: str) -> None:
        """Into what has the focus."""
        await self.tell("Input.insertText", text=text)

    async def press(self, key: str, code: int) -> None:
        """A key, by its name and its Windows code."""
        for kind in ("keyDown", "keyUp"):
            await self.tell(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=code,
                **({"text": "\r"} if (kind, key) == ("keyDown", "Enter") else {}),
            )

    async def choose_file(self, selector: str, path: Path) -> None:
        """As if it had been picked in the dialogue of an ``<input type=file>``."""
        root = (await self.tell("DOM.getDocument"))["root"]["nodeId"]
        node = await self.tell("DOM.querySelector", nodeId=root, selector=selector)
        await self.tell(
            "DOM.setFileInputFiles", files=[str(path)], nodeId=node["nodeId"]
        )

    async def look(self, width: int, height: int, *, dark: bool = False) -> bytes:
        """A PNG of the page on a screen of this size."""
        await self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.tell("Emulation.setEmulatedMedia", features=[scheme])
        await self.run("new Promise((done) => requestAnimationFrame(() => done(1)))")
        shot = await self.tell("Page.captureScreenshot", format="png")
        return base64.b64decode(shot["data"])

    def note(self, method: str, told: dict[str, Any]) -> None:
        """Keep what nobody should see."""
        seen = self.seen
        if method == "Runtime.exceptionThrown":
            seen.complaints.append(_thrown(told["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and told["type"] in (
            "error",
            "warning",
            "assert",
        ):
            seen.complaints.append(str(told["args"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] != "verbose":
            seen.complaints.append(told["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            seen.requests.append(told["request"]["url"])
        elif method == "Network.webSocketCreated":
            seen.requests.append(told["url"])


def _thrown(details: Mapping[str, Any]) -> str:
    return str(details.get("exception", {}).get("description") or details["text"])


class Chromium:
    """A browser that runs; see `chromium`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = count(1)
        self._answers = dict[int, tuple[anyio.Event, dict[str, Any]]]()
        self._tabs = dict[str, Tab]()

    async def tab(self) -> Tab:
        """A new one, empty."""
        target = await self.tell("Target.createTarget", {"url": "about:blank"})
        attach = {**target, "flatten": True}
        session = (await self.tell("Target.attachToTarget", attach))["sessionId"]
        self._tabs[session] = tab = Tab(self, session)
        return tab

    async def tell(
        self, method: str, parameters: Mapping[str, Any], session: str = ""
    ) -> dict[str, Any]:
        """One command, and its result."""
        number, came, answer = next(self._ids), anyio.Event(), dict[str, Any]()
        self._answers[number] = came, answer
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        await self._socket.send(json.dumps(message))
        try:
            with anyio.fail_after(TIMEOUT):
                await came.wait()
        finally:
            del self._answers[number]
        if "error" in answer:
            raise ChromiumError(f"{method}: {answer['error']['message']}")
        return dict(answer["result"])

    async def read(self) -> None:
        """Take in what it says, until it ends."""
        while True:
            try:
                message = await self._socket.recv()
            except ConnectionClosed:  # Chromium ends without a word
                return
            told: dict[str, Any] = json.loads(message)
            if "id" in told:
                if waiting := self._answers.get(told["id"]):
                    waiting[1].update(told)
                    waiting[0].set()
            elif tab := self._tabs.get(told.get("sessionId", "")):
                tab.note(told["method"], told["params"])


@asynccontextmanager
async def chromium(microphone: Path, *, once: bool = True) -> AsyncGenerator[Chromium]:
    """A browser of its own, whose microphone is a WAV file, from each call's start on.

    Then it is silent, or begins again.
    """
    with TemporaryDirectory(prefix="voxpipe-chromium-") as home:
        command = [
            "chromium",
            *_FLAGS,
            f"--use-file-for-fake-audio-capture={microphone}{'%noloop' * once}",
            f"--user-data-dir={home}",
            "about:blank",
        ]
        async with await anyio.open_process(
            command, stdout=None, env=_environment(home)
        ) as process:
            try:
                async with (
                    connect(await _address(process), max_size=None) as socket,
                    anyio.create_task_group() as tasks,
                ):
                    browser = Chromium(socket)
                    tasks.start_soon(browser.read)
                    tasks.start_soon(_drain, process)
                    yield browser
                    await browser.tell("Browser.close", {})
                    await process.wait()
                    tasks.cancel_scope.cancel()
            finally:
                if process.returncode is None:
                    process.kill()


def _environment(home: str) -> dict[str, str]:
    return {"HOME": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


async def _address(process: Process) -> str:
    """Where its DevTools listen: it says so once, among complaints of many kinds."""
    assert process.stderr is not None
    lines = BufferedByteReceiveStream(process.stderr)
    with anyio.fail_after(TIMEOUT):
        while True:
            line = await lines.receive_until(b"\n", 65_536)
            if found := re.search(rb"listening on (ws://\S+)", line):
                return found[1].decode()


async def _drain(process: Process) -> None:
    assert process.stderr is not None
    async for _ in process.stderr:
        pass
