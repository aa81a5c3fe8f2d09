"""Which kinds of frames go along a route, as far as annotations say it at run time.

A type checker refuses a route that no frame can take. Without one such a route would be
mute; so what `Output[…]`, `Input[…]` and the boxes between them were declared with is
looked at before anything starts. Where that is not known, everything is let through.
"""

from __future__ import annotations

from typing import Any, get_args, get_origin

from .annotations import members
from .filters import AnyBox, Filter, Transform, is_protocol
from .ports import Input, Port

Kinds = frozenset[type] | None
"""Of frames; ``None`` when it cannot be known."""


def kinds_of(port: Port) -> Kinds:
    """What leaves an output, or may enter an input."""
    arguments = get_args(getattr(port, "__orig_class__", None))
    if isinstance(port, Input) and port.takes:
        return frozenset(port.takes)
    return _read(arguments[0]) if arguments else None


def after(box: AnyBox, kinds: Kinds) -> Kinds:
    """What leaves a box into which ``kinds`` go."""
    if kinds is None or any(map(is_protocol, box.accepts)):
        return None
    if not any(_meet(kind, taken) for kind in kinds for taken in box.accepts):
        return kinds  # all pass by; but what it gives at the end may be anything
    made = _made(box)
    if made is None or isinstance(box, Filter):
        return None if made is None else kinds | made
    passing = {kind for kind in kinds if not issubclass(kind, box.accepts)}
    return made | passing


def may_leave(box: AnyBox, kinds: Kinds) -> Kinds:
    """All that may leave a box into which ``kinds`` may go, at whatever moment."""
    left, made = after(box, kinds), _made(box)
    return None if left is None or made is None else left | made


def can_enter(kinds: Kinds, taken: Kinds) -> bool:
    """Whether some of ``kinds`` may enter where ``taken`` are."""
    if kinds is None or taken is None:
        return True
    return any(_meet(kind, other) for kind in kinds for other in taken)


def fit(kinds: Kinds, taken: Kinds) -> bool:
    """Whether all of ``kinds`` are known to be among those that are ``taken``."""
    if not kinds or not taken:
        return False
    return all(issubclass(kind, tuple(taken)) for kind in kinds)


def in_words(kinds: Kinds) -> str:
    """Their names."""
    return " or ".join(sorted(kind.__name__ for kind in kinds or ()))


def _meet(one: type, other: type) -> bool:
    # A frame of either may be one of the other.
    return issubclass(one, other) or issubclass(other, one)


def _made(box: AnyBox) -> Kinds:
    """What the ``feed`` of a box gives."""
    base = Filter if isinstance(box, Filter) else Transform
    for cls in type(box).__mro__:
        for each in vars(cls).get("__orig_bases__", ()):
            if get_origin(each) is base:
                return _read(get_args(each)[-1])
    return None


def _read(annotation: Any) -> Kinds:
    found = members(annotation)
    return frozenset(found) if all(map(_is_known, found)) else None


def _is_known(kind: Any) -> bool:
    if not isinstance(kind, type) or get_origin(kind) is not None or kind is Any:
        return False
    # No class can be asked for a protocol's members, and an int may stand for a float.
    return not is_protocol(kind) and kind is not float
