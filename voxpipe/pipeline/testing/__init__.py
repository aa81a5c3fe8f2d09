"""What a test of a box or a pipeline needs: for users as for voxpipe's own tests.

>>> from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline
>>> from voxpipe.pipeline.testing import Probe, Source, run_virtual, run_within
>>> hello = AudioFrame(data=bytes(640), format=AudioFormat("pcm16", 16_000))
>>> source, probe = Source([hello]), Probe()
>>> run_virtual(run_within, 5, Pipeline(source.output >> probe.input))
>>> probe.frames == [hello]
True
"""

from .ends import Probe, Source
from .leaks import LeakError, no_leaks
from .runs import cancelled_at, run_within
from .virtual import run_virtual, virtual_backend

__all__ = [
    "LeakError",
    "Probe",
    "Source",
    "cancelled_at",
    "no_leaks",
    "run_virtual",
    "run_within",
    "virtual_backend",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
