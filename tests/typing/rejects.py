"""Wirings that type checkers must refuse. Never run: the checkers are the test.

An ignore that is not needed is an error in both checkers, so each one here asserts
that the line above it is refused.
"""

from __future__ import annotations

from voxpipe.pipeline import Input, Pipeline, Processor, ReplyEnd, Text, ToolResult
from voxpipe.processors.realtime import Realtime

from .accepts import Echo, Model, Phone, Speller, Volume


def draw(route: object) -> None:
    """Use a route, so that only the wiring is wrong about it."""


class Board(Processor):
    shows = Input[Text]()
    results = Input[ToolResult]()


def audio_is_not_text(phone: Phone, board: Board) -> None:
    draw(phone.heard >> board.shows)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]


def somebody_must_take_the_ends(model: Model) -> None:
    draw(model.says >> model.hears)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]


def tool_calls_are_not_results(model: Model, board: Board) -> None:
    draw(model.calls >> board.results)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]


def a_transform_takes_only_what_it_declares(model: Model) -> None:
    draw(model.says >> Speller())  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]


def a_stage_takes_only_what_it_declares(model: Model) -> None:
    draw(model.says >> Echo())  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]


def a_processor_with_many_ports_is_no_place_to_go(phone: Phone, model: Model) -> None:
    draw(phone.heard >> model)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]


def an_input_is_the_end(phone: Phone, model: Model) -> None:
    draw(phone.heard >> model.hears >> Volume())  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]


def an_open_route_is_no_route(phone: Phone) -> None:
    Pipeline(phone.heard >> Volume())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def only_declared_frames_are_sent(phone: Phone) -> None:
    await phone.heard.send(ReplyEnd(turn=None))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def a_session_has_no_such_field_to_change(model: Realtime) -> None:
    model.update(temperature=0.5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def the_model_of_a_session_never_changes(model: Realtime) -> None:
    model.update(model="gpt-realtime-2.1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def what_has_no_off_is_not_switched_off(model: Realtime) -> None:
    model.update(voice=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def a_modality_is_one_of_two(model: Realtime) -> None:
    model.update(output="both")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
