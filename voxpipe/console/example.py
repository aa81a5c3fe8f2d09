"""A recording to try a program with."""

from importlib.resources import files


def example_wav() -> str:
    """Path of a WAV file that comes with voxpipe: a question, 16 kHz, mono, 2 s.

    "Are you open on Sunday evening?"
    """
    return str(files("voxpipe.console") / "recordings" / "question.wav")
