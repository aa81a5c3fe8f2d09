"""Numbers on the command line: within their bounds, or a line that says so."""

from __future__ import annotations

import argparse
import math
import re


def port(text: str) -> int:
    """Where to listen; 0 for any that is free."""
    return _whole(text, 0, 65_535)


def count(text: str) -> int:
    """How many there may be of something."""
    return _whole(text, 1, 100_000)


def rate(text: str) -> int:
    """Samples per second."""
    return _whole(text, 8_000, 48_000)


def seconds(text: str) -> float:
    """How long something may take."""
    return _within(text, 0.001, 1e7)


def _whole(text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[+-]?\d{1,9}", text.strip(), re.ASCII):
        raise argparse.ArgumentTypeError(
            f"expected a whole number from {least} to {most}, got {text!r}"
        )
    return int(_within(text, least, most))


def _within(text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(
            f"expected a number from {least:g} to {most:g}, got {text!r}"
        )
    return value
