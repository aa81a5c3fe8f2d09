"""Transports that break a promise each: what the checks are there to find."""

from ..honest import Honest
from . import bounds, ends, interruption, others, positions, speech

# Which checks find it: first the one whose promise it breaks, then those that cannot
# but notice.
FLAWS: dict[type[Honest], str] = {
    **speech.FLAWS,
    **positions.FLAWS,
    **interruption.FLAWS,
    **bounds.FLAWS,
    **ends.FLAWS,
    **others.FLAWS,
}
