from __future__ import annotations

import base64

import pytest

from voxpipe.pipeline import AudioFormat, AudioFrame, FormatError
from voxpipe.transports.telephony.testing import Speech

from .agents import PCM, ULAW, voice

LOUD, SILENT = b"\x80", b"\xff"


def test_audio_is_cut_into_frames_of_20_ms_and_silence_fills_the_last() -> None:
    speech = Speech.of(LOUD * 200)
    assert [base64.b64decode(each) for each in speech.frames] == [
        LOUD * 160,
        LOUD * 40 + SILENT * 120,
    ]
    assert speech.seconds == pytest.approx(0.04)


def test_the_silence_around_the_words_is_no_part_of_the_utterance() -> None:
    words = LOUD * 160 + SILENT * 160 + LOUD * 160
    speech = Speech.of(SILENT * 320 + words + SILENT * 800)
    assert (speech.first_loud, speech.last_loud) == (2, 4)
    assert speech.loud[2:5] == (True, False, True)


def test_silence_has_no_loud_frame() -> None:
    assert Speech.silence(0.1).first_loud == Speech.silence(0.1).last_loud == -1


def test_a_frame_of_pcm16_sounds_the_same_as_one_of_ulaw() -> None:
    said = Speech.of(AudioFrame(data=voice(0.1), format=PCM))
    again = Speech.of(
        AudioFrame(
            data=b"".join(base64.b64decode(each) for each in said.frames), format=ULAW
        )
    )
    assert again.frames == said.frames
    assert all(said.loud)


def test_speech_that_is_cut_already_is_taken_as_it_is() -> None:
    speech = Speech.of(LOUD)
    assert Speech.of(speech) is speech


@pytest.mark.parametrize(
    "format", [AudioFormat("pcm16", 16_000), AudioFormat("alaw", 8_000)]
)
def test_audio_that_a_telephone_does_not_take_is_refused_with_the_cure(
    format: AudioFormat,
) -> None:
    with pytest.raises(FormatError, match=r"convert it first, with Resample\(8000\)"):
        Speech.of(AudioFrame(data=bytes(320), format=format))


def test_nothing_cannot_be_said() -> None:
    with pytest.raises(FormatError, match="got none"):
        Speech.of(b"")
