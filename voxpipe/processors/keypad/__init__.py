"""The keys of a telephone, for a model."""

from .keys import Keys

__all__ = ["Keys"]
