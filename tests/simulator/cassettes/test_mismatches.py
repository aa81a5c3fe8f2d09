"""What a replay says of a client that does something else than was recorded."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import anyio
import pytest

from voxpipe.simulator import Line
from voxpipe.simulator.cassettes import CassetteMismatch
from voxpipe.simulator.cassettes.recorder import TextConnection

from .deck import (
    SCRIPT,
    TOOL,
    TWICE,
    Json,
    Plot,
    answer,
    ask,
    play,
    record,
    send,
    talk,
    until,
)


def changed(old: str, new: str) -> Plot:
    """`talk`, with something else in what it sends."""

    class Changed:
        def __init__(self, connection: TextConnection) -> None:
            self.receive = connection.receive
            self._connection = connection

        async def send(self, message: str, /) -> None:
            await self._connection.send(message.replace(old, new))

    return lambda connection: talk(Changed(connection))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "Be kind.",
            "Be rude.",
            "line 3: the client's session.update is another: session.instructions was "
            '"Be kind.", now it is "Be rude."',
        ),
        ('"name": "look"', '"name": "see"', 'session.tools[0].name was "look"'),
        (', "tools": [', ', "speed": 1, "tools": [', "session.speed is new: 1"),
        ('"instructions": "Say what you saw."', "", "response.instructions is missing"),
        ('\\"seen\\"', '\\"saw\\"', 'item.output.saw is new: "look"'),
        ("session.update", "response.create", "expected session.update, the client"),
        ('"response.create"', '"response.cancel"', "nothing like response.cancel"),
    ],
)
def test_what_the_client_does_otherwise_is_told_by_line_and_value(
    old: str, new: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "talk.jsonl"
    record(path, talk)
    with pytest.raises(CassetteMismatch) as mismatch:
        play(path, changed(old, new))
    assert words in str(mismatch.value)
    assert str(path) in str(mismatch.value)
    assert "record it again" in str(mismatch.value)


def test_a_field_that_is_to_be_ignored_may_differ_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    record(path, talk)
    rude = changed("Be kind.", "Be rude.")
    play(path, rude, ignore=["session.instructions"])
    play(path, rude, ignore=["session"])
    with pytest.raises(CassetteMismatch):
        play(path, rude, ignore=["session.instruct", "instructions"])


def test_what_the_client_never_sends_is_told_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    record(path, talk)

    async def only_begin(connection: TextConnection) -> None:
        session = {"type": "realtime", "instructions": "Be kind.", "tools": [TOOL]}
        await send(connection, "session.update", session=session)

    with pytest.raises(CassetteMismatch, match=r"never sent response\.create"):
        play(path, only_begin)


def test_sound_that_never_comes_is_told_in_seconds(tmp_path: Path) -> None:
    async def speak(connection: TextConnection, seconds: float = 1.0) -> None:
        for _ in range(round(seconds * 50)):
            sound = b64encode(bytes(960)).decode()
            await send(connection, "input_audio_buffer.append", audio=sound)
        await send(connection, "input_audio_buffer.clear")
        await until(connection, "input_audio_buffer.cleared")
        await send(connection, "input_audio_buffer.clear")

    async def silent(connection: TextConnection) -> None:
        with anyio.move_on_after(9):
            await speak(connection, 0.2)

    path = tmp_path / "talk.jsonl"
    record(path, speak)
    with pytest.raises(CassetteMismatch, match=r"after 1\.0 s of the .*, 0\.2 s came"):
        play(path, silent)


def test_a_mismatch_that_the_program_swallows_comes_out_at_the_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "talk.jsonl"
    record(path, talk)

    async def careless(connection: TextConnection) -> None:
        for _ in range(2):
            with pytest.raises(CassetteMismatch):
                await ask(connection)
        with pytest.raises(CassetteMismatch):
            await connection.receive()

    with pytest.raises(CassetteMismatch, match=r"expected session\.update"):
        play(path, careless)


def test_results_may_overtake_one_another(tmp_path: Path) -> None:
    script = SCRIPT.model_copy(update={"replies": [Line(calls=TWICE), Line(say="So.")]})

    def results(order: int) -> Plot:
        async def plot(connection: TextConnection) -> None:
            session = {"type": "realtime", "tools": [TOOL]}
            await send(connection, "session.update", session=session)
            calls = (await ask(connection))[-1]["response"]["output"]
            for call in calls[::order]:
                await answer(connection, call["call_id"], call["arguments"])
            await ask(connection)

        return plot

    path = tmp_path / "talk.jsonl"
    record(path, results(1), script)
    play(path, results(-1))


def test_ids_that_the_client_makes_up_may_be_others(tmp_path: Path) -> None:
    def plot(tag: str) -> Plot:
        async def plot(connection: TextConnection) -> list[Json]:
            part = {"type": "input_text", "text": "Hello"}
            item = {"id": f"mine_{tag}", "type": "message", "role": "user"}
            await send(
                connection,
                "conversation.item.create",
                event_id=tag,
                item={**item, "content": [part]},
            )
            await send(connection, "nonsense", event_id=f"wrong_{tag}")
            metadata = {"name": f"ask_{tag}"}
            event = {"event_id": f"ask_{tag}", "response": {"metadata": metadata}}
            await send(connection, "response.create", **event)
            return await until(connection, "response.done")

        return plot

    path = tmp_path / "talk.jsonl"
    record(path, plot("then"))
    played = play(path, plot("now"))
    added = next(each for each in played if each["type"] == "conversation.item.added")
    error = next(each for each in played if each["type"] == "error")
    assert added["item"]["id"] == "mine_now"
    assert error["error"]["event_id"] == "wrong_now"
    assert played[-1]["response"]["metadata"] == {"name": "ask_now"}


def test_what_an_interruption_brings_may_come_at_any_time_but_has_to(
    tmp_path: Path,
) -> None:
    def plot(*cuts: int) -> Plot:
        async def plot(connection: TextConnection) -> None:
            item = (await ask(connection))[-1]["response"]["output"][0]["id"]
            for ms in cuts:
                await send(
                    connection,
                    "conversation.item.truncate",
                    item_id=item,
                    content_index=0,
                    audio_end_ms=ms,
                )
            await ask(connection)

        return plot

    path = tmp_path / "talk.jsonl"
    record(path, plot(300))
    play(path, plot(500))  # how much was heard may be another
    with pytest.raises(CassetteMismatch, match=r"never sent conversation\.item\.trunc"):
        play(path, plot())
    with pytest.raises(CassetteMismatch, match=r"nothing like conversation\.item\.tr"):
        play(path, plot(300, 400))
