"""``module:function``: the app that is to answer calls, found and looked at."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from voxpipe.pipeline import VoxpipeError
from voxpipe.transports.telephony import App

_EXPECTED = "async def answer(call: Call) -> None"


class AppError(VoxpipeError):
    """What is to answer the calls cannot; says what was expected."""


def load_app(name: str) -> App:
    """Find an app; modules in the working directory come first.

    Args:
        name: ``module:function``.

    Raises:
        AppError: it is not there, or cannot be called with a call.
        Exception: whatever the module raises when it is imported.
    """
    module_name, colon, function = name.partition(":")
    if not (module_name and colon and function):
        raise AppError(
            f"expected module:function, such as my_agent:answer, got {name!r}"
        )
    module = _import(module_name)
    app = getattr(module, function, None)
    if app is None:
        raise AppError(
            f"there is no {function} in {module_name} ({module.__file__})"
            + _others(module)
        )
    _check(name, app)
    found: App = app
    return found


def _import(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name != missing and not name.startswith(missing + "."):
            raise  # it is there; something that it imports is not
        path = name.removesuffix(".py").replace("/", ".")
        meant = f"; did you mean {path}?" if path != name else ""
        raise AppError(
            f"there is no module {name if meant else missing} in {here} or elsewhere "
            f"on the path{meant}"
        ) from None
    except (TypeError, ValueError):  # "..x", an empty name
        raise AppError(
            f"{name!r} is no name of a module: go to its folder, and write "
            "the file's name without .py, as in my_agent:answer"
        ) from None


def _check(name: str, app: object) -> None:
    if not callable(app):
        raise AppError(f"{name} is of type {type(app).__name__}; expected {_EXPECTED}")
    if not _is_async(app):
        raise AppError(f"{name} is not async; expected {_EXPECTED}")
    try:
        inspect.signature(app).bind(object())
    except TypeError as error:
        raise AppError(
            f"{name} cannot be called with a call alone ({error}); expected {_EXPECTED}"
        ) from None
    except ValueError:  # something that has no signature
        return


def _is_async(app: Callable[..., Any]) -> bool:
    while isinstance(app, partial):
        app = app.func
    # An object, such as an instance of a class of one's own, is called by its class.
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(
        getattr(type(app), "__call__", None)  # noqa: B004
    )


def _others(module: ModuleType) -> str:
    names = [
        name
        for name, each in vars(module).items()
        if inspect.iscoroutinefunction(each) and each.__module__ == module.__name__
    ]
    return f"; it has {', '.join(names[:5])}" if names else ", nor any async function"
