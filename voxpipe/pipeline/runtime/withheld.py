"""The traceback of an error for a log, without what the error says."""

from __future__ import annotations


def withheld(error: BaseException) -> BaseException:
    """An error of the same name and traceback, to be logged in place of ``error``.

    The text of an error can hold what a caller said, or an argument; its traceback
    shows places in the code, and no values.
    """
    kind = type(error)
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    bare: type[Exception] = type(kind.__name__, (Exception,), names)
    shown = bare("(what it says is withheld: it may be what somebody said)")
    return shown.with_traceback(error.__traceback__)
