"""A network in virtual time: what it does to packets is a function of each."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import anyio
import numpy as np
import soxr
from numpy.typing import NDArray

import voxpipe.console
from voxpipe.processors.audio.g711 import compression, expansion
from voxpipe.transports import read_wav
from voxpipe.transports.rtp.session import RtpSession
from voxpipe.transports.rtp.wire import Came

Address = tuple[str, int]
Fate = Callable[[bytes], Sequence[float]]
"""After how many seconds a packet arrives: never, once or more often."""

Floats = NDArray[np.float64]


def clean(_: bytes) -> Sequence[float]:
    return (0.01,)


def rough(loss: float, jitter: float, seed: int, repeats: float = 0.0) -> Fate:
    """Decided by each packet's header alone: whatever runs first, it is the same."""

    def fate(data: bytes) -> Sequence[float]:
        random = Random(seed << 32 | crc32(data[:12]))
        if random.random() < loss:
            return ()
        times = 1 + (random.random() < repeats)
        return [0.01 + random.random() * jitter for _ in range(times)]

    return fate


class Wire:
    """One socket of it."""

    def __init__(self, network: Network, address: Address) -> None:
        self.address = address
        self.sent: list[tuple[float, bytes, Address]] = []
        self.is_closed = False
        self.refusals = 0
        self.network = network
        self._coming: list[tuple[float, int, bytes, Address]] = []
        self._news = anyio.Event()

    def send(self, data: bytes, to: Address) -> None:
        assert not self.is_closed
        self.sent.append((anyio.current_time(), data, to))
        self.network.carry(data, self.address, to)

    def receive(self) -> Came | None:
        assert not self.is_closed
        if not self._coming or self._coming[0][0] > anyio.current_time():
            return None
        at, _, data, source = heapq.heappop(self._coming)
        return Came(data, source, anyio.current_time() - at)

    async def wait(self) -> None:
        while not self._coming or self._coming[0][0] > anyio.current_time():
            self._news = anyio.Event()
            until = self._coming[0][0] if self._coming else None
            with anyio.CancelScope(deadline=until if until is not None else np.inf):
                await self._news.wait()
        for _ in range(3):  # asyncio asks sockets, calls back, and then wakes the task
            await anyio.lowlevel.checkpoint()

    def close(self) -> None:
        self.is_closed = True

    def put(self, at: float, number: int, data: bytes, source: Address) -> None:
        heapq.heappush(self._coming, (at, number, data, source))
        self._news.set()


class Network:
    """All sockets of it, by address.

    Args:
        fate: of each packet of RTP; RTCP and the rest arrives.
    """

    def __init__(self, fate: Fate = clean) -> None:
        self.fate = fate
        self.wires: dict[Address, Wire] = {}
        self._count = count()

    def wire(self, address: Address) -> Wire:
        wire = self.wires[address] = Wire(self, address)
        return wire

    def session(self, address: Address, seed: int = 1) -> RtpSession:
        host, port = address
        wires = self.wire(address), self.wire((host, port + 1))
        return RtpSession(host, port, wires=wires, random=Random(seed))

    def carry(self, data: bytes, source: Address, to: Address) -> None:
        wire = self.wires.get(to)
        if wire is None or wire.is_closed:
            return
        delays = clean(data) if to[1] % 2 else self.fate(data)
        for delay in delays:
            wire.put(anyio.current_time() + delay, next(self._count), data, source)


# --- speech, and how much of it has arrived


def speech(law: Any = "ulaw") -> bytes:
    """Fifteen seconds, in whole ticks."""
    recordings = Path(voxpipe.console.__file__).parent / "recordings"
    parts = [
        soxr.resample(
            np.frombuffer(data, np.int16).astype(np.float64), format.rate, 8_000
        )
        for format, data in map(read_wav, sorted(recordings.glob("*.wav")))
    ]
    samples = np.clip(np.concatenate(parts), -32_768, 32_767).astype(np.int16)
    codes: bytes = compression(law)[samples.view(np.uint16)].tobytes()
    return codes[: len(codes) // 160 * 160]


def samples(codes: bytes, law: Any = "ulaw") -> Floats:
    return expansion(law)[np.frombuffer(codes, np.uint8)].astype(np.float64)


def _alike(heard: Floats, said: Floats) -> tuple[float, int]:
    """The greatest correlation of ``said`` with a piece of ``heard``, and where."""
    size = 1 << (len(heard) + len(said)).bit_length()
    spectra = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size))
    products = np.fft.irfft(spectra, size)[: len(heard) - len(said) + 1]
    sums = np.concatenate([[0.0], np.cumsum(heard * heard)])
    energy = sums[len(said) :] - sums[: -len(said)]
    likeness = products / np.sqrt(np.maximum(energy * (said @ said), 1.0))
    at = int(likeness.argmax())
    return float(likeness[at]), at


def correlation(heard: bytes, said: bytes, law: Any = "ulaw") -> float:
    """Of all of it, at the one delay that fits best."""
    there, here = samples(heard, law), samples(said, law)
    return _alike(np.concatenate([there, np.zeros(len(here))]), here)[0]


def quality(heard: bytes, said: bytes) -> tuple[float, float, float]:
    """Correlation, and where anything is amiss the SNR and the spectra's distance (dB).

    By half seconds, each where it fits best: a jitter buffer may shift them.
    """
    there, here = samples(heard), samples(said)
    there = np.concatenate([there, np.zeros(8_000)])
    alike: list[float] = []
    ratios: list[float] = []
    distances: list[float] = []
    for begin in range(0, len(here) - 4_000, 4_000):
        piece = here[begin : begin + 4_000]
        if np.mean(piece * piece) < 300**2:
            continue  # nobody speaks
        likeness, at = _alike(there[begin : begin + 4_000 + 2_400], piece)
        alike.append(likeness)
        came = there[begin + at : begin + at + 4_000]
        for tick in range(0, 4_000, 160):
            good, got = piece[tick : tick + 160], came[tick : tick + 160]
            error = float(np.sum((good - got) ** 2))
            if np.mean(good * good) < 100**2 or error < 160:
                continue
            ratio = 10 * np.log10(float(good @ good) / error)
            ratios.append(float(np.clip(ratio, -10, 35)))
            gap = _spectrum(good) - _spectrum(got)
            distances.append(float(np.sqrt(np.mean(gap * gap))))
    return (
        float(np.mean(alike)),
        float(np.mean(ratios)) if ratios else 99.0,
        float(np.mean(distances)) if distances else 0.0,
    )


def _spectrum(tick: Floats) -> Floats:
    power = np.abs(np.fft.rfft(tick * np.hanning(len(tick)))) ** 2
    return 10 * np.log10(power + 1e4)
