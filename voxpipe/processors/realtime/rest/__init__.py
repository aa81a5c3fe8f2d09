"""The service's REST side: secrets for browsers, and calls that others carry.

Needs ``voxpipe[rest]``.
"""

from .client import Rest, open_rest
from .errors import RestError
from .results import Answer, ClientSecret

__all__ = ["Answer", "ClientSecret", "Rest", "RestError", "open_rest"]
