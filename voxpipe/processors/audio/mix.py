"""A piece of music, or a tone, under what is said."""

from __future__ import annotations

import numpy as np

from voxpipe.pipeline import AudioFormat, AudioFrame, Filter, FormatError, WiringError
from voxpipe.pipeline.audio import cure

from .gain import Gain


class Mix(Filter[AudioFrame]):
    """Play a piece under the audio that passes, over and over; too loud sums clip.

    The piece sounds while audio passes, and goes on where it was: in front of a phone
    while the agent speaks, and not in between. An interruption silences both.

    Args:
        piece: as short as one likes; pcm16, in the rate and channels of what passes.
        decibels: by how much it is made louder, or softer; 0 leaves it as it is.

    Raises:
        FormatError: the piece is no frame, or not pcm16.
        WiringError: there is nothing in it, or no such gain.
    """

    def __init__(self, piece: AudioFrame, decibels: float = -18.0) -> None:
        _check(piece)
        if not piece.data:
            raise WiringError("there is nothing in the piece that is to be mixed in")
        (piece,) = Gain(decibels).feed(piece)
        self._piece, self._format = piece.samples, piece.format
        self._at = 0  # in samples; not reset, or each reply would begin with its start

    def leaves_as(self, format: AudioFormat) -> AudioFormat:
        """As it entered.

        Raises:
            FormatError: the piece is in another format.
        """
        if format != self._format:
            raise FormatError(
                f"the piece to be mixed in is {self._format}, what passes is {format}: "
                f"put {cure(format, self._format)} in front, or make the piece fit, "
                f"once: (piece,) = {cure(self._format, format)}.feed(piece)"
            )
        return format

    def feed(self, frame: AudioFrame) -> tuple[AudioFrame]:
        """One frame out for each in."""
        both = frame.samples.astype(np.int32)
        end = self._at + len(both)
        under = self._piece[self._at : end]
        if len(under) < len(both):  # it begins again, perhaps more than once
            under = np.take(self._piece, range(self._at, end), axis=0, mode="wrap")
        self._at = end % len(self._piece)
        both += under
        np.maximum(both, -32_768, out=both)  # np.clip costs 3 us more
        np.minimum(both, 32_767, out=both)
        return (frame.with_data(both.astype(np.int16).tobytes()),)


def _check(piece: object) -> None:
    if not isinstance(piece, AudioFrame):
        raise FormatError(
            f"the piece is an AudioFrame, not {type(piece).__name__}: of a file it is "
            "AudioFrame(data=data, format=format), with format, data = read_wav(path)"
        )
    if piece.format.encoding != "pcm16":
        raise FormatError(
            f"the piece to be mixed in is {piece.format}: make it pcm16, once: "
            "(piece,) = Decode().feed(piece)"
        )
