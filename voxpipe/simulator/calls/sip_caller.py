"""A caller for tests: rings at an app by webhook, speaks, listens and hangs up."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from anyio import AsyncContextManagerMixin, move_on_after, to_thread
from pydantic import SecretStr

from voxpipe.pipeline.audio import AudioFormat
from voxpipe.pipeline.audioframe import AudioFrame
from voxpipe.simulator.net.keys import unix_time

from .call import By, SimulatedCall
from .calls import Calls
from .microphone import CallEnded, read_pcm
from .webhook import SignedWebhook, call_incoming, signed

PATIENCE = 60.0  # seconds; nothing but the script ends a call that stands still here

T = TypeVar("T")

_KEYS = "0123456789*#ABCD"
_HEADERS = (
    ("From", "sip:+14155550100@sip.example.com"),
    ("To", "sip:proj_simulated@sip.api.openai.com"),
)


class CallRejected(CallEnded):
    """The app has rejected the call.

    Attributes:
        status: the SIP status that the caller gets; 603 unless the app says otherwise.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"the app has rejected the call with {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class PlayedReply:
    """What the model has said, as far as it was played to the caller.

    Attributes:
        audio: 16-bit; what was played.
        response_id: whose audio it is.
        cut: whether the caller has interrupted it.
    """

    audio: AudioFrame
    response_id: str
    cut: bool


class SipCaller(AsyncContextManagerMixin):
    """Somebody who calls by SIP, from ``async with`` on: it rings at the app.

    When the block ends, the caller hangs up. Raises `TransportError` when the app does
    not take its webhook.

    Attributes:
        webhook: what was posted, or what you give to the app when there is no URL.
    """

    def __init__(
        self,
        calls: Calls,
        headers: Mapping[str, str] | Sequence[tuple[str, str]],
        webhook_url: str | None,
        secrets: Sequence[SecretStr],
        patience: float = PATIENCE,
    ) -> None:
        listed = headers.items() if isinstance(headers, Mapping) else headers
        self._calls = calls
        self._headers = tuple(listed) or _HEADERS
        self._url = webhook_url
        self._secrets = secrets
        self._patience = patience
        self._call: SimulatedCall | None = None
        self.webhook = SignedWebhook({}, b"")

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        call = self._call = self._calls.ring("sip", self._headers)
        now = int(unix_time())
        event = call_incoming(call.id, call.sip_headers, now)
        self.webhook = signed(event, self._secrets, now)
        try:
            if self._url is not None:
                await self.webhook.post(self._url)
            yield self
        finally:
            await self.hang_up()

    @property
    def id(self) -> str:
        """``rtc_…``, by which the app knows it."""
        return self._known.id

    @property
    def state(self) -> str:
        """``ringing``, ``accepted``, ``rejected``, ``taken`` (by Live) or ``over``."""
        return self._known.state

    @property
    def referred_to(self) -> str | None:
        """Where the app has sent the caller on, if it has."""
        return self._known.referred_to

    @property
    def _known(self) -> SimulatedCall:
        if self._call is None:
            raise CallEnded("the call has not begun: open it with `async with`")
        return self._call

    async def answered(self) -> None:
        """Wait until the app accepts the call.

        Raises:
            CallRejected: it does not.
            CallEnded: the call has ended before.
            TimeoutError: it has done neither for long.
        """
        call = self._known
        await self._within(
            call.decided,
            "the app has neither accepted nor rejected the call",
            "does it get the webhook, and await `rest.accept(call.id, …)`?",
        )
        if call.status is not None:
            raise CallRejected(call.status)
        if call.state == "over":
            raise CallEnded(f"the call has been ended by the {call.ended_by}")

    async def say(self, audio: AudioFrame | bytes | str | Path) -> None:
        """Speak, in real time, and wait until it is said.

        Args:
            audio: sound, 16-bit mono at 24 kHz, or the path of a WAV file.

        Raises:
            CallEnded: before it was said.
            FormatError: this is no such audio.
        """
        pcm = await to_thread.run_sync(read_pcm, audio)
        await self._known.pump.say(pcm)

    async def listen(self) -> PlayedReply:
        """Wait for the end of the next thing that the model says.

        Raises:
            CallEnded: nothing more comes.
            TimeoutError: nothing was said to its end for long.
        """
        played = await self._within(
            self._known.listen,
            "the model has said nothing to its end",
            "did the caller ask something, or the app have it `say` something?",
        )
        samples = played.format.samples(bytes(played.data))
        audio = AudioFrame(
            data=samples.tobytes(), format=AudioFormat("pcm16", played.format.rate)
        )
        return PlayedReply(audio, played.response_id, played.cut)

    async def press(self, keys: str) -> None:
        """Press keys of the telephone: ``0`` to ``9``, ``*``, ``#``, ``A`` to ``D``.

        Raises:
            ValueError: there is no such key.
            CallEnded: the call is not in progress.
        """
        for key in keys:
            if key not in _KEYS:
                raise ValueError(f"a telephone has the keys {_KEYS}, not {key!r}")
        for key in keys:
            self._known.pump.press(key, int(unix_time()))

    async def hang_up(self, code: int = 1000) -> None:
        """End the call; harmless when it is over already.

        Args:
            code: with which the service closes the connections of those who have
                joined; 1006 for no close frame at all, which is seen, too.
        """
        self._known.end("caller", code)
        self._calls.forget(self._known)

    async def over(self) -> By:
        """Wait until the call is over.

        Returns:
            Who has ended it: ``caller``, ``app``, ``referral``, ``session`` (it has
            expired, for one) or ``simulator``.

        Raises:
            TimeoutError: nobody has ended it for long.
        """
        return await self._within(
            self._known.over,
            "nobody has ended the call",
            "have the app end it with `rest.hang_up(call.id)`, or the caller with "
            "`caller.hang_up()`",
        )

    async def _within(
        self, wait: Callable[[], Awaitable[T]], missing: str, cure: str
    ) -> T:
        with move_on_after(self._patience):
            return await wait()
        raise TimeoutError(
            f"{missing} for {self._patience:g} s: {cure} "
            "(`incoming_call(patience=…)` waits longer)"
        )

    def let_live_api_take_it(self) -> None:
        """The Live API accepts the call first, from which the app's accept fails."""
        self._known.check_ringing()
        self._known.take()
