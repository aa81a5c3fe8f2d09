"""Routes: what ``>>`` draws. They are values: nothing happens until a pipeline runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast, overload

from .errors import WiringError
from .filters import Filter, SyncBox, Transform
from .ports import Input, Port

if TYPE_CHECKING:
    from .output import Output

T = TypeVar("T")
U = TypeVar("U")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


class Stage(Protocol[T_contra, T_co]):
    """A processor that may stand in the middle of a route: one way in, one way out."""

    @property
    def input(self) -> Input[T_contra]:
        """Where the route enters."""
        ...

    @property
    def output(self) -> Output[T_co]:
        """Where it goes on."""
        ...


class Drawable(Generic[T_co]):
    """Whatever a route can be drawn on from."""

    __slots__ = ()

    def drawn(self) -> OpenRoute[T_co]:
        """The route as drawn so far."""
        raise NotImplementedError

    @overload
    def __rshift__(self, other: Filter[Any]) -> OpenRoute[T_co]: ...
    @overload
    def __rshift__(self: Drawable[T], other: Transform[T, U]) -> OpenRoute[U]: ...
    @overload
    def __rshift__(self: Drawable[T], other: Input[T]) -> Route: ...
    @overload
    def __rshift__(self: Drawable[T], other: Stage[T, U]) -> OpenRoute[U]: ...
    def __rshift__(self, other: Any) -> Any:
        route = self.drawn()
        if isinstance(other, Input):
            return Route(route.source, route.steps, cast("Any", other))
        if isinstance(other, SyncBox) or _is_stage(other):
            return OpenRoute(route.source, (*route.steps, cast("Any", other)))
        raise WiringError(_no_way_on(other))


@dataclass(frozen=True, slots=True)
class OpenRoute(Drawable[T_co]):
    """A route that does not yet lead anywhere."""

    source: Output[T_co]
    steps: tuple[Any, ...] = ()

    def drawn(self) -> OpenRoute[T_co]:
        """Itself."""
        return self

    def __str__(self) -> str:
        return _way(self.source, *self.steps)


@dataclass(frozen=True, slots=True)
class Route:
    """A route from an output, through any number of boxes, into an input."""

    source: Output[Any]
    steps: tuple[Any, ...]
    sink: Input[Any]

    def __str__(self) -> str:
        return _way(self.source, *self.steps, self.sink)


def _way(*places: Any) -> str:
    return " >> ".join(
        str(place) if isinstance(place, Port) else type(place).__name__
        for place in places
    )


def _is_stage(box: object) -> bool:
    return isinstance(getattr(box, "input", None), Input) and isinstance(
        getattr(box, "output", None), Drawable
    )


def _no_way_on(other: object) -> str:
    if isinstance(other, type):
        name = other.__name__
        return f"a route goes through boxes that were made: draw {name}(), not {name}"
    return (
        "a route goes on to a filter, a transform or an input, not to "
        f"{type(other).__name__}; of a processor with several ports name one, "
        "as in `>> model.hears`"
    )
