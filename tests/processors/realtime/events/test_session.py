"""What the service says of an error goes into texts only if it is a word of its own."""

from __future__ import annotations

import pytest

from voxpipe.processors.realtime.events import ErrorDetail
from voxpipe.processors.realtime.events.responses import StatusDetails

SAID = "my number is 4711"


@pytest.mark.parametrize(
    "field", ["session.tools[0].name", "input-audio", "a" * 128, "response_id"]
)
def test_a_code_and_a_path_are_told(field: str) -> None:
    error = ErrorDetail(code="invalid_value", type="invalid_request", param=field)
    assert (error.name, error.field) == ("invalid_value", field)


@pytest.mark.parametrize("text", [SAID, "a" * 129, "", "4711\n", "ключ"])
def test_what_may_be_words_of_people_is_not(text: str) -> None:
    error = ErrorDetail(code=text, type="server_error", param=text)
    assert (error.name, error.field) == ("server_error", None)
    assert ErrorDetail(code=text, type=text).name == "error"
    assert StatusDetails(reason=text).why == ""
    assert StatusDetails(error=ErrorDetail(code=text)).why == "error"
