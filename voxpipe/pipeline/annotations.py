"""What an annotation stands for, however it is written."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin


def members(annotation: Any) -> tuple[Any, ...]:
    """What a union is made of; of anything else, itself.

    Names of a ``type`` statement, and what is `Annotated`, are looked into.

    >>> members(Annotated[int, "of something"] | str)
    (<class 'int'>, <class 'str'>)
    """
    annotation = getattr(annotation, "__value__", annotation)  # of a `type` statement
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return members(arguments[0])
    if origin in (Union, UnionType):
        return tuple(each for part in arguments for each in members(part))
    return (annotation,)
