"""Arguments that are used late are looked at when they come, not within a call."""

from __future__ import annotations

from types import UnionType

from voxpipe.pipeline.errors import WiringError


def expect(
    fits: bool, given: object, told: str, error: type[Exception] = WiringError
) -> None:
    """Refuse what was given, if it does not fit.

    Args:
        fits: whether it can be what it is taken for.
        given: what came; its type is told, and nothing of what it holds.
        told: which argument is what, such as "ask is an async function".
        error: what to raise.
    """
    if not fits:
        raise error(f"{told}, not {type(given).__name__}")


def can(given: object, *methods: str) -> bool:
    """Whether it is an object, and no class, that has these methods."""
    return not isinstance(given, type) and all(
        callable(getattr(given, method, None)) for method in methods
    )


def is_a(given: object, kind: type | UnionType) -> bool:
    """`isinstance`, for programs that no type checker has looked at."""
    return isinstance(given, kind)
