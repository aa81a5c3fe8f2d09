"""Audio in the pieces that a carrier takes: whole, in order, and without a gap."""

from __future__ import annotations

import math

import pytest
from anyio import create_task_group, current_time, sleep
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, AudioFrame, Turn
from voxpipe.pipeline.testing import run_virtual
from voxpipe.transports.telephony.carrier.shape import Shape, Shaper

FORMAT = AudioFormat("pcm16", 8_000)
SHAPE = Shape(step=320, least=3_200, most=96_000, gather=3_200)
LIMITED = Shape(step=1, least=1, most=4_000, gather=1_600, per_second=5.0, burst=5)
ULAW = AudioFormat("ulaw", 8_000)


def frames_of(sizes: list[int], format: AudioFormat = FORMAT) -> list[AudioFrame]:
    data = bytes(n * 7 % 251 for n in range(sum(sizes)))
    turn, at, frames = Turn(), 0, list[AudioFrame]()
    for size in sizes:
        start = at / format.bytes_per_second
        frames.append(
            AudioFrame(data=data[at:][:size], format=format, start=start, turn=turn)
        )
        at += size
    return frames


async def shaped(
    shape: Shape, frames: list[AudioFrame], pause: float = 0.0
) -> list[tuple[float, AudioFrame]]:
    """Pieces with their moments, of frames that come one after the other."""
    began, sent = current_time(), list[tuple[float, AudioFrame]]()
    shaper = Shaper(shape, frames[0].format if frames else FORMAT)

    async def send_rest() -> None:
        piece = shaper.rest()
        if piece is not None:
            sent.append((current_time() - began, piece))

    async with create_task_group() as tasks:
        tasks.start_soon(shaper.run, send_rest)
        for frame in frames:
            sent += [(current_time() - began, piece) for piece in shaper.add(frame)]
            await sleep(pause)
        await sleep(sum(frame.duration for frame in frames) + 100.0)
        tasks.cancel_scope.cancel()
    return sent


SIZES = st.lists(st.integers(1, 60_000).map(lambda n: 2 * n), min_size=1, max_size=20)


@given(SIZES)
def test_every_piece_has_a_size_that_is_taken_and_no_sample_is_lost(
    sizes: list[int],
) -> None:
    frames = frames_of(sizes)
    pieces = [piece for _, piece in run_virtual(shaped, SHAPE, frames)]
    for piece in pieces:
        assert piece.size % 320 == 0
        assert 3_200 <= piece.size <= 96_000
    whole = b"".join(frame.data for frame in frames)
    sent = b"".join(piece.data for piece in pieces)
    assert sent[: len(whole)] == whole
    assert not sent[len(whole) :].strip(b"\0")  # silence makes up for the rest
    assert len(sent) - len(whole) < 3_200


@given(SIZES)
def test_a_piece_ends_where_its_speech_does(sizes: list[int]) -> None:
    frames, at = frames_of(sizes), 0
    for _, piece in run_virtual(shaped, SHAPE, frames):
        if piece.turn is not None:
            at += piece.size
            assert piece.turn is frames[0].turn
            assert piece.end == pytest.approx(at / FORMAT.bytes_per_second)


def test_a_rest_is_sent_before_the_carrier_has_played_all() -> None:
    sent = run_virtual(shaped, SHAPE, frames_of([8_000, 100]))
    assert [piece.size for _, piece in sent] == [8_000, 3_200]
    assert sent[1][0] == pytest.approx(0.4)  # of 0.5 s that it has to play


def test_speech_that_is_shorter_than_a_piece_waits_no_longer_than_one() -> None:
    ((at, piece),) = run_virtual(shaped, SHAPE, frames_of([100]))
    assert at == pytest.approx(0.2)
    assert piece.size == 3_200


def test_what_is_too_little_waits_for_more_and_not_for_a_message_of_its_own() -> None:
    sent = run_virtual(shaped, SHAPE, frames_of([1_600] * 8), 0.1)
    assert [piece.size for _, piece in sent] == [3_200] * 4
    assert [at for at, _ in sent] == pytest.approx([0.1, 0.3, 0.5, 0.7])


def test_a_frame_that_is_a_piece_is_sent_as_it_is() -> None:
    (frame,) = frames_of([3_200])
    ((_, piece),) = run_virtual(shaped, SHAPE, [frame])
    assert piece is frame  # and so its base64 is neither decoded nor written again


def test_nothing_is_left_of_what_was_cleared() -> None:
    async def scene() -> AudioFrame | None:
        shaper = Shaper(SHAPE, FORMAT)
        shaper.add(frames_of([4_000])[0])
        shaper.forget()
        shaper.hurry()
        return shaper.rest()

    assert run_virtual(scene) is None


def test_what_waits_is_due_when_nothing_more_will_come() -> None:
    async def scene() -> list[AudioFrame | None]:
        shaper = Shaper(SHAPE, FORMAT)
        shaper.add(frames_of([4_000])[0])
        rests = [shaper.rest()]
        shaper.hurry()
        return [*rests, shaper.rest(), shaper.rest()]

    early, rest, none = run_virtual(scene)
    assert early is none is None
    assert rest is not None
    assert rest.size == 3_200


@given(
    st.lists(st.integers(1, 2_500), min_size=1, max_size=60),
    st.sampled_from([0.0, 0.01, 0.1, 0.21, 0.5]),
)
def test_no_more_messages_leave_than_are_taken(sizes: list[int], pause: float) -> None:
    frames = frames_of(sizes, ULAW)
    sent = run_virtual(shaped, LIMITED, frames, pause)
    times = [at for at, _ in sent]
    for n, first in enumerate(times):
        for m, last in enumerate(times[n:], 1):
            assert m <= math.floor((last - first) * 5 + 1e-6) + 5
    assert b"".join(piece.data for _, piece in sent) == b"".join(
        frame.data for frame in frames
    )
