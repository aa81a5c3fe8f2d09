"""What all values of a script have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import cast

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError


class Strict(BaseModel):
    """A value that cannot change, and knows no other fields than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _has_no_other_fields(cls, given: object, info: ValidationInfo) -> object:
        # Of a file it is said with its line, by who reads the file.
        if info.context is not OF_A_FILE:
            _check(given, cls.model_fields)
        return given


OF_A_FILE = {"from": "file"}
"""The context in which a file is validated."""


def _check(given: object, known: Mapping[str, object]) -> None:
    if isinstance(given, Mapping):
        for name in cast("Mapping[str, object]", given):
            if name not in known:
                cure = no_such_field(name, known)
                raise PydanticCustomError(
                    "unknown_field", "{name}: {cure}", {"name": name, "cure": cure}
                )


def no_such_field(name: str, known: Iterable[str]) -> str:
    """What is said of a field that there is not."""
    fields = list(known)
    close = get_close_matches(str(name), fields, n=1)
    meant = f", did you mean {close[0]}?" if close else ""
    return f"there is no such field{meant}; the fields here are {', '.join(fields)}"
