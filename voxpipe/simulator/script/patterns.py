"""Patterns of a script, searched for in time that grows with the text and no faster.

Python's own engine can take hours for ``(a+)+$``, and nobody else is served meanwhile.
This is Rust's, which Pydantic brings along: it has no look-around and no references to
groups, which is why it is never slow.
"""

from __future__ import annotations

from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema

_MAX_SEARCHED = 200_000  # characters of each text: clients may send a megabyte


@lru_cache(maxsize=1024)
def _engine(pattern: str) -> SchemaValidator:
    schema = core_schema.str_schema(pattern=f"(?i){pattern}", regex_engine="rust-regex")
    return SchemaValidator(schema)


def mistake_in(pattern: str) -> str:
    """Why ``pattern`` is none; empty if it is one."""
    try:
        _engine(pattern)
    except SchemaError as error:
        return str(error).strip().splitlines()[-1].removeprefix("error: ").strip()
    return ""


def found(pattern: str | None, text: str) -> bool:
    """Whether ``pattern`` is anywhere in the beginning of ``text``, in any case."""
    if pattern is None:
        return True
    text = text[:_MAX_SEARCHED]
    # Halves of characters, which JSON can carry, are no text for this engine.
    text = text.encode("utf-8", "replace").decode()
    return _engine(pattern).isinstance_python(text)
