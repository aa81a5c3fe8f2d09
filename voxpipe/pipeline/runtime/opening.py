"""What is opened for a block, and says so to whoever opens it otherwise."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Generic, NoReturn, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class Opening(AbstractAsyncContextManager[T], Generic[T]):
    """Opens something with ``async with``, and closes it at the end of the block."""

    def __init__(self, manager: AbstractAsyncContextManager[T], name: str) -> None:
        self._manager = manager
        self._name = name

    async def __aenter__(self) -> T:
        return await self._manager.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._manager.__aexit__(kind, error, traceback)

    if not TYPE_CHECKING:  # a checker refuses these by itself

        def __await__(self) -> NoReturn:
            raise self._misused("not awaited")

        def __enter__(self) -> NoReturn:
            raise self._misused("not opened with a plain `with`")

        def __exit__(self, *_: object) -> None: ...

        def __getattr__(self, name: str) -> NoReturn:  # of what it would have opened
            raise AttributeError(f"{name}: {self._misused('not opened yet')}")

    def _misused(self, how: str) -> TypeError:
        return TypeError(
            f"{self._name}() is {how}: write `async with {self._name}(…) as …:`; what "
            "it opens is closed at the end of the block"
        )


def opened_by_block(
    function: Callable[P, AsyncGenerator[T]],
) -> Callable[P, Opening[T]]:
    """As `contextlib.asynccontextmanager`, with words for who forgets the block."""
    managed = asynccontextmanager(function)

    @wraps(function)
    def opening(*args: P.args, **kwargs: P.kwargs) -> Opening[T]:
        return Opening(managed(*args, **kwargs), function.__name__)

    return opening
