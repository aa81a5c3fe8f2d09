"""Arguments that are one of a few words: another word does not pass for one of them."""

from __future__ import annotations

from typing import get_args

from voxpipe.pipeline.errors import WiringError


def one_of(
    words: object, given: object, name: str, error: type[Exception] = WiringError
) -> None:
    """Refuse a word that is none of them.

    Args:
        words: a `Literal` of them.
        given: what came.
        name: of the argument.
        error: what to raise.
    """
    known = get_args(words)
    if given not in known:
        listed = " or ".join(f'"{each}"' for each in known)
        raise error(f"{name} is {listed}, not {given!r}")
