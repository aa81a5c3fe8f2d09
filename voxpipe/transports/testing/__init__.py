"""Whether a transport keeps its promises: for yours as for voxpipe's own.

``make`` opens a line, and gives a transport and its far side::

    @pytest.mark.parametrize("check", transport_checks(), ids=str)
    def test_my_phone_keeps(check: Check) -> None:
        run_virtual(check, make)

or all of them in one line: ``run_virtual(check_transport, make)``.
"""

from .check import Check, Verdict
from .far_side import (
    Cleared,
    Confirms,
    FarSide,
    Garbles,
    HalfCloses,
    Heard,
    Make,
    Mark,
    Presses,
    Transport,
)
from .promise import BrokenPromise
from .suite import check_transport, transport_checks

__all__ = [
    "BrokenPromise",
    "Check",
    "Cleared",
    "Confirms",
    "FarSide",
    "Garbles",
    "HalfCloses",
    "Heard",
    "Make",
    "Mark",
    "Presses",
    "Transport",
    "Verdict",
    "check_transport",
    "transport_checks",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
