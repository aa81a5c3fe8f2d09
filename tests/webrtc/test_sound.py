"""Sound to packets of 20 ms, and back: nothing louder, later or lost."""

from __future__ import annotations

import numpy as np
import pytest

from voxpipe.webrtc.sound import Downsampled, Upsampled


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
def test_what_went_up_comes_down_as_it_was(rate: int) -> None:
    time = np.arange(rate) / rate
    tone = (np.sin(2 * np.pi * 300 * time * (1 + time)) * 8_000).astype(np.int16)
    up, down, heard = Upsampled(rate), Downsampled(rate), bytearray()
    for at in range(0, rate, rate // 50):
        packet = up.packet(tone[at : at + rate // 50].tobytes())
        assert (packet.samples, packet.layout.name) == (960, "stereo")
        pcm, before = down.pcm(packet)
        assert before == at
        heard += pcm
    came = np.frombuffer(heard, np.int16).astype(float)
    assert len(came) >= rate - rate // 500  # but for 2 ms in the filters
    assert np.std(came) == pytest.approx(np.std(tone), rel=0.02)
    late = int(np.argmax(np.correlate(came, tone[: rate // 2].astype(float), "valid")))
    assert late <= rate // 500


@pytest.mark.parametrize("missing", [0, 1, 480, 960])
def test_what_is_missing_of_a_packet_is_silence(missing: int) -> None:
    loud = np.full(480, 8_000, np.int16).tobytes()
    up = Upsampled(24_000)
    packets = [up.packet(loud), up.packet(loud[missing:]), up.packet(b"")]
    assert [each.pts for each in packets] == [0, 960, 1_920]
    assert np.abs(packets[2].to_ndarray()[0, 200:]).max() < 100
