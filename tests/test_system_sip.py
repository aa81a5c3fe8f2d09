"""Telephones of others call a SIP line, and are called by it: baresip and sipp."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import numpy as np
import pytest
from anyio import (
    Event,
    create_task_group,
    fail_after,
    open_process,
    run_process,
    sleep,
    wait_readable,
)
from anyio.abc import Process
from numpy.typing import NDArray

from voxpipe.pipeline import AudioFrame, Input, Pipeline, Processor
from voxpipe.transports.sip import SipLine, Trunk
from voxpipe.transports.telephony import Call
from voxpipe.transports.wav_source import WavSource

pytestmark = pytest.mark.system

SENTENCE = "When are you open on Saturday? I would like a table for two at eight."
LIMIT = 40  # seconds, should something hang
PIECE = 3_200  # samples, 0.4 s
SECOND = 50  # steps of 20 ms

Samples = NDArray[np.float64]


class Tape(Processor):
    """Keeps what it hears."""

    hears = Input[AudioFrame]()

    def __init__(self) -> None:
        self.data = bytearray()

    async def run(self) -> None:
        async for frame in self.hears:
            self.data += frame.data


class Conversation:
    """Says the sentence, and tapes what the other side says, until it hangs up."""

    def __init__(self, spoken: Path) -> None:
        self.tape = Tape()
        self.over = Event()
        self.ended = ""
        self._spoken = spoken

    async def __call__(self, call: Call) -> None:
        await Pipeline(
            # The silence is longer than the other's file: that one hangs up.
            WavSource(self._spoken, pace="at once", silence_after=20.0).heard
            >> call.speaks,
            call.heard >> self.tape.hears,
        ).run()
        self.ended = call.ended
        self.over.set()


class Baresip:
    """A softphone that says the sentence, and records what it hears."""

    def __init__(self, folder: Path, address: str, speech: Path) -> None:
        self.folder = folder
        self.address = address
        self.port = _free_port(address)
        (folder / "config").write_text(
            f"""\
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
audio_source aufile,{speech}
audio_player aubridge,nobody
audio_alert aubridge,nobody_either
sip_listen {address}:{self.port}
rtp_ports 20000-20999
snd_path {folder}
"""
        )
        for empty in ("contacts", "uuid"):
            (folder / empty).touch()

    @asynccontextmanager
    async def running(
        self, *command: str, account: str = ""
    ) -> AsyncGenerator[Process]:
        (self.folder / "accounts").write_text(
            f"<sip:alice@{self.address}:{self.port}>;regint=0;answermode=auto{account}\n"
        )
        arguments = ["baresip", "-4", "-f", str(self.folder), "-t", "30"]
        process = await open_process(
            [*arguments, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        async with process:
            try:
                yield process
            finally:
                process.terminate()

    async def heard(self) -> Samples:
        """What it has recorded; the file is whole once it has ended."""
        (path,) = self.folder.glob("dump-*-dec.wav")
        return await _samples(str(path))


@pytest.fixture
def address() -> str:
    """Ours, that is not loopback: baresip takes no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing
        return str(probe.getsockname()[0])


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speech")
    _run("flite", "-t", SENTENCE, "-o", str(folder / "wide.wav"))
    plain = folder / "speech.wav"
    _run("sox", str(folder / "wide.wav"), "-r", "8000", str(plain), "gain", "-3")
    _run("sox", str(plain), "-e", "mu-law", str(folder / "speech.ulaw.wav"))
    return plain


@pytest.fixture
def baresip(tmp_path: Path, address: str, speech: Path) -> Baresip:
    return Baresip(tmp_path, address, speech)


@pytest.fixture
def conversation(speech: Path) -> Conversation:
    return Conversation(speech.with_suffix(".ulaw.wav"))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_softphone_calls_and_both_hear_each_other(
    baresip: Baresip, conversation: Conversation, speech: Path, transport: str
) -> None:
    async with _served(
        conversation, SipLine(baresip.address, 0, allow=[baresip.address])
    ) as line:
        uri = f"sip:bot@{baresip.address}:{line.port};transport={transport}"
        async with baresip.running("-e", f"/dial {uri}"):
            await conversation.over.wait()
    assert conversation.ended == "caller"  # at the end of its file
    await _both_heard(baresip, conversation, speech)


async def test_a_softphone_is_called_and_both_hear_each_other(
    baresip: Baresip, conversation: Conversation, speech: Path
) -> None:
    async with (
        SipLine(baresip.address, 0, allow=[baresip.address]) as line,
        baresip.running() as process,
    ):
        await _until_said(process, b"baresip is ready")
        uri = f"sip:alice@{baresip.address}:{baresip.port}"
        with fail_after(LIMIT):
            async with line.call(uri) as call:
                await conversation(call)
    await _both_heard(baresip, conversation, speech)


