"""The file of a cassette: whatever is in it, and what is never in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voxpipe.simulator.cassettes import CassetteError, load_cassette
from voxpipe.simulator.cassettes.cassette import parse_cassette
from voxpipe.simulator.cassettes.player import Player
from voxpipe.simulator.cassettes.redaction import Keep, clean

from .deck import Json, record, talk

HEAD = '{"voxpipe_cassette": 1}'
KEY = "sk-proj-abcdefgh12345678"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "this file is empty"),
        (["{"], "line 1: expected a JSON object"),
        (['{"voxpipe_cassette": 2}'], "got version 2: record it again"),
        (
            [HEAD, '{"at": -1, "from": "server", "event": {}}'],
            "expected at, in seconds",
        ),
        ([HEAD, '{"at": 1, "from": "me", "event": {}}'], "from client or server"),
        ([HEAD, '{"at": 1, "from": "server"}'], "line 2: expected event, text, audio"),
        (
            [
                HEAD,
                '{"at": 2, "from": "server", "event": {}}',
                '{"at": 1, "from": "server", "event": {}}',
            ],
            "not in order of time",
        ),
    ],
)
def test_a_file_that_is_no_cassette_is_told_by_line(
    lines: list[str], words: str
) -> None:
    with pytest.raises(CassetteError) as wrong:
        parse_cassette(lines, name="talk.jsonl")
    assert words in str(wrong.value)
    assert "talk.jsonl" in str(wrong.value)


def test_a_file_that_cannot_be_read_is_a_cassette_error(tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match="cannot read the cassette"):
        load_cassette(tmp_path / "absent.jsonl")
    with pytest.raises(CassetteError, match="cannot write the cassette"):
        record(Path("/dev/null/talk.jsonl"), talk)


@given(st.lists(st.text(max_size=80), max_size=5))
def test_no_text_is_anything_else_than_a_cassette_or_not(lines: list[str]) -> None:
    try:
        parse_cassette([HEAD, *lines])
    except CassetteError as error:
        assert str(error)  # noqa: PT017 - both outcomes are right


_URL_PARTS = st.sampled_from([*"?#@/:=&;. ", "https://", "x-y://", "/mcp/", KEY])
_TEXTS = st.just(KEY) | st.lists(_URL_PARTS, max_size=9).map("".join)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["audio", "secret", "Authorization", "x", "headers", "server_url"]
            ),
            inner,
        )
    ),
)


@example({"x": "sk-000000://A://@"}, "words")
@example({"": {"server_url": "0://sk-000000"}}, "words")
@example({"server_url": f"{KEY}://shop/mcp"}, "words")
@example({"x": f"data:image/{KEY};base64,AAAA"}, "words")
@example({"x": f"data:image/{KEY};base64,AAAA"}, "all")
@given(
    st.dictionaries(st.text(max_size=9), _JSON, max_size=5),
    st.sampled_from(get_args(Keep)),
)
def test_cleaning_leaves_no_key_and_may_be_done_twice(event: Json, keep: Keep) -> None:
    once = clean(event, keep)
    assert KEY not in json.dumps(once)
    assert clean(once, keep) == once


_SENT = st.text(max_size=60) | st.sampled_from(
    [
        '{"type": "response.create"}',
        '{"type": "session.update", "session": {}}',
        '{"type": "input_audio_buffer.append", "audio": "AAAA"}',
        '{"type": "input_audio_buffer.append", "audio": 5}',
        '{"type": "conversation.item.create", "item": {"type": []}}',
        '{"type": "conversation.item.truncate", "item_id": {}}',
        '{"type": []}',
        "{}",
        "[" * 100_000,
    ]
)


@given(st.lists(_SENT, max_size=4))
def test_whatever_a_client_sends_a_player_plays_on_or_says_no(sent: list[str]) -> None:
    cassette = parse_cassette(
        [
            HEAD,
            '{"at": 0, "from": "server", "event": {"type": "session.created"}}',
            '{"at": 1, "from": "client", "event": {"type": "response.create"}}',
            '{"at": 2, "from": "server", "event": {"type": "response.done"}}',
        ]
    )
    player = Player(cassette, now=0.0, sound="silence")
    for number, message in enumerate([*sent, '{"type": "response.create"}']):
        player.receive(message, float(number))
        player.advance(number + 0.5)
    player.advance(1e9)
    kinds = [event["type"] for event in player.outgoing()]
    last = "response.done" if player.mismatch is None else "error"
    assert kinds[-1] == last
    assert len(kinds) <= 3
