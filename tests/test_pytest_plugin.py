"""The fixtures that users get, in tests as users write them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from importlib.metadata import entry_points

import pytest
from anyio.from_thread import start_blocking_portal

from voxpipe.simulator import Line, Script, Simulator, Timing, ToneVoice

pytest_plugins = ["pytester"]

_BACKENDS = """
import pytest

@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param
"""
_ASK = """
import pytest
from voxpipe.processors.realtime import Service, open_session

pytestmark = pytest.mark.anyio

async def ask(instructions="Be kind.", **options):
    async with open_session(
        instructions=instructions, output="text", **options
    ) as session:
        await session.connection.send(
            '{"type": "response.create", "response": {"output_modalities": ["text"]}}'
        )
        while True:
            message = await session.connection.receive()
            if '"response.output_text.done"' in message:
                return message
"""
_SIMULATOR = (
    _ASK
    + """
from voxpipe.simulator import Line, Script, Timing

async def test_a_script_in_python(realtime_simulator):
    fast = Timing(first_text_ms=0, text_token_ms=0)
    script = Script(replies=[Line(say="Good evening.")], timing=fast)
    assert "Good evening." in await ask(connect=realtime_simulator(script))

async def test_a_script_beside_the_test(realtime_simulator):
    assert "Buona sera." in await ask(connect=realtime_simulator("ada.yaml"))

async def test_a_real_server(realtime_simulator):
    async with realtime_simulator.serve("ada.yaml") as server:
        service = Service(base_url=server.url, api_key="sk-test")
        assert "Buona sera." in await ask(service=service)
"""
)
_CASSETTE = (
    _ASK
    + """
@pytest.mark.parametrize("who", ["a/b"])
async def test_a_greeting(realtime_cassette, who):
    assert "Good evening." in await ask(connect=realtime_cassette)

async def test_on_any_day(realtime_cassette, anyio_backend):
    connect = realtime_cassette.ignoring("session.instructions")
    await ask("Today is " + anyio_backend, connect=connect)

class TestAgain:
    async def test_a_greeting(self, realtime_cassette):
        assert "Good evening." in await ask(connect=realtime_cassette)
"""
)
_LATENCY = """
from voxpipe.bench import talkative
from voxpipe.pipeline import Pipeline
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.simulator import Timing

async def answer(call):
    async with open_session(audio=call.format, transcription=None) as session:
        model = Realtime(session)
        await Pipeline(call.heard >> model.hears, model.says >> call.speaks).run()

def test_within_a_budget(latency):
    slow = talkative(Timing(first_audio_ms=300))
    done = latency(answer, calls=1, seconds=4, script=slow)
    assert done.ms("first_delta") == 300
    assert not done.broken("turn.p95 > 900ms", "stale_frames > 0")

def test_beyond_it(latency):
    assert not latency(answer, calls=1, seconds=4).broken("turn.p95 > 900ms")
"""


@contextmanager
def served(script: Script) -> Generator[str]:
    """A simulator in a thread of its own; gives its address."""
    with start_blocking_portal() as portal:
        simulator = Simulator(script, ToneVoice())
        with portal.wrap_async_context_manager(simulator) as server:
            yield server.url


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    pytester.makeconftest(_BACKENDS)
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)


def test_pytest_finds_it_where_voxpipe_is_installed() -> None:
    (found,) = (
        each for each in entry_points(group="pytest11") if each.name == "voxpipe"
    )
    assert found.value == "voxpipe.pytest_plugin"


def test_a_simulator_follows_a_script_on_both_loops(
    pytester: pytest.Pytester,
) -> None:
    script = "{replies: [{say: Buona sera.}], timing: {first_text_ms: 0}}"
    pytester.makefile(".yaml", ada=script)
    pytester.makepyfile(_SIMULATOR)
    run(pytester).assert_outcomes(passed=6)


def test_budgets_are_asserted_in_virtual_time(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_LATENCY)

    result = run(pytester)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*turn.p95 > 900ms: it is 10*"])


def test_a_cassette_is_recorded_once_and_replayed_without_the_service(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-secret")
    test = pytester.makepyfile(test_calls=_CASSETTE)
    fast = Timing(first_text_ms=0, text_token_ms=0)
    with served(Script(replies=[Line(say="Good evening.")], timing=fast)) as url:
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        run(pytester, "--record-realtime").assert_outcomes(passed=6)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.delenv("OPENAI_API_KEY")
    run(pytester).assert_outcomes(passed=6)
    tapes = sorted((test.parent / "cassettes" / "test_calls").iterdir())
    assert [each.name for each in tapes] == [
        "TestAgain-test_a_greeting.jsonl",
        "test_a_greeting-a_b.jsonl",
        "test_on_any_day.jsonl",
    ]  # one for both loops
    assert not [each for each in tapes if "sk-secret" in each.read_text()]
    test.write_text(_CASSETTE.replace("Be kind.", "Be rude."))
    failed = run(pytester)
    failed.assert_outcomes(failed=4, passed=2)
    failed.stdout.fnmatch_lines(['*session.instructions was "Be kind.", now it is*'])


def test_a_cassette_that_is_not_there_says_how_to_make_it(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(test_calls=_CASSETTE)
    failed = run(pytester)
    failed.assert_outcomes(failed=6)
    failed.stdout.fnmatch_lines(["*there is no cassette*--record-realtime*"])
