"""Formats that do not fit are refused by naming both places, and the boxes between."""

from __future__ import annotations

import pytest

from voxpipe.pipeline import AudioFormat, AudioRule, FormatError
from voxpipe.pipeline.fit import check_entry, leaves_as

from .boxes import PCM_8K, PCM_24K, ULAW, Decode, Resample


def test_what_fits_may_enter() -> None:
    check_entry(ULAW, "phone.heard", None, "model.hears")
    check_entry(ULAW, "phone.heard", AudioFormat("ulaw", 8_000), "model.hears")
    check_entry(ULAW, "phone.heard", AudioRule(rates=(8_000,)), "model.hears")


def test_what_does_not_fit_is_told_with_the_cure() -> None:
    with pytest.raises(FormatError) as caught:
        check_entry(ULAW, "phone.heard", AudioRule(encodings=("pcm16",)), "meter.input")
    assert str(caught.value) == (
        "phone.heard is ulaw 8000 Hz, meter.input takes pcm16: put Decode() between "
        "phone.heard and meter.input"
    )


def test_a_box_tells_what_leaves_it() -> None:
    assert leaves_as(Decode(), "decode", ULAW, "phone.heard") == PCM_8K
    assert leaves_as(Resample(24_000), "resample", PCM_8K, "decode") == PCM_24K


def test_a_box_that_refuses_is_named_with_what_came_before_it() -> None:
    with pytest.raises(FormatError) as caught:
        leaves_as(Resample(24_000), "resample", ULAW, "phone.heard")
    assert str(caught.value) == (
        "phone.heard is ulaw 8000 Hz, resample: resampling takes pcm16: put Decode() "
        "in front"
    )
    assert caught.value.__suppress_context__
