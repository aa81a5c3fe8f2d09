"""What a check says when it finds a promise broken."""

from __future__ import annotations


class BrokenPromise(AssertionError):
    """A transport does not do what it owes.

    Args:
        came: what happened instead.
        mend: what to do about it.

    Attributes:
        check: the name of the check that has found it.
        promise: what is owed, in a sentence.
    """

    def __init__(self, came: str, mend: str) -> None:
        super().__init__(came, mend)
        self.came, self.mend = came, mend
        self.check = self.promise = ""

    def __str__(self) -> str:
        return (
            f"{self.check}: {self.promise}\n"
            f"  what came: {self.came}\n"
            f"  to mend it: {self.mend}"
        )
