"""Diarization, who spoke: a script says it at the beginning of a line, as plays do.

::

    heard: |-
      A: Good evening.
      B: What will it be?
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SPEAKER = re.compile(r"^(\w{1,20}): *", re.M)


def without_speakers(text: str) -> str:
    """The words alone."""
    return " ".join(_SPEAKER.sub("", text).split("\n"))


def segments_of(text: str, seconds: float) -> Iterator[tuple[str, float, float, str]]:
    """Speaker, begin, end and words of each line, for as long as it has letters.

    Args:
        text: as the script has it; a line without a name goes on with the last one.
        seconds: how long all of it took.
    """
    speaker, at = "A", 0.0
    lines = [line for line in text.split("\n") if line.strip()]
    letters = sum(len(_SPEAKER.sub("", line)) for line in lines)
    for line in lines:
        named = _SPEAKER.match(line)
        speaker = named[1] if named else speaker
        said = _SPEAKER.sub("", line)
        end = at + seconds * len(said) / max(1, letters)
        yield speaker, round(at, 2), round(end, 2), said
        at = end
