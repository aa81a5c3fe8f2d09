from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from voxpipe.pipeline import WiringError
from voxpipe.processors.vad import Energy


def noise(dbfs: float, seconds: float, seed: int = 0) -> NDArray[np.int16]:
    values = np.random.default_rng(seed).standard_normal(round(8_000 * seconds))
    return (values * 32768 * 10 ** (dbfs / 20)).clip(-32768, 32767).astype(np.int16)


def probabilities(
    samples: NDArray[np.int16], engine: Energy | None = None
) -> list[float]:
    listener = (engine or Energy()).listen(8_000)
    count = len(samples) // listener.window
    return [listener.probability(each) for each in np.split(samples, count)]


@pytest.mark.parametrize("level", [-90, -60, -40, -20, -10])
def test_steady_noise_is_not_speech_however_loud(level: float) -> None:
    # -10 dBFS begins louder than a stream of noise may: it is believed after a while.
    assert max(probabilities(noise(level, 20))[500:]) < 0.3


def test_digital_silence_is_not_speech() -> None:
    assert max(probabilities(np.zeros(8_000, np.int16))) < 0.1


@pytest.mark.parametrize("floor", [-200, -60, -40])
def test_what_stands_out_of_the_noise_is_speech(floor: float) -> None:
    made = probabilities(np.concatenate([noise(floor, 1), noise(-20, 0.4)]))
    assert max(made[:50]) < 0.5
    assert min(made[50:]) > 0.5


def test_it_follows_noise_that_has_become_louder() -> None:
    made = probabilities(np.concatenate([noise(-60, 1), noise(-45, 10)]))
    assert made[55] > 0.5
    assert max(made[-50:]) < 0.3


def test_it_hears_soft_speech_soon_after_loud() -> None:
    quiet = noise(-60, 0.2)
    made = probabilities(np.concatenate([noise(-10, 2), quiet, noise(-38, 0.4)]))
    assert min(made[-20:]) > 0.5


def test_the_margin_is_how_far_speech_must_stand_out() -> None:
    signal = np.concatenate([noise(-50, 1), noise(-41, 0.2)])  # 9 dB above
    assert probabilities(signal, Energy(margin=6))[-5] > 0.5
    assert probabilities(signal, Energy(margin=12))[-5] < 0.5


def test_two_streams_of_one_engine_do_not_know_of_each_other() -> None:
    engine = Energy()
    loud, soft = engine.listen(8_000), engine.listen(8_000)
    for _ in range(100):
        loud.probability(noise(-20, 0.02))
    alone = Energy().listen(8_000)
    speech = noise(-25, 0.02)
    assert soft.probability(speech) == alone.probability(speech)


@pytest.mark.parametrize("margin", [math.nan, 0, -3, 61])
def test_a_margin_that_is_none_is_refused(margin: float) -> None:
    with pytest.raises(WiringError, match="margin is 1 to 60 dB, not"):
        Energy(margin)
