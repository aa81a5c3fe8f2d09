"""What a proxy can do to a connection: the faults of Toxiproxy, by its names.

https://github.com/Shopify/toxiproxy#toxics; times here are seconds, not milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class _Toxic:
    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not 0 <= value < 1e9:
                raise ValueError(
                    f"{each.name} of {type(self).__name__} is 0 or more, not {value!r}"
                )


@dataclass(frozen=True, slots=True)
class Latency(_Toxic):
    """All data comes later; none overtakes.

    Attributes:
        seconds: later.
        jitter: seconds more or less, at most; evenly spread.
    """

    seconds: float
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Bandwidth(_Toxic):
    """Data goes through at a rate.

    Attributes:
        rate: bytes a second, at least 1.
    """

    rate: float

    def __post_init__(self) -> None:
        if not 1 <= self.rate < 1e12:
            raise ValueError(f"rate is 1 byte a second or more, not {self.rate!r}")


@dataclass(frozen=True, slots=True)
class SlowClose(_Toxic):
    """The end of the data is told late.

    Attributes:
        seconds: late.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Timeout(_Toxic):
    """Data is dropped; then the connection ends.

    Attributes:
        seconds: until then; 0 for never: the other side is half open.
    """

    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ResetPeer(_Toxic):
    """The connection is reset (RST), to both sides.

    Attributes:
        seconds: until then.
    """

    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Slicer(_Toxic):
    """Data goes through in small pieces.

    Attributes:
        size: bytes of each, on average; at least 1.
        variation: bytes more or less, at most; less than the size.
        delay: seconds between two.
    """

    size: int
    variation: int = 0
    delay: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.variation < self.size and 0 <= self.delay < 1e9):
            raise ValueError(
                "expected a size of 1 or more, a variation below it, and no negative "
                f"delay, got {self.size!r}, {self.variation!r}, {self.delay!r}"
            )


@dataclass(frozen=True, slots=True)
class LimitData(_Toxic):
    """The connection ends after so much data, of each from its beginning.

    Attributes:
        bytes: that go through.
    """

    bytes: int


Toxic = Latency | Bandwidth | SlowClose | Timeout | ResetPeer | Slicer | LimitData


@dataclass(frozen=True, slots=True)
class Refusal:
    """What new connections are told by HTTP, in the service's place.

    Attributes:
        status: such as 429 or 503.
        retry_after: seconds, as the header says; none for no such header.
    """

    status: int
    retry_after: int | None = None

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 599:
            raise ValueError(f"a refusal is a status of 400 to 599, not {self.status}")
