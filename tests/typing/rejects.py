"""Wirings that type checkers must refuse. Never run: the checkers are the test.

An ignore that is not needed is an error in both checkers, so each one here asserts
that the line above it is refused.
"""

from __future__ import annotations

from voxpipe.pipeline import Input, Pipeline, Processor, ReplyEnd, Text, ToolResult

from .accepts import Echo, Model, Phone, Speller, Volume


class Board(Processor):
    shows = Input[Text]()
    results = Input[ToolResult]()


def audio_is_not_text(phone: Phone, board: Board) -> None:
    phone.heard >> board.shows  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]


def somebody_must_take_the_ends(model: Model) -> None:
    model.says >> model.hears  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]


def tool_calls_are_not_results(model: Model, board: Board) -> None:
    model.calls >> board.results  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]


def a_transform_takes_only_what_it_declares(model: Model) -> None:
    model.says >> Speller()  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]


def a_stage_takes_only_what_it_declares(model: Model) -> None:
    model.says >> Echo()  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]


def a_processor_with_many_ports_is_no_place_to_go(phone: Phone, model: Model) -> None:
    phone.heard >> model  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]


def an_input_is_the_end(phone: Phone, model: Model) -> None:
    phone.heard >> model.hears >> Volume()  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]


def an_open_route_is_no_route(phone: Phone) -> None:
    Pipeline(phone.heard >> Volume())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def only_declared_frames_are_sent(phone: Phone) -> None:
    await phone.heard.send(ReplyEnd(turn=None))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
