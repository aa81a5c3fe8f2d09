"""A page talks to the service itself, and the app steers: no audio comes here.

The page posts its offer to us, not to the service: so it needs no key, and neither
instructions nor tools leave the server. We pass it on, and join the call by its id.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol, Self

from anyio import AsyncContextManagerMixin, CancelScope

from voxpipe.pipeline import VoxpipeError
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.browser.endpoints import BrowserEndpoints
from voxpipe.transports.telephony.asgi import respond, split_path
from voxpipe.transports.telephony.forms import BadRequest
from voxpipe.transports.telephony.lifespan import lifespan
from voxpipe.transports.telephony.refusals import Refusals
from voxpipe.transports.telephony.steered import SteeredCalls

from .posting import SDP, allowed, bearer, read_offer

PATH = "/direct"


@dataclass(frozen=True, slots=True)
class DirectCall:
    """A call between a page and the service.

    Attributes:
        id: ``rtc_…``; `open_session` takes it.
        caller: who it is, if the app knows.
        parameters: what the app knows of them.
    """

    id: str
    caller: str = field(default="", repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


class Answered(Protocol):
    """The service's answer to an offer."""

    @property
    def sdp(self) -> str:
        """For the page, as it came."""
        ...

    @property
    def call_id(self) -> str:
        """The name of the call."""
        ...


Offer = Callable[[str], Awaitable[Answered]]
"""Asks the service: ``partial(rest.answer, settings=Settings(…))`` is one."""

HangUp = Callable[[str], Awaitable[object]]
"""Ends a call by its id: ``rest.hang_up`` is one."""

DirectApp = Callable[[DirectCall], Awaitable[object]]
"""Steers a call, and returns when it is over."""


class DirectEndpoint(AsyncContextManagerMixin):
    """Passes offers of pages on to the service, at ``/direct``, and steers the calls.

    All else is served by the page's own endpoints, behind it. It is open while it runs
    as an app by itself (a server's ``lifespan``) or within ``async with``; before and
    after that it refuses calls. Origins and tokens are those of the page's endpoints; a
    token comes in the header ``Authorization``. It needs no aiortc, and runs on trio.

    Args:
        browser: the page's endpoints.
        answer: the function: it joins the call with ``open_session(call_id=call.id)``.
        offer: asks the service, and says what the session is to be.
        hang_up: ends a call at the service, when the page or the function has.
        limit: calls at once; more are refused with 503.
        farewell: seconds that calls may go on when it ends.
    """

    def __init__(
        self,
        browser: BrowserEndpoints,
        answer: DirectApp,
        *,
        offer: Offer,
        hang_up: HangUp,
        limit: int = 100,
        farewell: float = 10.0,
    ) -> None:
        self._browser = browser
        self._offer = offer
        self._hang_up = hang_up
        self._app = answer
        self._calls = SteeredCalls(self._steer, limit=limit, farewell=farewell)
        self._known = set[str]()
        self._refusals = Refusals()

    @property
    def calls(self) -> int:
        """How many there are."""
        return self._calls.count

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with self._calls:
            yield self

    def serves(self, path: str) -> bool:
        """Whether something is at this path."""
        return _is_ours(path) or self._browser.serves(path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 has it."""
        if scope["type"] == "lifespan":
            await lifespan(receive, send, self._browser.switchboard, self)
        elif scope["type"] == "http" and _is_ours(split_path(scope)[1]):
            await self._refusals.answer(self._request, scope, receive, send)
        else:
            await self._browser(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        root, path = split_path(scope)
        path = path.rstrip("/")
        refused = self._browser.why_not(scope)
        if refused is not None:
            raise BadRequest(*refused)
        method = scope["method"]
        if method == "OPTIONS":
            await respond(send, 204, "", headers=allowed(scope))
        elif path != PATH and method == "DELETE":
            await self._end(path.removeprefix(PATH + "/"))
            await respond(send, 200, "", headers=allowed(scope))
        elif path == PATH and method == "POST":
            answer = await self._begin(scope, receive)
            headers = {**allowed(scope), "location": f"{root}{PATH}/{answer.call_id}"}
            await respond(send, 201, answer.sdp, kind=SDP, headers=headers)
        else:
            raise BadRequest(405, f"expected POST {PATH}, or DELETE of a call")

    async def _begin(self, scope: Scope, receive: Receive) -> Answered:
        self._check_room()  # or a token would be used up for nothing
        text = await read_offer(scope, receive)
        about = await self._browser.whose(bearer(scope))
        if about is None:
            raise BadRequest(401, "expected a token that is valid")
        try:
            answer = await self._offer(text)
        except VoxpipeError as error:
            # In the log, not in the answer: it is between the service and us.
            self._refusals.note("the service has not answered an offer", str(error))
            raise BadRequest(502, "the service has not answered the offer") from None
        try:
            self._check_room()
        except BadRequest:
            await self._at_service(answer.call_id)
            raise
        call = DirectCall(answer.call_id, about.get("caller", ""), about)
        self._known.add(call.id)
        self._calls.take(call)
        return answer

    def _check_room(self) -> None:
        if not self._calls.is_open:
            raise BadRequest(503, "no call is taken: the endpoint is not open")
        if self._calls.is_full:
            raise BadRequest(503, "no call is taken: there are too many")

    async def _end(self, call_id: str) -> None:
        if call_id in self._known:  # else it is over, or not ours to end
            await self._at_service(call_id)

    async def _steer(self, call: DirectCall) -> None:
        try:
            await self._app(call)
        finally:
            self._known.discard(call.id)
            # Or the page would talk on with nobody to run its tools.
            with CancelScope(shield=True):
                await self._at_service(call.id)

    async def _at_service(self, call_id: str) -> None:
        with suppress(VoxpipeError):  # it is over, most often
            await self._hang_up(call_id)


def _is_ours(path: str) -> bool:
    path = path.rstrip("/")
    return path == PATH or path.startswith(PATH + "/")
