"""Two lines call each other over real sockets: what they say is heard, and they end."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from anyio import CancelScope, Event, create_task_group, fail_after, sleep_forever

from voxpipe.pipeline import (
    AudioFrame,
    ConfigurationError,
    Input,
    Output,
    Pipeline,
    Processor,
    TransportError,
)
from voxpipe.pipeline.testing.leaks import no_leaks
from voxpipe.transports.sip import SipLine, Trunk
from voxpipe.transports.telephony import (
    Call,
    CallFailed,
    LineBusy,
    NotAnswered,
    Switchboard,
)

LIMIT = 20  # seconds, should something hang


class Mouth(Processor):
    """Says two seconds of a tone, and no more."""

    says = Output[AudioFrame]()

    def __init__(self, call: Call) -> None:
        self.says.format = call.format
        self._format = call.format

    async def run(self) -> None:
        loud = bytes([0x10, 0x90]) * 80  # 4 kHz, in either law
        for _ in range(100):
            await self.says.send(AudioFrame(data=loud, format=self._format))


class Ear(Processor):
    """Hears until something is said."""

    hears = Input[AudioFrame]()

    def __init__(self) -> None:
        self.heard = Event()

    async def run(self) -> None:
        async for frame in self.hears:
            if any(abs(byte - 0xFF) > 8 and byte != 0x7F for byte in frame.data):
                self.heard.set()


async def parrot(call: Call) -> None:
    await Pipeline(call.heard >> call.speaks).run()


async def hold_on(call: Call) -> None:
    """Carry a call until the other side hangs up."""
    await Pipeline(call.heard >> Ear().hears).run()


@asynccontextmanager
async def served(
    answer: Callable[[Call], Awaitable[object]] | Switchboard,
    line: SipLine | None = None,
) -> AsyncGenerator[SipLine]:
    async with (
        line or SipLine(port=0) as line,
        create_task_group() as tasks,
    ):
        tasks.start_soon(line.serve, answer)
        with fail_after(LIMIT):
            yield line
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_call_is_heard_on_the_other_side_and_ends(transport: str) -> None:
    ended: list[str] = []

    async def answer(call: Call) -> None:
        await parrot(call)
        ended.append(call.ended)

    ear = Ear()
    async with no_leaks(), served(answer) as bob, SipLine(port=0) as alice:
        to = f"sip:bob@127.0.0.1:{bob.port};transport={transport}"
        async with alice.call(to, caller="alice") as call, create_task_group() as tasks:
            assert (call.caller, call.called) == ("alice", "bob")
            lines = Mouth(call).says >> call.speaks, call.heard >> ear.hears
            tasks.start_soon(Pipeline(*lines).run)
            await ear.heard.wait()
            tasks.cancel_scope.cancel()
        while not ended:
            await _turn()
    assert ended == ["caller"]


async def test_a_call_by_ipv6_is_heard_on_the_other_side() -> None:
    ear = Ear()
    async with (
        no_leaks(),
        served(parrot, SipLine("::1", port=0)) as bob,
        SipLine("::1", port=0) as alice,
        create_task_group() as tasks,
    ):
        for transport in ("udp", "tcp"):
            to = f"sip:bob@[::1]:{bob.port};transport={transport}"
            async with alice.call(to) as call:
                lines = Mouth(call).says >> call.speaks, call.heard >> ear.hears
                tasks.start_soon(Pipeline(*lines).run)
                await ear.heard.wait()
            ear = Ear()
        tasks.cancel_scope.cancel()


async def _turn() -> None:
    from anyio.lowlevel import checkpoint

    await checkpoint()


async def test_who_answers_may_hang_up_and_who_called_is_told() -> None:
    async def answer(call: Call) -> None:
        call.hang_up()
        await hold_on(call)

    async with served(answer) as bob, SipLine(port=0) as alice:
        async with alice.call(f"sip:bob@127.0.0.1:{bob.port}") as call:
            await hold_on(call)
        assert call.ended == "caller"


async def test_who_is_not_answered_is_told_why() -> None:
    busy = Switchboard(hold_on, limit=1)
    async with served(busy) as bob, SipLine(port=0) as alice:
        to = f"sip:bob@127.0.0.1:{bob.port}"
        async with alice.call(to):
            while not busy.calls:
                await _turn()
            with pytest.raises(LineBusy, match="status 486, Busy Here"):
                async with alice.call(to):
                    pass
    async with SipLine(port=0) as nobody, SipLine(port=0) as alice:
        with pytest.raises(NotAnswered) as error:
            async with alice.call(f"sip:bob@127.0.0.1:{nobody.port}"):
                pass
        assert error.value.status == 480


async def test_no_connection_is_no_call() -> None:
    async with SipLine(port=0) as gone:
        port = gone.port
    async with SipLine(port=0) as alice:
        with fail_after(LIMIT), pytest.raises(CallFailed) as error:
            async with alice.call(f"sip:bob@127.0.0.1:{port};transport=tcp"):
                pass
    assert error.value.status == 503


async def test_a_caller_who_loses_patience_is_not_answered() -> None:
    async with served(hold_on) as bob, SipLine(port=0) as alice:
        with CancelScope() as scope:
            scope.cancel()
            async with alice.call(f"sip:bob@127.0.0.1:{bob.port}"):
                await sleep_forever()
        assert scope.cancelled_caught


async def test_a_password_is_asked_for_and_the_right_one_is_enough() -> None:
    users = {"alice": "open sesame"}
    guarded = SipLine(port=0, users=users)
    async with served(hold_on, guarded) as bob:
        for password, right in (("open barley", False), ("open sesame", True)):
            trunk = Trunk(
                "127.0.0.1",
                bob.port,
                username="alice",
                password=password,
                register=False,
            )
            assert password not in repr(trunk)
            async with SipLine(port=0, trunk=trunk) as alice:
                if right:
                    async with alice.call("+15550100") as call:
                        assert call.called == "+15550100"
                else:
                    with pytest.raises(CallFailed, match="status 401"):
                        async with alice.call("+15550100"):
                            pass


async def test_calls_end_with_the_line_that_carries_them() -> None:
    ended = Event()

    async def answer(call: Call) -> None:
        try:
            await hold_on(call)
        finally:
            ended.set()

    async with served(answer) as bob:
        async with SipLine(port=0) as alice:
            manager = alice.call(f"sip:bob@127.0.0.1:{bob.port}")
            await manager.__aenter__()
        await ended.wait()
        await manager.__aexit__(None, None, None)


async def test_what_is_no_sip_is_told_once_and_harms_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    import socket

    async with served(hold_on) as bob, SipLine(port=0) as alice:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for _ in range(50):
                stranger.sendto(b"GET / HTTP/1.1\r\n\r\n", ("127.0.0.1", bob.port))
        async with alice.call(f"sip:bob@127.0.0.1:{bob.port}") as call:
            assert call.called == "bob"
    lines = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len([line for line in lines if "expected a SIP message" in line]) == 1


@pytest.mark.parametrize(
    ("wrong", "cure"),
    [
        (lambda: SipLine("0.0.0.0", allow=["192.0.2.1"]), "advertise="),
        (lambda: SipLine("sip.example.com"), "such as 127.0.0.1"),
        (lambda: SipLine("192.0.2.1"), "allow="),
        (lambda: Trunk("sip.example.com", password="x"), "username="),
        (lambda: Trunk("sip.example.com", expires=5), "expires="),
    ],
)
def test_a_line_that_cannot_be_is_refused_with_the_cure(
    wrong: Callable[[], object], cure: str
) -> None:
    with pytest.raises(ConfigurationError, match=cure):
        wrong()


async def test_a_number_needs_a_trunk_and_an_address_must_be_one() -> None:
    async with SipLine(port=0) as line:
        for to, cure in (("+15550100", "trunk="), ("sip:", "sip:bob@192")):
            with pytest.raises(ConfigurationError, match=cure):
                async with line.call(to):
                    pass


async def test_a_port_that_is_taken_is_told() -> None:
    async with SipLine(port=0) as line:
        with pytest.raises(TransportError, match="port 0 takes any that is free"):
            async with SipLine(port=line.port):
                pass
