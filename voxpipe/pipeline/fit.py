"""Whether audio fits where it is sent, and what to put between if it does not."""

from __future__ import annotations

from .audio import AudioFormat, AudioRule, cure, rule_of
from .errors import FormatError
from .filters import AnyBox


def leaves_as(
    box: AnyBox, name: str, format: AudioFormat, came_from: str
) -> AudioFormat:
    """Ask a box what it makes of a format; a refusal names both places.

    Raises:
        FormatError: the box cannot take it.
    """
    try:
        return box.leaves_as(format)
    except FormatError as error:
        raise FormatError(f"{came_from} is {format}, {name}: {error}") from None


def check_entry(
    format: AudioFormat,
    came_from: str,
    rule: AudioFormat | AudioRule | None,
    label: str,
) -> None:
    """Whether audio may enter an input.

    Raises:
        FormatError: it may not; says which boxes to put where.
    """
    if rule is not None and not rule_of(rule).allows(format):
        raise FormatError(
            f"{came_from} is {format}, {label} takes {rule}: put {cure(format, rule)} "
            f"between {came_from} and {label}"
        )
