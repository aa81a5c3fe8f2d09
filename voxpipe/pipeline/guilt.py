"""What a synchronous box has raised, under its name and in words that say the cure.

Here, because all of it runs within the call of somebody else, who is innocent: what
would get lost on the way out, or end more than the box, is turned into what does not.
"""

from __future__ import annotations

from inspect import signature
from types import CodeType

from .errors import blame
from .filters import AnyBox
from .runtime.exits import failure_of


def own(error: BaseException, box: AnyBox, name: str) -> None:
    """Note on ``error`` that it is this box's, for it to be raised on.

    Raises:
        Exception: in the place of an error that would not come out as it is.
    """
    if isinstance(error, StopIteration):
        # A coroutine, such as the one that sends, would turn it into its own.
        instead: Exception = RuntimeError(
            f"{type(box).__name__} raised StopIteration: `return` ends a generator, "
            "and `next(it, None)` raises none"
        )
    elif isinstance(error, Exception | KeyboardInterrupt):
        if blame(error, name) and type(error) is TypeError:
            _explain(error, box)
        return
    else:
        instead = failure_of(error)
    blame(instead, name)
    raise instead from error


def _explain(error: TypeError, box: AnyBox) -> None:
    """Say what is wrong with a box that gives no frames to go on with."""
    method = _called(error)
    if method is None:
        return
    name = f"{type(box).__name__}.{method}"
    taken = ("frame",) if method == "feed" else ()
    try:
        signature(getattr(box, method)).bind(*taken)
    except TypeError:
        wanted = ", ".join(("self", *taken))
        error.args = (
            f"{name} cannot be called ({error}): write `def {method}({wanted})`",
        )
    else:
        given = "frame" if taken else "held"
        error.args = (
            f"{name} gave no frames to go on with ({error}): `yield` each frame, or "
            f"return a tuple of them, as in `return ({given},)`; `return ()` for none",
        )


def _called(error: BaseException) -> str | None:
    """The method that was called, or over whose frames one went, when it was raised."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    code: CodeType | None = None if at is None else at.tb_frame.f_code
    if code is None or not code.co_filename.endswith("fused.py"):
        return None
    places = {"push": "feed", "_emit": "feed", "_give_tails": "flush"}
    return places.get(code.co_name)