async def test_a_softphone_is_asked_for_its_password(
    baresip: Baresip, conversation: Conversation, speech: Path
) -> None:
    guarded = SipLine(baresip.address, 0, users={"alice": "sesame"}, digests=["MD5"])
    async with _served(conversation, guarded) as line:
        dial = ("-e", f"/dial sip:bot@{baresip.address}:{line.port}")
        account = ";auth_user=alice;auth_pass=sesame"
        async with baresip.running(*dial, account=account):
            await conversation.over.wait()
    await _both_heard(baresip, conversation, speech)


async def test_over_a_bad_line_it_can_still_be_understood(
    baresip: Baresip, conversation: Conversation, speech: Path
) -> None:
    async with (
        _served(
            conversation, SipLine(baresip.address, 0, allow=[baresip.address])
        ) as line,
        _bad_line(baresip.address, line.port) as port,
        baresip.running("-e", f"/dial sip:bot@{baresip.address}:{port}"),
    ):
        await conversation.over.wait()
    said = await _samples(str(speech))
    here = await _samples(*_raw(conversation, baresip.folder))
    there = await baresip.heard()
    spoken = _pieces(_loudness(said), SECOND)
    backwards = _pieces(_loudness(said)[::-1], SECOND)
    for heard in (_loudness(here), _loudness(there)):
        likeness = [_likeness(each, heard) for each in spoken if each.any()]
        assert len(likeness) > 2
        assert np.median(likeness) > 0.9, likeness
        unlike = [_likeness(each, heard) for each in backwards if each.any()]
        assert np.median(unlike) < 0.9, unlike  # not so whatever is said
    assert _likeness(said, here) < 0.999  # it was a bad line


async def test_twenty_calls_by_sipp_at_once() -> None:
    async def answer(call: Call) -> None:
        await Pipeline(call.heard >> Tape().hears).run()

    async with _served(answer, SipLine(port=0)) as line:
        for transport in ("u1", "t1"):
            port = str(_free_port("127.0.0.1"))
            command = f"sipp -sn uac 127.0.0.1:{line.port} -i 127.0.0.1 -p {port}"
            more = f"-t {transport} -m 20 -r 20 -d 300 -nostdin -timeout 20"
            result = await run_process(f"{command} {more}", check=False)
            assert result.returncode == 0, result.stdout.decode()[-3000:]


async def test_sipp_is_called_and_hung_up_on() -> None:
    port = _free_port("127.0.0.1")
    command = ["sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", str(port), "-m", "3"]
    async with await open_process(
        [*command, "-nostdin", "-timeout", "20"], stdout=subprocess.DEVNULL
    ) as sipp:
        async with SipLine(port=0) as line:
            for _ in range(3):
                with fail_after(LIMIT):
                    async with line.call(f"sip:bob@127.0.0.1:{port}") as call:
                        assert call.format.encoding == "ulaw"
        assert await sipp.wait() == 0


REGISTRAR = """\
<?xml version="1.0" encoding="us-ascii" ?>
<scenario name="a registrar that asks for a password">
  <recv request="REGISTER" />
  <send><![CDATA[
SIP/2.0 401 Unauthorized
[last_Via:]
[last_From:]
[last_To:];tag=[pid]
[last_Call-ID:]
[last_CSeq:]
WWW-Authenticate: Digest realm="sipp", nonce="47ebe028cda119c3", qop="auth,auth-int"
Content-Length: 0

]]></send>
  <recv request="REGISTER"><action>
    <verifyauth assign_to="right" username="alice" password="sesame" />
  </action></recv>
  <nop test="right" next="welcome" />
  <send><![CDATA[
SIP/2.0 403 Forbidden
[last_Via:]
[last_From:]
[last_To:];tag=[pid]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <label id="welcome" />
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]
[last_Call-ID:]
[last_CSeq:]
[last_Contact:]
Expires: 120
Content-Length: 0

]]></send>
</scenario>
"""


