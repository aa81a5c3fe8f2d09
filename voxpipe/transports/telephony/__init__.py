"""Calls from telephone carriers: one `Call`, and a folder for each carrier's wire."""

from .call import Call, CallEnd
from .socket import Socket

__all__ = ["Call", "CallEnd", "Socket"]
