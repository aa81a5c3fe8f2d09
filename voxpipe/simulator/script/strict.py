"""What all values of a script have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A value that cannot change, and knows no other fields than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)