async def test_sipp_checks_our_answer_to_its_challenge(
    tmp_path: Path,
) -> None:
    scenario, port = tmp_path / "registrar.xml", _free_port("127.0.0.1")
    scenario.write_text(REGISTRAR)
    command = ["sipp", "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(port)]
    trunk = Trunk("127.0.0.1", port, username="alice", password="sesame")
    async with (
        await open_process(
            [*command, "-m", "1", "-nostdin", "-timeout", "20"],
            stdout=subprocess.DEVNULL,
        ) as sipp,
        SipLine(port=0, trunk=trunk) as line,
    ):
        with fail_after(LIMIT):
            await line.registered()
            assert await sipp.wait() == 0


async def _both_heard(phone: Baresip, here: Conversation, speech: Path) -> None:
    said = await _samples(str(speech))
    for heard in (await _samples(*_raw(here, phone.folder)), await phone.heard()):
        pieces = _pieces(said, PIECE)
        likeness = [_likeness(each, heard) for each in pieces if _is_speech(each)]
        assert len(likeness) > 5
        assert np.median(likeness) >= 0.99, likeness


@asynccontextmanager
async def _served(
    answer: Callable[[Call], Awaitable[object]], line: SipLine
) -> AsyncGenerator[SipLine]:
    async with line, create_task_group() as tasks:
        tasks.start_soon(line.serve, answer)
        with fail_after(LIMIT):
            yield line
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def _bad_line(address: str, to_port: int) -> AsyncGenerator[int]:
    """Passes on a call, and of its voice what it likes, in both directions.

    Yields:
        The port to call in the place of ``to_port``.
    """
    random = Random(7)
    sip, *ends = (_udp_socket(address) for _ in range(3))
    ports = [end.getsockname()[1] for end in ends]
    peers = [("", 0), ("", 0)]
    caller = ("", 0)

    async def signalling() -> None:
        nonlocal caller
        while True:
            await wait_readable(sip)
            data, source = sip.recvfrom(65_535)
            to, side = (address, to_port), 0
            if source[1] == to_port:
                to, side = caller, 1
            else:
                caller = source
            head, mark, tail = data.partition(b"m=audio ")
            if mark:  # the voice is to go by us
                port, _, rest = tail.partition(b" ")
                assert len(port) == len(str(ports[side]))  # so Content-Length stays
                peers[side] = (address, int(port))
                data = head + mark + b"%d " % ports[1 - side] + rest
            sip.sendto(data, to)

    async def voice(side: int) -> None:
        """What comes at one end is for the peer of that, from the other end."""
        while True:
            await wait_readable(ends[side])
            data, _ = ends[side].recvfrom(65_535)
            if random.random() >= 0.05:  # 5 % are lost
                tasks.start_soon(late, side, data)

    async def late(side: int, data: bytes) -> None:
        await sleep(random.uniform(0, 0.03))  # 30 ms of jitter
        ends[1 - side].sendto(data, peers[1 - side])

    async with create_task_group() as tasks:
        tasks.start_soon(signalling)
        for side in range(2):
            tasks.start_soon(voice, side)
        yield sip.getsockname()[1]
        tasks.cancel_scope.cancel()
    for each in (sip, *ends):
        each.close()


def _udp_socket(address: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, 0))
    sock.setblocking(False)
    return sock


async def _until_said(process: Process, words: bytes) -> None:
    assert process.stdout is not None
    heard = b""
    with fail_after(LIMIT):
        while words not in heard:
            heard += await process.stdout.receive()


def _raw(conversation: Conversation, folder: Path) -> list[str]:
    path = folder / "heard.raw"
    path.write_bytes(conversation.tape.data)
    return ["-t", "raw", "-r", "8000", "-c", "1", "-e", "mu-law", "-b", "8", str(path)]


async def _samples(*source: str) -> Samples:
    command = ["sox", *source, "-t", "raw", "-e", "signed", "-b", "16", "-"]
    raw = (await run_process(command)).stdout
    return np.array(np.frombuffer(raw, "<i2"), dtype=np.float64)


def _pieces(said: Samples, size: int) -> list[Samples]:
    """What is judged by itself: a jitter buffer may grow or shrink in the middle, on a
    busy machine too, and what is behind is heard a little later.
    """
    return [said[at : at + size] for at in range(0, len(said) - size + 1, size)]


def _is_speech(samples: Samples) -> bool:
    return bool(np.sqrt((samples**2).mean()) > 300)  # -40 dB


def _loudness(samples: Samples) -> Samples:
    """In steps of 20 ms, as an ear follows it."""
    whole = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    loudness: Samples = np.log1p(np.sqrt((whole**2).mean(axis=1)))
    return loudness


def _likeness(said: Samples, heard: Samples) -> float:
    """The correlation where what was said fits best into what was heard."""
    said = said - said.mean()
    size = len(said) + len(heard)
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size))
    shift = int(np.argmax(np.fft.irfft(product, size)[: len(heard)]))
    there = heard[shift : shift + len(said)]
    return float(np.corrcoef(said[: len(there)], there)[0, 1])


def _free_port(address: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=60, stdout=subprocess.DEVNULL)
